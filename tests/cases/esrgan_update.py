"""Three iterations of ESRGAN (Wang et al. 2018, tiny): writes esrgan_update.safetensors.

High pictures 16 x 16 of three colours, low ones 4 x 4 (x4), batch 4; G of 3 channels, growth 2 and one block of three dense blocks, D of 2 filters. The first
iteration is the pixels': G moves on the mean absolute error of [-1, 1], Adam 2e-3, 0.9. Then Adam begins afresh with 1e-4: G moves on 0.002 times the
relativistic average loss (D judges both sides in turn) + the absolute error, then D on the same G(y) by its own; the last iteration is the second of these
two, and a rate that is halved at 1/8, 1/4, 1/2 and 3/4 (never before the first, second, third and fourth step) is half there. G sees low pictures in [0, 1].
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser
from srgan_update import Discriminator
from update_case import Case, Draws, main, pictures

N, SIZE, SCALE, W, G, V = 4, 16, 4, 3, 2, 2


class Generator(Network):
    def __init__(self, random, dtype):
        super().__init__("G", dtype)
        self.random = random
        self.conv("conv_first", 3, W)
        for d in (1, 2, 3):
            for i in range(5):
                self.conv(f"body.0.rdb{d}.conv{i + 1}", W + i * G, G if i < 4 else W)
        for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr"):
            self.conv(name, W, W)
        self.conv("conv_last", W, 3)

    def conv(self, name, i, o):
        self.parameter(f"{name}.weight", self.random.normal(0, 1 / np.sqrt(9 * i), (o, i, 3, 3)))
        self.parameter(f"{name}.bias", self.random.normal(0, 0.1, o))

    def __call__(self, low):
        conv = lambda n, h: F.conv2d(h, self.parameters[f"{n}.weight"], self.parameters[f"{n}.bias"], padding=1)
        leaky = lambda h: F.leaky_relu(h, 0.2)
        first = conv("conv_first", (low + 1) / 2)
        h = first
        for d in (1, 2, 3):
            seen = [h]
            for i in range(1, 5):
                seen.append(leaky(conv(f"body.0.rdb{d}.conv{i}", torch.cat(seen, 1))))
            h = h + 0.2 * conv(f"body.0.rdb{d}.conv5", torch.cat(seen, 1))
        h = first + conv("conv_body", first + 0.2 * h)
        for i in (1, 2):
            h = leaky(conv(f"conv_up{i}", F.interpolate(h, scale_factor=2, mode="nearest")))
        return 2 * conv("conv_last", leaky(conv("conv_hr", h))) - 1


def more_real(a, b):
    ce = lambda logits, target: F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))
    return ce(a - b.mean(), 1.0) + ce(b - a.mean(), 0.0)


def train(dtype):
    random = np.random.RandomState(20180901)
    draws = Draws(random, dtype)
    g, d = Generator(random, dtype), Discriminator(random, dtype)
    case = Case("esrgan", f"width={W} growth={G} blocks=1 d_width={V} pretrain=1", steps=3)
    adam = lambda rate: lambda p: torch.optim.Adam(p, lr=rate, betas=(0.9, 0.999), eps=1e-8)
    case.start(g, d)
    first, g_adam, d_adam = Optimiser(g, adam(2e-3)), Optimiser(g, adam(1e-4)), Optimiser(d, adam(1e-4))
    for k in range(3):
        high, low = pictures(random, N, SIZE, 3).to(dtype), pictures(random, N, SIZE // SCALE, 3).to(dtype)
        case.batch(high=high, low=low)
        fake = g(low)
        l1 = (fake - high).abs().mean()
        case.loss("G/psnr", -10 * torch.log10(F.mse_loss(fake, high) / 4))
        case.loss("G/l1", l1)
        if k == 0:
            case.move("G", [(g, first, l1)])
        else:
            if k == 2:
                for o in (g_adam, d_adam):
                    o.rule.param_groups[0]["lr"] = 5e-5
            on_real, on_fake = d(high, False), d(fake, False)
            adversarial = 2e-3 * more_real(on_fake, on_real)
            case.loss("G/adv", adversarial)
            case.move("G", [(g, g_adam, adversarial + l1)])
            on_real, on_fake = d(high, True), d(fake.detach(), True)
            case.loss("D/adv", more_real(on_real, on_fake))
            case.loss("D/accuracy", ((on_real > on_fake.mean()).double().mean() + (on_fake < on_real.mean()).double().mean()) / 2)
            case.move("D", [(d, d_adam, more_real(on_real, on_fake))])
        case.finish_iteration(draws, g, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
