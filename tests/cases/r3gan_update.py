"""Two iterations of R3GAN (Huang et al. 2024): writes r3gan_update.safetensors.

8 x 8 x 2, batch 3, one block a resolution, groups of two channels. The relativistic loss of pairs, penalties at real and fake, rate and
gamma by half a cosine of three iterations.
"""

import math

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser
from update_case import Case, Draws, main, pictures

N, LATENT, COLOURS, GROUP = 3, 3, 2, 2
WIDTH = {8: 2, 4: 3}
GAMMA, LAST_GAMMA, RATE, LAST_RATE, CHANGE = 2.0, 0.5, 1e-3, 2e-4, 3
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 8

leaky = lambda x: F.leaky_relu(x, 0.2)


def smooth(x, up):
    """To twice the size (zeros between, padded by 2 and 1) or to half of it (padded by 1), through [1 3 3 1] / 8 in both directions."""
    n, c, h, w = x.shape
    kernel = torch.outer(TAPS, TAPS).to(x.dtype).expand(c, 1, 4, 4)
    if not up:
        return F.conv2d(F.pad(x, (1, 1, 1, 1)), kernel, stride=2, groups=c)
    wide = x.new_zeros(n, c, 2 * h, 2 * w)
    wide[:, :, ::2, ::2] = x
    return F.conv2d(F.pad(wide, (2, 1, 2, 1)), 4 * kernel, groups=c)


class Blocks(Network):
    def __init__(self, name, dtype, random):
        super().__init__(name, dtype)
        self.random = random

    def conv(self, name, shape, bias=True):
        self.parameter(f"{name}.weight", self.random.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape))
        if bias:
            self.parameter(f"{name}.bias", self.random.normal(0, 0.1, shape[0]))

    def block(self, name, c):
        self.conv(f"{name}.main.conv1", (2 * c, c, 1, 1))
        self.conv(f"{name}.main.conv2", (2 * c, GROUP, 3, 3))
        self.conv(f"{name}.main.conv3", (c, 2 * c, 1, 1), False)

    def apply(self, name, x, **options):
        return F.conv2d(x, self.parameters[f"{name}.weight"], self.parameters.get(f"{name}.bias"), **options)

    def through(self, name, x):
        h = leaky(self.apply(f"{name}.main.conv1", x))
        h = leaky(self.apply(f"{name}.main.conv2", h, padding=1, groups=h.shape[1] // GROUP))
        return x + self.apply(f"{name}.main.conv3", h)


class Generator(Blocks):
    def __init__(self, *args):
        super().__init__("G", *args)
        self.parameter("basis1.picture", self.random.normal(0, 1, (1, WIDTH[4], 4, 4)))
        self.parameter("basis1.linear.weight", self.random.normal(0, 0.6, (WIDTH[4], LATENT)))
        self.block("block1", WIDTH[4])
        self.conv("conv1", (WIDTH[8], WIDTH[4], 1, 1), False)
        self.block("block2", WIDTH[8])
        self.conv("conv2", (COLOURS, WIDTH[8], 1, 1), False)

    def __call__(self, z):
        h = self.parameters["basis1.picture"] * (z @ self.parameters["basis1.linear.weight"].T)[:, :, None, None]
        h = self.apply("conv1", self.through("block1", h))
        return self.apply("conv2", self.through("block2", smooth(h, True)))


class Discriminator(Blocks):
    def __init__(self, *args):
        super().__init__("D", *args)
        self.conv("conv1", (WIDTH[8], COLOURS, 1, 1), False)
        self.block("block1", WIDTH[8])
        self.conv("conv2", (WIDTH[4], WIDTH[8], 1, 1), False)
        self.block("block2", WIDTH[4])
        self.conv("conv3", (WIDTH[4], 1, 4, 4), False)
        self.parameter("linear1.weight", self.random.normal(0, 0.6, (1, WIDTH[4])))

    def __call__(self, x):
        h = self.through("block1", self.apply("conv1", x))
        h = self.through("block2", self.apply("conv2", smooth(h, False)))
        return self.apply("conv3", h, groups=WIDTH[4]).flatten(1) @ self.parameters["linear1.weight"].T


def train(dtype):
    random = np.random.RandomState(20250109)
    draws = Draws(random, dtype)
    g, d = Generator(dtype, random), Discriminator(dtype, random)
    settings = (
        f"width={WIDTH[8]} most_width={WIDTH[4]} latent={LATENT} group={GROUP} blocks=1 gamma={GAMMA} last_gamma={LAST_GAMMA} "
        f"rate={RATE} last_rate={LAST_RATE} change={CHANGE}"
    )
    case = Case("r3gan", settings)
    case.start(g, d)
    adam = lambda p: torch.optim.Adam(p, lr=RATE, betas=(0.0, 0.99), eps=1e-8)
    of_g, of_d = Optimiser(g, adam), Optimiser(d, adam)
    for iteration in range(2):
        image = pictures(random, N, 8, COLOURS).to(dtype)
        case.batch(image=image)
        falls = 0.5 * (1 + math.cos(math.pi * iteration / CHANGE))
        gamma = LAST_GAMMA + (GAMMA - LAST_GAMMA) * falls
        for rule in (of_g.rule, of_d.rule):
            rule.param_groups[0]["lr"] = LAST_RATE + (RATE - LAST_RATE) * falls
        real, fake = image.clone().requires_grad_(), g(draws.normal(N, LATENT)).detach().requires_grad_()
        on_real, on_fake = d(real), d(fake)
        slope = lambda y, x: torch.autograd.grad(y.sum(), x, create_graph=True)[0].square().sum((1, 2, 3)).mean()
        terms = {"adv": F.softplus(on_fake - on_real).mean(), "r1": gamma / 2 * slope(on_real, real), "r2": gamma / 2 * slope(on_fake, fake)}
        for name, value in terms.items():
            case.loss(f"D/{name}", value)
        case.move("D", [(d, of_d, sum(terms.values()))])
        g_loss = F.softplus(d(image) - d(g(draws.normal(N, LATENT)))).mean()
        case.loss("G/adv", g_loss)
        case.move("G", [(g, of_g, g_loss)])
        case.finish_iteration(draws, g, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
