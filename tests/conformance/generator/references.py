"""The table of operations as PyTorch code: REFERENCES[op](inputs, attrs) -> outputs.

inputs are tensors in the order of the table, None (or missing at the end) where an optional one is absent; attrs are
the JSON attributes, PyTorch's defaults where they are absent. Everything is differentiable twice.
"""

import torch
from torch.nn import functional as F


def at(x, i):
    return x[i] if i < len(x) else None


def conv2d(x, a):
    image, padding, border = x[0], a.get("padding", 0), a.get("padding_mode", "zeros")
    if border != "zeros":  # as torch.nn.Conv2d does
        down, across = padding if isinstance(padding, list) else (padding, padding)
        image, padding = F.pad(image, (across, across, down, down), mode=border), 0
    return F.conv2d(
        image,
        x[1],
        at(x, 2),
        a.get("stride", 1),
        padding,
        a.get("dilation", 1),
        a.get("groups", 1),
    )


def conv_transpose2d(x, a):
    return F.conv_transpose2d(
        x[0],
        x[1],
        at(x, 2),
        a.get("stride", 1),
        a.get("padding", 0),
        a.get("output_padding", 0),
        a.get("groups", 1),
        a.get("dilation", 1),
    )


def batch_norm(x, a):
    return F.batch_norm(x[0], None, None, at(x, 1), at(x, 2), training=True, eps=a.get("eps", 1e-5))


def instance_norm(x, a):
    return F.instance_norm(x[0], weight=at(x, 1), bias=at(x, 2), eps=a.get("eps", 1e-5))


def layer_norm(x, a):
    return F.layer_norm(x[0], x[0].shape[1:], at(x, 1), at(x, 2), a.get("eps", 1e-5))


def group_norm(x, a):
    return F.group_norm(x[0], a["groups"], at(x, 1), at(x, 2), a.get("eps", 1e-5))


def pixel_norm(x, a):
    return x[0] / torch.sqrt((x[0] ** 2).mean(1, keepdim=True) + a.get("eps", 1e-8))


def dims(x, a):
    return tuple(a.get("dims", range(x[0].dim())))


def reduction(function):
    return lambda x, a: function(x[0], dims(x, a), keepdim=a.get("keepdim", False))


def upsample(mode):
    return lambda x, a: F.interpolate(
        x[0],
        size=a["size"],
        mode=mode,
        align_corners=a.get("align_corners", False),
        antialias=a.get("antialias", False),
    )


def avg_pool2d(x, a):
    return F.avg_pool2d(
        x[0],
        a["kernel"],
        a.get("stride"),
        a.get("padding", 0),
        count_include_pad=a.get("count_include_pad", True),
    )


def pad(x, a):
    mode = a.get("mode", "constant")
    return F.pad(x[0], a["amounts"], mode, a.get("value", 0.0) if mode == "constant" else None)


def grid_sample(x, a):
    """Written out, so that the second derivative does not rest on PyTorch's own grid_sample."""
    image, grid = x
    n, c, h, w = image.shape
    corners = a.get("align_corners", False)
    unnormalise = lambda v, size: (v + 1) / 2 * (size - 1) if corners else ((v + 1) * size - 1) / 2
    gx, gy = unnormalise(grid[..., 0], w), unnormalise(grid[..., 1], h)
    if a.get("padding_mode", "zeros") == "border":
        gx, gy = gx.clamp(0, w - 1), gy.clamp(0, h - 1)
    x0, y0 = gx.detach().floor(), gy.detach().floor()
    total = 0
    for dy in (0, 1):
        for dx in (0, 1):
            px, py = x0 + dx, y0 + dy
            fx, fy = gx - x0, gy - y0
            weight = (fx if dx else 1 - fx) * (fy if dy else 1 - fy)
            inside = (px >= 0) & (px < w) & (py >= 0) & (py < h)
            index = (py.clamp(0, h - 1) * w + px.clamp(0, w - 1)).long().reshape(n, 1, -1).expand(-1, c, -1)
            value = image.reshape(n, c, -1).gather(2, index).reshape(n, c, *grid.shape[1:3])
            total = total + value * (weight * inside).unsqueeze(1)
    reference = F.grid_sample(image, grid, "bilinear", a.get("padding_mode", "zeros"), corners)
    assert torch.allclose(total, reference, rtol=1e-4, atol=1e-4)
    return total


def concat(x, a):
    return torch.cat(x, a["dim"])


def slice_(x, a):
    size = x[0].shape[a["dim"]]
    start, end, _ = slice(a.get("start"), a.get("end")).indices(size)
    return x[0].narrow(a["dim"], start, end - start)


def spectral_norm(x, a):
    w, u = x
    eps = a.get("eps", 1e-12)
    matrix = w.reshape(w.shape[0], -1)
    with torch.no_grad():
        for _ in range(a.get("iterations", 1)):
            v = F.normalize(matrix.T @ u, dim=0, eps=eps)
            u = F.normalize(matrix @ v, dim=0, eps=eps)
    return w / (u @ matrix @ v)


def self_attention(x, a):
    image, wq, wk, wv, wo, gamma = x
    n, c, h, w = image.shape
    q, k, v = (F.conv2d(image, weight).flatten(2) for weight in (wq, wk, wv))
    attention = torch.softmax(q.transpose(1, 2) @ k, dim=-1)  # [n, query, key]
    context = (v @ attention.transpose(1, 2)).reshape(n, -1, h, w)
    return gamma * F.conv2d(context, wo) + image


def minibatch_stddev(x, a):
    image = x[0]
    n, c, h, w = image.shape
    size = min(a.get("group_size", 4), n)
    groups = image.reshape(
        size, n // size, c, h, w
    )  # sample n is member n // (N / size) of group n mod (N / size)
    deviation = groups - groups.mean(0, keepdim=True)
    statistic = torch.sqrt((deviation**2).mean(0) + a.get("eps", 1e-8)).mean((1, 2, 3))
    plane = statistic.repeat(size).reshape(n, 1, 1, 1).expand(n, 1, h, w)
    return torch.cat([image, plane], 1)


def gram_matrix(x, a):
    features = x[0].flatten(2)
    return features @ features.transpose(1, 2) / (features.shape[1] * features.shape[2])


def total_variation(x, a):
    i = x[0]
    return ((i[:, :, 1:] - i[:, :, :-1]).abs().sum() + (i[..., 1:] - i[..., :-1]).abs().sum()) / i.shape[0]


def loss(function):
    return lambda x, a: function(x[0], x[1], reduction=a.get("reduction", "mean"))


def kl_standard_normal(x, a):
    mu, logvar = x
    terms = -0.5 * (1 + logvar - mu**2 - logvar.exp())
    return terms.sum() if a.get("reduction", "mean") == "sum" else terms.mean()


def standardised(h, over, eps):
    """PyTorch's fused norms cannot be differentiated three times, as the second order of a penalty demands."""
    centred = h - h.mean(over, keepdim=True)
    return centred / torch.sqrt((centred**2).mean(over, keepdim=True) + eps)


def critic(h, layers, parameters):
    """Pre-activations are asserted to keep off the kinks of leaky ReLU: float32 must take the same branch."""
    parameters = iter(parameters)
    optional = lambda present: next(parameters) if present else None
    for layer in layers:
        kind = layer["type"]
        if kind == "conv":
            w = next(parameters)
            h = F.conv2d(
                h, w, optional(layer.get("bias", True)), layer.get("stride", 1), layer.get("padding", 0)
            )
        elif kind == "linear":
            w = next(parameters)
            h = F.linear(h, w, optional(layer.get("bias", True)))
        elif kind == "leaky_relu":
            assert h.detach().abs().min() > 1e-4
            h = F.leaky_relu(h, layer.get("slope", 0.01))
        elif kind == "tanh":
            h = torch.tanh(h)
        elif kind == "layer_norm":
            h = standardised(h, (1, 2, 3), layer.get("eps", 1e-5))
            if layer.get("affine", True):
                h = h * next(parameters) + next(parameters)
        elif kind == "instance_norm":
            h = standardised(h, (2, 3), layer.get("eps", 1e-5))
        elif kind == "flatten":
            h = h.flatten(1)
        else:
            raise ValueError(kind)
    assert next(parameters, None) is None
    return h


def gradient_penalty(x, a):
    x_hat = x[0].detach().requires_grad_()
    score = critic(x_hat, a["layers"], x[1:]).sum()
    (g,) = torch.autograd.grad(score, x_hat, create_graph=True)
    over = (1, 2, 3) if a.get("per", "sample") == "sample" else (1,)
    return (((g**2).sum(over).sqrt() - a.get("target", 1.0)) ** 2).mean()


def optimiser(make):
    def run(x, a):
        p = torch.nn.Parameter(x[0].clone())
        steps = make([p], a)
        for g in x[1:]:
            p.grad = g.clone()
            steps.step()
        return p.detach()

    return run


def adam(p, a):
    return torch.optim.Adam(
        p,
        a.get("lr", 1e-3),
        (a.get("beta1", 0.9), a.get("beta2", 0.999)),
        a.get("eps", 1e-8),
        a.get("weight_decay", 0.0),
    )


def rmsprop(p, a):
    return torch.optim.RMSprop(
        p,
        a.get("lr", 1e-2),
        a.get("alpha", 0.99),
        a.get("eps", 1e-8),
        a.get("weight_decay", 0.0),
        a.get("momentum", 0.0),
    )


def sgd(p, a):
    return torch.optim.SGD(
        p, a.get("lr", 1e-3), a.get("momentum", 0.0), weight_decay=a.get("weight_decay", 0.0)
    )


SINGLE_OUTPUT = {
    "conv2d": conv2d,
    "conv_transpose2d": conv_transpose2d,
    "linear": lambda x, a: F.linear(x[0], x[1], at(x, 2)),
    "matmul": lambda x, a: x[0] @ x[1],
    "batch_norm": batch_norm,
    "instance_norm": instance_norm,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "pixel_norm": pixel_norm,
    "relu": lambda x, a: F.relu(x[0]),
    "leaky_relu": lambda x, a: F.leaky_relu(x[0], a.get("slope", 0.01)),
    "elu": lambda x, a: F.elu(x[0], a.get("alpha", 1.0)),
    "selu": lambda x, a: F.selu(x[0]),
    "gelu": lambda x, a: F.gelu(x[0]),
    "silu": lambda x, a: F.silu(x[0]),
    "softplus": lambda x, a: F.softplus(x[0], a.get("beta", 1.0)),
    "sigmoid": lambda x, a: torch.sigmoid(x[0]),
    "tanh": lambda x, a: torch.tanh(x[0]),
    "abs": lambda x, a: x[0].abs(),
    "exp": lambda x, a: x[0].exp(),
    "log": lambda x, a: x[0].log(),
    "sqrt": lambda x, a: x[0].sqrt(),
    "square": lambda x, a: x[0].square(),
    "prelu": lambda x, a: F.prelu(x[0], x[1]),
    "add": lambda x, a: x[0] + x[1],
    "sub": lambda x, a: x[0] - x[1],
    "mul": lambda x, a: x[0] * x[1],
    "div": lambda x, a: x[0] / x[1],
    "maximum": lambda x, a: torch.maximum(x[0], x[1]),
    "minimum": lambda x, a: torch.minimum(x[0], x[1]),
    "pow": lambda x, a: torch.pow(x[0], x[1]),
    "sum": reduction(torch.sum),
    "mean": reduction(torch.mean),
    "max": reduction(torch.amax),
    "logsumexp": reduction(torch.logsumexp),
    "norm": lambda x, a: torch.linalg.vector_norm(x[0], 2, dims(x, a), a.get("keepdim", False)),
    "softmax": lambda x, a: torch.softmax(x[0], a["dim"]),
    "log_softmax": lambda x, a: torch.log_softmax(x[0], a["dim"]),
    "pixel_shuffle": lambda x, a: F.pixel_shuffle(x[0], a["factor"]),
    "pixel_unshuffle": lambda x, a: F.pixel_unshuffle(x[0], a["factor"]),
    "upsample_nearest": lambda x, a: F.interpolate(x[0], size=a["size"], mode="nearest"),
    "upsample_bilinear": upsample("bilinear"),
    "upsample_bicubic": upsample("bicubic"),
    "avg_pool2d": avg_pool2d,
    "max_pool2d": lambda x, a: F.max_pool2d(x[0], a["kernel"], a.get("stride"), a.get("padding", 0)),
    "adaptive_avg_pool2d": lambda x, a: F.adaptive_avg_pool2d(x[0], a["size"]),
    "pad": pad,
    "grid_sample": grid_sample,
    "affine_grid": lambda x, a: F.affine_grid(x[0], a["size"], a.get("align_corners", False)),
    "embedding": lambda x, a: x[0][x[1]],
    "concat": concat,
    "slice": slice_,
    "reshape": lambda x, a: x[0].reshape(a["shape"]),
    "permute": lambda x, a: x[0].permute(a["dims"]),
    "broadcast_to": lambda x, a: x[0].broadcast_to(a["shape"]),
    "spectral_norm": spectral_norm,
    "self_attention": self_attention,
    "minibatch_stddev": minibatch_stddev,
    "gram_matrix": gram_matrix,
    "total_variation": total_variation,
    "bce_with_logits": loss(F.binary_cross_entropy_with_logits),
    "mse": loss(F.mse_loss),
    "l1": loss(F.l1_loss),
    "huber": lambda x, a: F.huber_loss(
        x[0], x[1], reduction=a.get("reduction", "mean"), delta=a.get("delta", 1.0)
    ),
    "cross_entropy": loss(F.cross_entropy),
    "hinge_d": lambda x, a: F.relu(1 - x[0]).mean() + F.relu(1 + x[1]).mean(),
    "hinge_g": lambda x, a: -x[0].mean(),
    "kl_standard_normal": kl_standard_normal,
    "gradient_penalty": gradient_penalty,
    "adam": optimiser(adam),
    "rmsprop": optimiser(rmsprop),
    "sgd": optimiser(sgd),
}

# Every operation of today's table has one output; the format allows several.
REFERENCES = {op: (lambda x, a, f=f: [f(x, a)]) for op, f in SINGLE_OUTPUT.items()}
