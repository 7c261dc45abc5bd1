"""Two iterations of PixelCNN++ (Salimans et al. 2017): writes pixelcnn_update.safetensors.

8 x 8 x 3, 256 levels, 2 logistics, 3 filters, a block for each stream and resolution, one halving, dropout 0.5, blocks that are told one of
3 classes, batch 2. Adam with rate 1e-3, betas 0.95 and 0.9995, the rate times 0.9 each iteration. Layouts here are PyTorch's.
"""

import math

import numpy as np
import torch
from torch.nn import functional as F

from label_update import labels_of
from reference import Network, Optimiser, float32_exact
from update_case import Case, Draws, main, pictures

SIDE, CHANNELS, W, MIXTURES, CLASSES, N = 8, 3, 3, 2, 3, 2
RATE, DECAY, DROPPED = 1e-3, 0.9, 0.5
OUTPUTS = MIXTURES * (1 + 2 * CHANNELS + CHANNELS * (CHANNELS - 1) // 2)
U, UL = (2, 3), (2, 2)


class Pixels(Network):
    def __init__(self, dtype, random, draws):
        super().__init__("pixels", dtype)
        self.random, self.draws = random, draws
        self.conv_parameters("first.u", CHANNELS + 1, W, U)
        self.conv_parameters("first.above", CHANNELS + 1, W, (1, 3))
        self.conv_parameters("first.left", CHANNELS + 1, W, (2, 1))
        # (name, blocks, inputs beside u and beside ul, whether convolutions to the next resolution follow)
        for name, blocks, beside_u, beside_ul, resized in (("down1", 1, 0, W, True), ("down2", 1, 0, W, False), ("up1", 1, W, 2 * W, True), ("up2", 2, W, 2 * W, False)):
            for stream, window, beside in (("u", U, beside_u), ("ul", UL, beside_ul)):
                for k in range(1, blocks + 1):
                    block = f"{name}.{stream}{k}"
                    self.conv_parameters(f"{block}.conv1", 2 * W, W, window)
                    if beside:
                        self.conv_parameters(f"{block}.beside", 2 * beside, W, (1, 1))
                    self.conv_parameters(f"{block}.conv2", 2 * W, 2 * W, window)
                    self.parameter(f"{block}.told", random.normal(0, 0.3, (2 * W, CLASSES)))
                if resized:
                    self.conv_parameters(f"{name}.{stream}.s2", W, W, window, transposed=name == "up1")
        self.conv_parameters("out", W, OUTPUTS, (1, 1))

    def conv_parameters(self, name, inputs, outputs, window, transposed=False):
        shape = (inputs, outputs) if transposed else (outputs, inputs)
        self.parameter(f"{name}.v", self.random.normal(0, 0.05, shape + window))
        self.parameter(f"{name}.g", self.random.normal(1, 0.2, outputs))
        self.parameter(f"{name}.bias", self.random.normal(0, 0.1, outputs))

    def weight(self, name, axis=0):
        v, g = self.parameters[f"{name}.v"], self.parameters[f"{name}.g"]
        others = [a for a in range(4) if a != axis]
        shape = [1] * 4
        shape[axis] = -1
        return g.view(shape) * v / torch.sqrt((v**2).sum(others, keepdim=True))

    def conv(self, name, x, stride=1):
        """Sees its own row and the one above it, its own column and those beside it, or the one on the left."""
        w = self.weight(name)
        height, width = w.shape[2:]
        side = (width - 1) // 2 if width == 3 else 0
        left = side if width == 3 else width - 1
        return F.conv2d(F.pad(x, (left, side, height - 1, 0)), w, self.parameters[f"{name}.bias"], stride=stride)

    def deconv(self, name, x):
        """All that a place gives, without the columns beyond the picture."""
        w = self.weight(name, 1)
        y = F.conv_transpose2d(x, w, None, stride=2)
        if w.shape[3] == 3:
            y = y[:, :, :, 1:]
        return y[:, :, : 2 * x.shape[2], : 2 * x.shape[3]] + self.parameters[f"{name}.bias"].view(1, -1, 1, 1)

    @staticmethod
    def celu(x):
        return F.elu(torch.cat([x, -x], 1))

    def block(self, name, x, beside, label):
        c = self.conv(f"{name}.conv1", self.celu(x))
        if beside is not None:
            c = c + self.conv(f"{name}.beside", self.celu(beside))
        c = self.celu(c)
        c = self.conv(f"{name}.conv2", c * self.draws.bernoulli(c.shape, 1 - DROPPED, 1 / (1 - DROPPED)))
        c = c + self.parameters[f"{name}.told"].t()[label].view(len(x), -1, 1, 1)
        a, b = c.chunk(2, 1)
        return x + a * torch.sigmoid(b)

    def __call__(self, image, label):
        x = torch.cat([image, torch.ones_like(image[:, :1])], 1)
        down = lambda y: F.pad(y[:, :, :-1], (0, 0, 1, 0))
        right = lambda y: F.pad(y[:, :, :, :-1], (1, 0, 0, 0))
        u = [down(self.conv("first.u", x))]
        ul = [down(self.conv("first.above", x)) + right(self.conv("first.left", x))]

        def down_block(name):
            u.append(self.block(name + ".u1", u[-1], None, label))
            ul.append(self.block(name + ".ul1", ul[-1], u[-1], label))

        down_block("down1")
        u.append(self.conv("down1.u.s2", u[-1], 2))
        ul.append(self.conv("down1.ul.s2", ul[-1], 2))
        down_block("down2")
        a, b = u.pop(), ul.pop()
        for name, k in (("up1", 1), ("up2", 1), ("up2", 2)):
            a = self.block(f"{name}.u{k}", a, u.pop(), label)
            b = self.block(f"{name}.ul{k}", b, torch.cat([a, ul.pop()], 1), label)
            if name == "up1":
                a, b = self.deconv("up1.u.s2", a), self.deconv("up1.ul.s2", b)
        assert not u and not ul
        return self.conv("out", F.elu(b))


def log_probability(numbers, x):
    """Of pictures x [N, 3, H, W], each pixel: [N, H, W]."""
    n, _, h, w = numbers.shape
    logits, rest = numbers[:, :MIXTURES], numbers[:, MIXTURES:].reshape(n, -1, MIXTURES, h, w)
    means, scales, k = rest[:, :3], rest[:, 3:6].clamp(min=-7), torch.tanh(rest[:, 6:])
    r, g, b = (x[:, c].unsqueeze(1) for c in range(3))
    centres = torch.stack([means[:, 0], means[:, 1] + k[:, 0] * r, means[:, 2] + k[:, 1] * r + k[:, 2] * g], 1)
    value, inverse = x.unsqueeze(2), torch.exp(-scales)
    d = value - centres
    plus, minus, mid = inverse * (d + 1 / 255), inverse * (d - 1 / 255), inverse * d
    delta = torch.sigmoid(plus) - torch.sigmoid(minus)
    narrow = mid - scales - 2 * F.softplus(mid) - math.log(127.5)
    inside = torch.where(delta > 1e-5, torch.log(delta.clamp(min=1e-12)), narrow)
    each = torch.where(value < -0.999, plus - F.softplus(plus), torch.where(value > 0.999, -F.softplus(minus), inside))
    return torch.logsumexp(each.sum(1) + F.log_softmax(logits, 1), 1)


def train(dtype):
    random = np.random.RandomState(20170119)
    draws = Draws(random, dtype)
    net = Pixels(dtype, random, draws)
    settings = f"width={W} blocks=1 halvings=1 mixtures={MIXTURES} dropout={DROPPED} conditional=true rate={RATE} decay={DECAY}"
    case = Case("pixelcnn", settings, classes=CLASSES, integers="label")
    case.start(net)
    optimiser = Optimiser(net, lambda p: torch.optim.Adam(p, lr=RATE, betas=(0.95, 0.9995), eps=1e-8))
    for k in range(2):
        byte = torch.floor((pictures(random, N, SIDE, CHANNELS) + 1) * 127.5)
        image, label = float32_exact(byte / 127.5 - 1).to(dtype), labels_of(random, N, CLASSES)
        case.batch(image=image, label=label)
        x = 2 * byte.to(dtype) / 255 - 1
        bits = -log_probability(net(x, label), x).sum((1, 2)).mean() / (math.log(2) * x[0].numel())
        case.loss("pixels/bits", bits)
        for group in optimiser.rule.param_groups:
            group["lr"] = RATE * DECAY**k
        case.move("pixels", [(net, optimiser, bits)])
        case.finish_iteration(draws)
    return case


if __name__ == "__main__":
    main(__file__, train)
