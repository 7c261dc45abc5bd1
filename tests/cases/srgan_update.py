"""Three iterations of SRGAN (Ledig et al. 2017, tiny): writes srgan_update.safetensors.

High pictures 16 x 16 of three colours, low ones 4 x 4 (x4), batch 4; G of 3 channels and one block, D of 2 filters. The first iteration is SRResNet's:
G moves on the mean squared error of [-1, 1], Adam 1e-3, 0.9. Then Adam begins afresh with 1e-4: D moves on -log D(x) - log(1 - D(G(y))), each a batch of
its own, then G on the squared error - 0.001 log D(G(y)) with the same G(y), judged by the D that has moved; the last iteration is past the half of these
two, so its rates are a tenth. G sees low pictures in [0, 1]. One PReLU slope a layer; nothing at G's end.
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser
from update_case import Case, Draws, main, pictures

N, SIZE, SCALE, W, V = 4, 16, 4, 3, 2


class Generator(Network):
    def __init__(self, random, dtype):
        super().__init__("G", dtype)
        self.random = random
        self.conv("conv1", 3, W, 9)
        self.slope("prelu1")
        for name in ("block1.main.block1.main.{}1", "block1.main.block1.main.{}2", "block1.main.{}1"):
            self.conv(name.format("conv"), W, W, 3, False)
            self.norm(name.format("norm"), random, W)
        self.slope("block1.main.block1.main.prelu1")
        for i in (2, 3):
            self.conv(f"conv{i}", W, 4 * W, 3)
            self.slope(f"prelu{i}")
        self.conv("conv4", W, 3, 9)

    def conv(self, name, i, o, k, bias=True):
        self.parameter(f"{name}.weight", self.random.normal(0, 1 / np.sqrt(i * k * k), (o, i, k, k)))
        if bias:
            self.parameter(f"{name}.bias", self.random.normal(0, 0.1, o))

    def slope(self, name):
        self.parameter(f"{name}.slope", [0.25])

    def __call__(self, low, follow):
        p = self.parameters
        conv = lambda n, h, k: F.conv2d(h, p[f"{n}.weight"], p.get(f"{n}.bias"), padding=k // 2)
        prelu = lambda n, h: F.prelu(h, p[f"{n}.slope"])
        first = prelu("prelu1", conv("conv1", (low + 1) / 2, 9))
        block = "block1.main.block1.main."
        h = self.batch_norm(f"{block}norm1", conv(f"{block}conv1", first, 3), follow)
        h = self.batch_norm(f"{block}norm2", conv(f"{block}conv2", prelu(f"{block}prelu1", h), 3), follow)
        h = first + self.batch_norm("block1.main.norm1", conv("block1.main.conv1", first + h, 3), follow)
        for i in (2, 3):
            h = prelu(f"prelu{i}", F.pixel_shuffle(conv(f"conv{i}", h, 3), 2))
        return conv("conv4", h, 9)


class Discriminator(Network):
    def __init__(self, random, dtype):
        super().__init__("D", dtype)
        i = 3
        for k in range(8):
            o = V << k // 2
            self.parameter(f"conv{k + 1}.weight", random.normal(0, 1 / np.sqrt(9 * i), (o, i, 3, 3)))
            if k:
                self.norm(f"norm{k}", random, o)
            i = o
        self.parameter("conv1.bias", random.normal(0, 0.1, V))
        for name, a, b in (("linear1", i, 16 * V), ("linear2", 16 * V, 1)):
            self.parameter(f"{name}.weight", random.normal(0, 1 / np.sqrt(a), (b, a)))
            self.parameter(f"{name}.bias", random.normal(0, 0.1, b))

    def __call__(self, x, follow):
        p, h = self.parameters, x
        for k in range(8):
            h = F.conv2d(h, p[f"conv{k + 1}.weight"], p.get(f"conv{k + 1}.bias"), stride=1 + k % 2, padding=1)
            h = F.leaky_relu(self.batch_norm(f"norm{k}", h, follow) if k else h, 0.2)
        h = F.leaky_relu(F.linear(h.flatten(1), p["linear1.weight"], p["linear1.bias"]), 0.2)
        return F.linear(h, p["linear2.weight"], p["linear2.bias"])


def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def train(dtype):
    random = np.random.RandomState(20170721)
    draws = Draws(random, dtype)
    g, d = Generator(random, dtype), Discriminator(random, dtype)
    case = Case("srgan", f"width={W} blocks=1 d_width={V} pretrain=1", steps=3)
    adam = lambda rate: lambda p: torch.optim.Adam(p, lr=rate, betas=(0.9, 0.999), eps=1e-8)
    case.start(g, d)
    first, g_adam, d_adam = Optimiser(g, adam(1e-3)), Optimiser(g, adam(1e-4)), Optimiser(d, adam(1e-4))
    for k in range(3):
        high, low = pictures(random, N, SIZE, 3).to(dtype), pictures(random, N, SIZE // SCALE, 3).to(dtype)
        case.batch(high=high, low=low)
        fake = g(low, True)
        squares = F.mse_loss(fake, high)
        case.loss("G/psnr", -10 * torch.log10(squares / 4))
        if k == 0:
            case.loss("G/mse", squares)
            case.move("G", [(g, first, squares)])
        else:
            if k == 2:
                for o in (g_adam, d_adam):
                    o.rule.param_groups[0]["lr"] = 1e-5
            on_real, on_fake = d(high, True), d(fake.detach(), True)
            case.loss("D/real", bce(on_real, 1.0))
            case.loss("D/fake", bce(on_fake, 0.0))
            case.loss("D/accuracy", ((on_real > 0).double().mean() + (on_fake < 0).double().mean()) / 2)
            case.move("D", [(d, d_adam, bce(on_real, 1.0) + bce(on_fake, 0.0))])
            adversarial = 1e-3 * bce(d(fake, False), 1.0)
            case.loss("G/mse", squares)
            case.loss("G/adv", adversarial)
            case.move("G", [(g, g_adam, squares + adversarial)])
        case.finish_iteration(draws, g, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
