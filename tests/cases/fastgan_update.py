"""An iteration of FastGAN (Liu et al. 2021): writes fastgan_update.safetensors.

64 x 64 x 1, batch 3, width 1: G's channels are 16, 8, 4, 2, 2 from 4 px on, D's 1, 2, 4, 8 from 64 px on. Skips from 4 to 64 px in G and from 64 to 8 in D,
spectral norm everywhere, margins between 0.8 and 1, L1 reconstructions of weight 2, of a quarter a sample. What D sees is changed by draws that change
nothing: each happens where a uniform draw is below 0.05, and none is, so that the case says which pictures are changed, and when.
"""

import numpy as np
import torch
from torch.nn import functional as F

from label_update import adam
from reference import Optimiser
from sagan_update import Spectral, up
from stackgan_pp_update import glu
from update_case import Case, Draws, main, pictures

N, SIDE, SMALL, LATENT = 3, 64, 32, 3
WEIGHT, SOFTEN, CHANCE = 2.0, 0.2, 0.05
MADE, SEEN = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2}, {64: 1, 32: 2, 16: 4, 8: 8}

leaky = lambda h: F.leaky_relu(h, 0.2)


class Parts(Spectral):
    """Convolutions without biases, norms and gates by name."""

    def matrix(self, name):
        w = self.parameters[f"{name}.weight"]
        return w.transpose(0, 1).flatten(1) if "deconv" in name else super().matrix(name)

    def plain(self, name, i, o, k):
        self.conv(name, i, o, k, False)

    def apply(self, name, h, **options):
        return F.conv2d(h, self.of(name)[0], **options)

    def declare_excitation(self, name, i, o):
        self.plain(f"{name}.conv1", i, o, 4)
        self.plain(f"{name}.conv2", o, o, 1)

    def excited(self, name, h, low):
        gate = F.leaky_relu(self.apply(f"{name}.conv1", F.adaptive_avg_pool2d(low, 4)), 0.1)
        return h * torch.sigmoid(self.apply(f"{name}.conv2", gate))

    def declare_gate(self, name, number, i, o):
        self.plain(f"{name}conv{number}", i, 2 * o, 3)
        self.norm(f"{name}norm{number}", self.random, 2 * o)

    def gated(self, name, number, h, follow, noise=None):
        h = self.apply(f"{name}conv{number}", h, padding=1)
        if noise is not None:
            h = h + noise * self.parameters[f"{name}noise{number}.strength"]
        return glu(self.normalise(f"{name}norm{number}", h, follow, 1e-5))


class Generator(Parts):
    def __init__(self, *args):
        super().__init__("G", *args)
        self.conv("first.deconv1", LATENT, 32, 4, False, True)
        self.norm("first.norm1", self.random, 32)
        for side in (8, 16, 32, 64):
            self.declare_gate(f"up{side}.", 1, MADE[side // 2], MADE[side])
            if side in (8, 32):
                self.declare_gate(f"up{side}.", 2, MADE[side], MADE[side])
                for number in (1, 2):
                    self.parameter(f"up{side}.noise{number}.strength", self.random.normal(0, 0.5, 1))
                    self.statistics[f"up{side}.noise{number}.plane"] = torch.zeros(1, 1, side, side, dtype=self.dtype)  # unused in training
        self.declare_excitation("skip64", MADE[4], MADE[64])
        self.plain("small.conv1", MADE[SMALL], 1, 1)
        self.plain("picture.conv1", MADE[SIDE], 1, 3)
        self.start()

    def __call__(self, z, follow):
        if follow:
            self.advance()
        h = F.conv_transpose2d(z[:, :, None, None], self.of("first.deconv1")[0])
        h = low = glu(self.normalise("first.norm1", h, follow, 1e-5))
        for side in (8, 16, 32, 64):
            noisy = side in (8, 32)
            noise = lambda: self.draws.normal(N, 1, side, side) if noisy else None
            h = self.gated(f"up{side}.", 1, up(h), follow, noise())
            if noisy:
                h = self.gated(f"up{side}.", 2, h, follow, noise())
            if side == SMALL:
                small = torch.tanh(self.apply("small.conv1", h))
        h = self.excited("skip64", h, low)
        return torch.tanh(self.apply("picture.conv1", h, padding=1)), small


class Discriminator(Parts):
    def __init__(self, *args):
        super().__init__("D", *args)
        self.plain("first.conv1", 1, SEEN[64], 3)
        for side in (32, 16, 8):
            i, o = SEEN[2 * side], SEEN[side]
            for name, inputs, k in (("main.conv1", i, 4), ("main.conv2", o, 3), ("direct.conv1", i, 1)):
                self.plain(f"down{side}.{name}", inputs, o, k)
                self.norm(f"down{side}.{name.replace('conv', 'norm')}", self.random, o)
        self.declare_excitation("skip8", SEEN[64], SEEN[8])
        self.plain("logits.conv1", 8, 16, 1)
        self.norm("logits.norm1", self.random, 16)
        self.plain("logits.conv2", 16, 1, 4)
        self.plain("small.conv1", 1, 2, 4)
        self.plain("small.conv2", 2, 4, 4)
        self.norm("small.norm1", self.random, 4)
        self.plain("small_logits.conv1", 4, 1, 4)
        self.start()

    def __call__(self, x, small, follow):
        normed = lambda name, h: leaky(self.normalise(name, h, follow, 1e-5))
        h = first = leaky(self.apply("first.conv1", x, padding=1))
        for side in (32, 16, 8):
            main = normed(f"down{side}.main.norm1", self.apply(f"down{side}.main.conv1", h, stride=2, padding=1))
            main = normed(f"down{side}.main.norm2", self.apply(f"down{side}.main.conv2", main, padding=1))
            h = (main + normed(f"down{side}.direct.norm1", self.apply(f"down{side}.direct.conv1", F.avg_pool2d(h, 2)))) / 2
            if side == 16:
                fine = h
        last = self.excited("skip8", h, first)
        logits = self.apply("logits.conv2", normed("logits.norm1", self.apply("logits.conv1", last)))
        s = leaky(self.apply("small.conv1", small, stride=2, padding=1))
        s = normed("small.norm1", self.apply("small.conv2", s, stride=2, padding=1))
        return torch.cat([logits.flatten(1), self.apply("small_logits.conv1", s).flatten(1)], 1), fine, last, s


class Decoder(Parts):
    def __init__(self, name, inputs, *args):
        super().__init__(name, *args)
        self.declare_gate("", 1, inputs, 4)
        self.declare_gate("", 2, 4, 2)
        self.plain("conv3", 2, 1, 3)
        self.start()

    def __call__(self, h):
        self.advance()
        for number in (1, 2):
            h = self.gated("", number, up(h), True)
        return torch.tanh(self.apply("conv3", h, padding=1))


class Changes(Draws):
    """The draws of an augmentation of grey pictures none of whose changes happens."""

    def whole(self, bound):
        self.keep(self.random.randint(0, bound, N))

    def not_now(self):
        self.uniform(N, low=2 * CHANCE)

    def change(self, x):
        for bound in (2, 4):
            self.whole(bound)
            self.not_now()
        self.not_now()
        for _ in range(2):
            self.whole(2 * (x.shape[2] // 8) + 1)
        for kind in ("normal", "angle", "normal", "angle"):
            self.normal(N) if kind == "normal" else self.uniform(N, low=-np.pi, high=np.pi)
            self.not_now()
        self.not_now()
        self.normal(N), self.normal(N)
        for _ in range(2):
            self.normal(N)
            self.not_now()
        self.whole(2)
        self.not_now()
        return x


def quarter(x, down, right):
    half = x.shape[2] // 2
    rows = lambda x, i, low: x[i : i + 1, :, half:] if low else x[i : i + 1, :, :half]
    columns = lambda x, low: x[..., half:] if low else x[..., :half]
    return torch.cat([columns(rows(x, i, down[i] > 0), right[i] > 0) for i in range(len(x))])


def train(dtype):
    random = np.random.RandomState(20210112)
    draws = Changes(random, dtype)
    g, d = Generator(dtype, random, draws), Discriminator(dtype, random)
    decoders = [Decoder(name, inputs, dtype, random) for name, inputs in (("R_whole", 8), ("R_part", 4), ("R_small", 4))]
    case = Case("fastgan", f"width=1 latent={LATENT} decoders={WEIGHT} soften={SOFTEN} augment={CHANCE} rate=0.001")
    case.start(g, d, *decoders)
    optimisers = {n.name: Optimiser(n, adam(1e-3, 0.5)) for n in (g, d, *decoders)}

    def made(follow):
        x, small = g(draws.normal(N, LATENT), follow)
        return draws.change(x), draws.change(small)

    image = pictures(random, N, SIDE).to(dtype)
    case.batch(image=image)
    x, small = draws.change(image), draws.change(F.avg_pool2d(image, 2))
    fakes = [f.detach() for f in made(False)]
    d.advance()
    real, fine, last, of_small = d(x, small, True)
    fake = d(*fakes, True)[0]
    margin = lambda: 1 - SOFTEN * draws.uniform(*real.shape)
    terms = {"adv": F.relu(margin() - real).mean() + F.relu(margin() + fake).mean()}
    down, right = draws.bernoulli((N,), 0.5), draws.bernoulli((N,), 0.5)
    terms["whole"] = WEIGHT * F.l1_loss(decoders[0](last), F.avg_pool2d(x, 2))
    terms["part"] = WEIGHT * F.l1_loss(decoders[1](quarter(fine, down, right)), quarter(x, down, right))
    terms["small"] = WEIGHT * F.l1_loss(decoders[2](of_small), small)
    for name, value in terms.items():
        case.loss(f"D/{name}", value)
    loss = sum(terms.values())
    case.move("D", [(n, optimisers[n.name], loss) for n in (d, *decoders)])
    g_loss = -d(*made(True), False)[0].mean()
    case.loss("G/adv", g_loss)
    case.move("G", [(g, optimisers["G"], g_loss)])
    case.finish_iteration(draws, g, d, *decoders)
    return case


if __name__ == "__main__":
    main(__file__, train)
