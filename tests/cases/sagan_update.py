"""An iteration of SAGAN (Zhang et al. 2019): writes sagan_update.safetensors.

16 x 16 x 1, 3 classes, width 8; spectral norm in both, attention at 8 x 8 as in the authors' code (pooled keys and values), gains
and biases by class, projection, hinge. u and v advance once an update of a network that moves (v = W^T u, u = W v, each of length
1) and are constants to the gradient. Adam 0, 0.9; 4e-4 for D, 1e-4 for G.
"""

import numpy as np
import torch
from torch.nn import functional as F

from label_update import LabelDraws, Net, adam, labels_of, maps
from reference import Optimiser, float32_exact
from update_case import Case, main, pictures

# While no sample saturates, the two halves of D.out.bias's gradient cancel: of a power of two samples exactly, in whatever order they
# are summed. Adam would make a step of the rounding.
SIDE, K, N, W, LATENT = 16, 3, 4, 8, 3
up = lambda h: h.repeat_interleave(2, 2).repeat_interleave(2, 3)
unit = lambda a: a / (a.norm() + 1e-12)


class Spectral(Net):
    """Every weight but those of norms and gamma is divided by u^T W v."""

    def divided(self):
        return [n[:-7] for n in self.parameters if n.endswith(".weight") and "norm" not in n]

    def start(self):
        for name in self.divided():
            # The engine's columns count row, column, channel.
            w = self.matrix(name).detach()
            u = unit(torch.from_numpy(self.random.normal(0, 1, len(w))))
            for _ in range(3):
                v = unit(w.double().T @ u)
                u = unit(w.double() @ v)
            self.statistics[f"{name}.u"] = float32_exact(u.numpy()).to(self.dtype)
            self.statistics[f"{name}.v"] = float32_exact(v.numpy()).to(self.dtype)

    def matrix(self, name):
        w = self.parameters[f"{name}.weight"]
        return (w.permute(0, 2, 3, 1) if w.dim() == 4 else w).flatten(1)

    def advance(self):
        for name in self.divided():
            w = self.matrix(name).detach()
            v = unit(w.T @ self.statistics[f"{name}.u"])
            self.statistics[f"{name}.v"], self.statistics[f"{name}.u"] = v, unit(w @ v)

    def of(self, name):
        w, b = super().of(name)
        sigma = self.statistics[f"{name}.u"] @ self.matrix(name) @ self.statistics[f"{name}.v"]
        return w / sigma, b

    def attention(self, name, c):
        for part, i, o in (("query", c, c // 8), ("key", c, c // 8), ("value", c, c // 2), ("out", c // 2, c)):
            self.conv(f"{name}.{part}", i, o, 1, False)
        self.parameter(f"{name}.gamma", self.random.normal(0, 0.5, 1))

    def attend(self, name, x):
        point = lambda part, h: F.conv2d(h, self.of(f"{name}.{part}")[0])
        q, k, v = point("query", x), F.max_pool2d(point("key", x), 2), F.max_pool2d(point("value", x), 2)
        weights = torch.softmax(q.flatten(2).transpose(1, 2) @ k.flatten(2), dim=2)
        o = (weights @ v.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(len(x), -1, *x.shape[2:])
        return x + self.parameters[f"{name}.gamma"] * point("out", o)


class Generator(Spectral):
    def __init__(self, *args):
        super().__init__("G", *args)
        self.linear("linear1", LATENT, 32 * W)
        for block, i, o in ((1, 2 * W, 2 * W), (2, 2 * W, W)):
            self.class_norm(f"block{block}.main.norm1", K, i)
            self.conv(f"block{block}.main.conv1", i, o, 3)
            self.class_norm(f"block{block}.main.norm2", K, o)
            self.conv(f"block{block}.main.conv2", o, o, 3)
            self.conv(f"block{block}.shortcut.conv1", i, o, 1)
        self.attention("attention1", 2 * W)
        self.norm("norm1", self.random, W)
        self.conv("conv1", W, 1, 3)
        self.start()

    def block(self, name, x, y):
        h = F.relu(self.by_class(f"{name}.main.norm1", x, y, True, 0.001))
        h = F.conv2d(up(h), *self.of(f"{name}.main.conv1"), padding=1)
        h = F.relu(self.by_class(f"{name}.main.norm2", h, y, True, 0.001))
        h = F.conv2d(h, *self.of(f"{name}.main.conv2"), padding=1)
        return h + F.conv2d(up(x), *self.of(f"{name}.shortcut.conv1"))

    def __call__(self, z, y):
        self.advance()
        h = self.block("block1", maps(F.linear(z, *self.of("linear1")), 4), y)
        h = self.block("block2", self.attend("attention1", h), y)
        h = F.relu(self.normalise("norm1", h, True, 1e-5, 0.0001))
        return torch.tanh(F.conv2d(h, *self.of("conv1"), padding=1))


class Discriminator(Spectral):
    def __init__(self, *args):
        super().__init__("D", *args)
        for block, i, o in ((1, 1, W), (2, W, 2 * W), (3, 2 * W, 2 * W)):
            self.conv(f"trunk.block{block}.main.conv1", i, o, 3)
            self.conv(f"trunk.block{block}.main.conv2", o, o, 3)
            if i != o:
                self.conv(f"trunk.block{block}.shortcut.conv1", i, o, 1)
        self.attention("trunk.attention1", W)
        self.linear("out", 2 * W, 1)
        self.linear("embed", 2 * W, K, False)
        self.start()

    def __call__(self, x, y):
        conv = lambda name, h, padding=1: F.conv2d(h, *self.of(f"trunk.{name}"), padding=padding)
        pool = lambda h: F.avg_pool2d(h, 2)
        h = pool(conv("block1.main.conv2", F.relu(conv("block1.main.conv1", x))))
        h = self.attend("trunk.attention1", h + conv("block1.shortcut.conv1", pool(x), 0))
        main = lambda block, h: conv(f"{block}.main.conv2", F.relu(conv(f"{block}.main.conv1", F.relu(h))))
        h = pool(main("block2", h)) + pool(conv("block2.shortcut.conv1", h, 0))
        h = F.relu(main("block3", h) + h).sum((2, 3))
        return F.linear(h, *self.of("out")) + (self.of("embed")[0][y] * h).sum(1, keepdim=True)


def train(dtype):
    random = np.random.RandomState(20180521)
    draws = LabelDraws(random, dtype)
    g, d = Generator(dtype, random), Discriminator(dtype, random)
    by_g, by_d = Optimiser(g, adam(1e-4, 0, 0.9)), Optimiser(d, adam(4e-4, 0, 0.9))
    # Biases before a batch norm have no gradient but rounding, which Adam turns into steps.
    case = Case("sagan", f"width={W} latent={LATENT}", classes=K, integers="label", f32_step=0.2)
    case.start(g, d)
    image, label = pictures(random, N, SIDE).to(dtype), labels_of(random, N, K)
    case.batch(image=image, label=label)
    y = draws.labels(N, bound=K)
    fake = g(draws.normal(N, LATENT), y)
    d.advance()
    d_loss = F.relu(1 - d(image, label)).mean() + F.relu(1 + d(fake.detach(), y)).mean()
    case.loss("D/adv", d_loss)
    case.move("D", [(d, by_d, d_loss)])
    g_loss = -d(fake, y).mean()
    case.loss("G/adv", g_loss)
    case.move("G", [(g, by_g, g_loss)])
    case.finish_iteration(draws, g, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
