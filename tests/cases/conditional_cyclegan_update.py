"""Two iterations of Conditional CycleGAN (Lu et al. 2018), tiny, in plain PyTorch: writes conditional_cyclegan_update.safetensors beside itself and, with
features of a fixed network in the place of attributes and the log form of the objective, conditional_cyclegan_identity_update.safetensors.

16 x 16 x 3, batch 3, width 2, one residual block, discriminators of two halvings. x: of the picture before (the last for the first), grey (mean of the channels), the mean of 2 x 2
pixels in 256 steps, enlarged (bicubic). z in G(x, z): the conditions in the order that sorts noise. G and F move first, on 1 for the adversarial terms and 10 for both cycles, then D_Y, then
D_X; a history of four: full, each fake is left as it is or, by a toss, exchanged for a stored one; D_Y's holds pictures with their z. Identity: z = phi(y) over its root mean
square, phi by running statistics; L1 of phi(G(x, z)) to z has weight 1.
"""

import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from label_update import LabelDraws, Net, adam
from reference import Optimiser
from super_resolution import bicubic
from update_case import Case, main, pictures

N, SIDE, W, HISTORY, FEATURES = 3, 16, 2, 4, 3


def planes(h, z):
    return torch.cat([h, z[:, :, None, None].expand(-1, -1, *h.shape[2:])], 1)


def norm(h):
    return F.instance_norm(h, eps=1e-5)


def reflected(h, n):
    return F.pad(h, (n, n, n, n), mode="reflect")


class Generator(Net):
    def __init__(self, name, dtype, random, i, o, condition):
        super().__init__(name, dtype, random)
        convs = [(i, W, 7, False), (W, 2 * W, 3, False), (2 * W, 4 * W, 3, False)]
        if condition:
            convs.append((4 * W + condition, 4 * W, 3, True))
        self.condition, self.last = condition, len(convs) + 1
        for k, (a, b, size, bias) in enumerate(convs, 1):
            self.conv(f"conv{k}", a, b, size, bias)
        for k in (1, 2):
            self.conv(f"block1.main.conv{k}", 4 * W, 4 * W, 3, False)
        self.conv("deconv1", 4 * W, 2 * W, 3, False, True)
        self.conv("deconv2", 2 * W, W, 3, False, True)
        self.conv(f"conv{self.last}", W, o, 7)

    def __call__(self, x, z=None):
        w = lambda name: self.of(name)[0]
        h = F.relu(norm(F.conv2d(reflected(x, 3), w("conv1"))))
        for name in ("conv2", "conv3"):
            h = F.relu(norm(F.conv2d(h, w(name), stride=2, padding=1)))
        if self.condition:
            h = F.relu(F.conv2d(planes(h, z), *self.of("conv4"), padding=1))
        inner = F.relu(norm(F.conv2d(reflected(h, 1), w("block1.main.conv1"))))
        h = h + norm(F.conv2d(reflected(inner, 1), w("block1.main.conv2")))
        for name in ("deconv1", "deconv2"):
            h = F.relu(norm(F.conv_transpose2d(h, w(name), stride=2, padding=1, output_padding=1)))
        return torch.tanh(F.conv2d(reflected(h, 3), *self.of(f"conv{self.last}")))


class Discriminator(Net):
    def __init__(self, name, dtype, random, i, condition):
        super().__init__(name, dtype, random)
        self.condition = condition
        self.conv("conv1", i, W, 4)
        self.conv("conv2", W, 2 * W, 4, False)
        self.conv("conv3", 2 * W + condition, 4 * W, 4, condition > 0)
        self.conv("conv4", 4 * W, 1, 4)

    def __call__(self, x, z=None):
        h = F.leaky_relu(F.conv2d(x, *self.of("conv1"), stride=2, padding=1), 0.2)
        h = F.leaky_relu(norm(F.conv2d(h, self.of("conv2")[0], stride=2, padding=1)), 0.2)
        h = F.conv2d(planes(h, z) if self.condition else h, *self.of("conv3"), padding=1)
        return F.conv2d(F.leaky_relu(h if self.condition else norm(h), 0.2), *self.of("conv4"), padding=1)


class Identity(Net):
    """A DCGAN discriminator's layers up to a linear one; statistics as they began."""

    def __init__(self, dtype, random):
        super().__init__("phi", dtype, random)
        self.conv("conv1", 3, W, 4, False)
        self.conv("conv2", W, 2 * W, 4, False)
        self.norm("norm1", random, 2 * W)
        self.linear("linear1", 32 * W, FEATURES)

    def __call__(self, x):
        h = F.leaky_relu(F.conv2d(x, self.of("conv1")[0], stride=2, padding=1), 0.2)
        h = F.conv2d(h, self.of("conv2")[0], stride=2, padding=1)
        mean, var = (self.statistics[f"norm1.running_{k}"] for k in ("mean", "var"))
        h = F.leaky_relu(F.batch_norm(h, mean, var, self.parameters["norm1.weight"], self.parameters["norm1.bias"], False, 0.1, 1e-5), 0.2)
        h = F.linear(h.permute(0, 2, 3, 1).flatten(1), *self.of("linear1"))
        return h / (h.square().mean(1, keepdim=True) + 1e-8).sqrt()


def low(y):
    x = F.avg_pool2d(y.mean(1, keepdim=True), 2)
    steps = torch.floor(x * 127.5 + 127.5 + 0.501)
    return bicubic(steps / 127.5 - 1, 2).clamp(-1, 1)


class History:
    def __init__(self):
        self.kept = []

    def __call__(self, items, draws):
        given = []
        for item in items.detach():
            toss, place = draws.uniform(1).item(), int(draws.labels(1, bound=HISTORY).item())
            if len(self.kept) < HISTORY:
                self.kept.append(item)
                given.append(item)
            elif toss > 0.5:
                given.append(self.kept[place])
                self.kept[place] = item
            else:
                given.append(item)
        return torch.stack(given)


def train(dtype, identity=False):
    random = np.random.RandomState(20170518 + identity)
    draws = LabelDraws(random, dtype)
    nz = FEATURES if identity else 3
    g, f = Generator("G", dtype, random, 1, 3, nz), Generator("F", dtype, random, 3, 1, 0)
    dx, dy = Discriminator("D_X", dtype, random, 1, 0), Discriminator("D_Y", dtype, random, 3, nz)
    nets = [g, f, dx, dy]
    moved = {n.name: Optimiser(n, adam(2e-4)) for n in nets}
    common = f"reduction=2 width={W} blocks=1 d_layers=2 pool={HISTORY} rate=2e-4 constant_part=1 mismatched=0.4"
    if identity:
        phi = Identity(dtype, random)
        case = Case("conditional-cyclegan", f"condition=identity features={FEATURES} phi_width={W} identity_steps=0 objective=bce lambda_id=0.7 {common}", classes=4, integers="label")
        case.start(phi)
    else:
        case = Case("conditional-cyclegan", f"attributes=a/c,d {common}", attributes="a b c d")
    case.start(*nets)
    old_x, old_y = History(), History()
    l1 = lambda a, b: (a - b).abs().mean()
    each = lambda h: h.flatten(1).mean(1)
    # What counts as told right, and the discriminator's scale of it: least squares by halves, logs whole for D_Y and by halves for D_X.
    right = (lambda h, t: F.binary_cross_entropy_with_logits(h, torch.full_like(h, t), reduction="none")) if identity else (lambda h, t: (h - t) ** 2)
    of_y, of_x = (1, 0.5) if identity else (0.5, 0.5)
    for k in range(2):
        y = pictures(random, N, SIDE, 3).to(dtype)
        if identity:
            label = torch.tensor([1, 1, 3]) if k == 0 else torch.tensor([0, 2, 3])
            case.batch(image=y, label=label.to(dtype))
            with torch.no_grad():
                z_y = phi(y)
            unlike = (label != label.roll(1)).to(dtype)
        else:
            values = torch.tensor([[[1, 0, 0, 1], [1, 1, 0, 1], [0, 0, 1, 1]], [[0, 1, 1, 0], [1, 0, 0, 0], [0, 0, 1, 1]]][k], dtype=dtype)  # the second of the first three has its neighbour's
            case.batch(image=y, attributes=values)
            z_y = 2 * values[:, [0, 2, 3]] - 1
            unlike = (z_y != z_y.roll(1, 0)).any(1).to(dtype)
        x = low(y).roll(1, 0)
        z = z_y[draws.uniform(N, 1).flatten().argsort().argsort()]
        fake_y, fake_x = g(x, z), f(y)
        parts = {
            "adv_G": right(dy(fake_y, z), 1).mean(),
            "adv_F": right(dx(fake_x), 1).mean(),
            "cycle_x": 10 * l1(f(fake_y), x),
            "cycle_y": 10 * l1(g(fake_x, z_y), y),
        }
        if identity:
            parts["identity"] = 0.7 * l1(phi(fake_y), z)
        for name, value in parts.items():
            case.loss(f"generators/{name}", value)
        total = sum(parts.values())
        case.move("generators", [(g, moved["G"], total), (f, moved["F"], total)])
        pairs = old_y(torch.cat([fake_y.detach().permute(0, 2, 3, 1).flatten(1), z], 1), draws)
        shown = pairs[:, :-nz].reshape(N, SIDE, SIDE, 3).permute(0, 3, 1, 2)
        parts = {
            "real": of_y * right(dy(y, z_y), 1).mean(),
            "fake": of_y * 0.6 * right(dy(shown, pairs[:, -nz:]), 0).mean(),
            "wrong": of_y * 0.4 * (each(right(dy(y, z_y.roll(1, 0)), 0)) * unlike).sum() / max(unlike.sum().item(), 1),
        }
        for name, value in parts.items():
            case.loss(f"D_Y/{name}", value)
        case.move("D_Y", [(dy, moved["D_Y"], sum(parts.values()))])
        loss = of_x * (right(dx(x), 1).mean() + right(dx(old_x(fake_x, draws)), 0).mean())
        case.loss("D_X/adv", loss)
        case.move("D_X", [(dx, moved["D_X"], loss)])
        case.finish_iteration(draws, *nets, *([phi] if identity else []))
    return case


if __name__ == "__main__":
    main(__file__, train)
    main(pathlib.Path(__file__).with_name("conditional_cyclegan_identity_update.py"), lambda dtype: train(dtype, True))
