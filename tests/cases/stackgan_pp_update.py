"""Two iterations of StackGAN++ (Zhang et al. 2018) at 8 and 16 px: writes stackgan_pp_update.safetensors (by caption) and stackgan_pp_noise_update.safetensors.

By caption: a frozen encoder of words, conditioning augmentation, both heads of both D (pairs with mu, and pictures alone, to which wrong pictures are
real), then G with all sizes and the divergence; mu is data to D. From noise: pictures alone, z beside the features, and the colours of neighbouring sizes,
the lower ones a target. Widths: G 4 and 2, D 2 and 4, one residual block.
"""

import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from gan_int_cls_update import leaky
from label_update import LabelDraws, Net, adam, bce, maps
from reference import Optimiser
from stackgan_update import Words, twice, TEXT, WORDS
from update_case import Case, main, pictures

N, COLOURS, W, V, LATENT, C, SIDES = 4, 2, 4, 2, 3, 3, (8, 16)


def glu(h):
    a, b = h.chunk(2, 1)
    return a * torch.sigmoid(b)


class Gated(Net):
    def gate(self, i, h, doubled=False):
        h = F.conv2d(twice(h) if doubled else h, self.of(f"conv{i}")[0], padding=1)
        return glu(self.normalise(f"norm{i}", h, True, 1e-5))


class Conditioning(Net):
    def __init__(self, *args):
        super().__init__("C", *args)
        self.linear("linear1", TEXT, 4 * C)

    def __call__(self, t):
        t = t / (t.square().mean(1, True) + 1e-8).sqrt()
        return glu(F.linear(t, *self.of("linear1"))).chunk(2, 1)


class Root(Gated):
    def __init__(self, inputs, *args, name="H8"):
        super().__init__(name, *args)
        self.linear("linear1", inputs, 16 * 4 * W, False)
        self.norm("norm1", self.random, 16 * 4 * W)
        self.conv("conv1", 2 * W, 2 * W, 3, False)
        self.norm("norm2", self.random, 2 * W)

    def __call__(self, v):
        # The engine's order of features: row, column, channel.
        h = maps(glu(self.normalise("norm1", F.linear(v, self.of("linear1")[0]), True, 1e-5)), 4)
        return glu(self.normalise("norm2", F.conv2d(twice(h), self.of("conv1")[0], padding=1), True, 1e-5))


class Step(Gated):
    def __init__(self, condition, *args):
        super().__init__("H16", *args)
        self.conv("conv1", W + condition, 2 * W, 3, False)
        self.norm("norm1", self.random, 2 * W)
        for i, o in ((1, 2 * W), (2, W)):
            self.conv(f"block1.main.conv{i}", W, o, 3, False)
            self.norm(f"block1.main.norm{i}", self.random, o)
        self.conv("conv2", W, W, 3, False)
        self.norm("norm2", self.random, W)

    def __call__(self, h, c):
        h = self.gate(1, torch.cat([h, c[:, :, None, None].expand(-1, -1, *h.shape[2:])], 1))
        inner = glu(self.normalise("block1.main.norm1", F.conv2d(h, self.of("block1.main.conv1")[0], padding=1), True, 1e-5))
        h = h + self.normalise("block1.main.norm2", F.conv2d(inner, self.of("block1.main.conv2")[0], padding=1), True, 1e-5)
        return self.gate(2, h, True)


class Picture(Net):
    def __init__(self, side, width, *args):
        super().__init__(f"G{side}", *args)
        self.conv("conv1", width, COLOURS, 3, False)

    def __call__(self, h):
        return torch.tanh(F.conv2d(h, self.of("conv1")[0], padding=1))


class Judge(Net):
    def __init__(self, side, pairs, *args, condition=C):
        super().__init__(f"D{side}", *args)
        self.deep, self.pairs = side > 8, pairs
        self.conv("trunk.conv1", COLOURS, V, 4, False)
        if self.deep:
            self.conv("trunk.conv2", V, 2 * V, 4, False)
            self.norm("trunk.norm1", self.random, 2 * V)
            self.conv("trunk.conv3", 2 * V, V, 3, False)
            self.norm("trunk.norm2", self.random, V)
        if pairs:
            self.conv("pair.conv1", V + condition, V, 3, False)
            self.norm("pair.norm1", self.random, V)
            self.conv("pair.sequential1.conv1", V, 1, 4)
        self.conv("alone.conv1", V, 1, 4)

    def logit(self, name, h):
        return F.conv2d(h, *self.of(name), stride=4).flatten(1)

    def __call__(self, x, c, follow):
        h = leaky(F.conv2d(x, self.of("trunk.conv1")[0], stride=2, padding=1))
        if self.deep:
            h = leaky(self.normalise("trunk.norm1", F.conv2d(h, self.of("trunk.conv2")[0], stride=2, padding=1), follow, 1e-5))
            h = leaky(self.normalise("trunk.norm2", F.conv2d(h, self.of("trunk.conv3")[0], padding=1), follow, 1e-5))
        alone = self.logit("alone.conv1", h)
        if not self.pairs:
            return None, alone
        both = torch.cat([h, c[:, :, None, None].expand(-1, -1, 4, 4)], 1)
        both = leaky(self.normalise("pair.norm1", F.conv2d(both, self.of("pair.conv1")[0], padding=1), follow, 1e-5))
        return self.logit("pair.sequential1.conv1", both), alone


def colours(x):
    """Mean [N, C] and covariance [N, C, C] over the pixels."""
    flat = x.flatten(2)
    m = flat.mean(2)
    centred = flat - m[:, :, None]
    return m, centred @ centred.transpose(1, 2) / flat.shape[2]


def train(dtype, by_caption=True):
    random = np.random.RandomState(SEEDS[by_caption])
    draws = LabelDraws(random, dtype)
    args = (dtype, random, draws)
    text = Words(*args) if by_caption else None
    c_net = Conditioning(*args) if by_caption else None
    given = C if by_caption else LATENT
    trunk = [Root(LATENT + (C if by_caption else 0), *args), Step(given, *args)]
    paint = [Picture(side, width, *args) for side, width in zip(SIDES, (W, W // 2))]
    judges = [Judge(side, by_caption, *args) for side in SIDES]
    moving = ([c_net] if by_caption else []) + [n for pair in zip(trunk, paint) for n in pair]
    by = {n.name: Optimiser(n, adam(2e-4)) for n in moving + judges}
    settings = f"branches=2 width={W} d_width={V} latent={LATENT} blocks=1 rate=2e-4"
    if by_caption:
        case = Case("stackgan-pp", f"{settings} projected={C} text_width=4 text_length={TEXT} text_steps=0", integers="tokens", words=WORDS)
    else:
        case = Case("stackgan-pp", f"{settings} condition=none")
    everything = ([text] if by_caption else []) + moving + judges
    case.start(*everything)
    for iteration in range(2):
        x = pictures(random, N, 16, COLOURS).to(dtype)
        fields = {"image": x}
        z = draws.normal(N, LATENT)
        if by_caption:
            words = torch.tensor([[1, 2, 0], [3, 4, 5], [6, 1, 0], [2, 2, 6]]).roll(iteration, 0)
            fields["tokens"] = words
            mu, logvar = c_net(text(words).detach())
            c = mu + (logvar / 2).exp() * draws.normal(N, C)
            h = trunk[0](torch.cat([c, z], 1))
        else:
            mu, c = None, z
            h = trunk[0](z)
        case.batch(**fields)
        fakes = [paint[0](h), paint[1](trunk[1](h, c))]
        for d, fake, real in zip(judges, fakes, (F.avg_pool2d(x, 2), x)):
            fixed = mu.detach() if by_caption else None
            on_real, on_fake = d(real, fixed, True), d(fake.detach(), fixed, True)
            if by_caption:
                on_wrong = d(real.roll(1, 0), fixed, True)
                parts = {"real": sum(bce(s, 1.0) for s in on_real), "fake": sum(bce(s, 0.0) for s in on_fake),
                         "wrong": bce(on_wrong[0], 0.0) + bce(on_wrong[1], 1.0)}
            else:
                parts = {"adv": bce(on_real[1], 1.0) + bce(on_fake[1], 0.0)}
            for name, value in parts.items():
                case.loss(f"{d.name}/{name}", value)
            case.move(d.name, [(d, by[d.name], sum(parts.values()))])
        parts = {}
        for d, fake, side in zip(judges, fakes, SIDES):
            parts[f"adv{side}"] = sum(bce(s, 1.0) for s in d(fake, mu, False) if s is not None)
        if by_caption:
            parts["kl"] = 2 * -0.5 * (1 + logvar - mu**2 - logvar.exp()).mean()
        else:
            (m1, s1), (m2, s2) = colours(fakes[0].detach()), colours(fakes[1])
            parts["colour16"] = 50 * ((m2 - m1) ** 2).mean() + 250 * ((s2 - s1) ** 2).mean()
        for name, value in parts.items():
            case.loss(f"G/{name}", value)
        loss = sum(parts.values())
        case.move("G", [(n, by[n.name], loss) for n in moving])
        case.finish_iteration(draws, *everything)
    return case


# Chosen so that no unit lies near the kink of its leaky relu, where float32 might take the other side.
SEEDS = {True: 1, False: 1}

if __name__ == "__main__":
    main(__file__, train)
    main(str(pathlib.Path(__file__).with_name("stackgan_pp_noise_update.py")), lambda dtype: train(dtype, by_caption=False))
