"""An iteration of BigGAN (Brock, Donahue, Simonyan 2019): writes biggan_update.safetensors.

16 x 16 x 1, 3 classes, width 2; z in three pieces of 2, a shared embedding of 3, attention at 8 x 8, two steps of D and one of G with
orthogonal regularisation, an average of G's weights. Spectral norm as in sagan_update.py, in the linear layers of norms too. Adam 0,
0.999; 8e-4 for D, 4e-4 for G.
"""

import numpy as np
import torch
from torch.nn import functional as F

from label_update import LabelDraws, adam, labels_of, maps
from reference import Optimiser
from sagan_update import Spectral, up
from update_case import Case, main, pictures

SIDE, K, N, W, PIECE, EMBEDDING, BETA, DECAY = 16, 3, 4, 2, 2, 3, 0.001, 0.9
C = 4 * W


class Generator(Spectral):
    def __init__(self, *args):
        super().__init__("G", *args)
        self.weight("shared.weight", (K, EMBEDDING), EMBEDDING)
        self.linear("linear", PIECE, 16 * C)
        for block in ("block1", "block2"):
            for norm in ("norm1", "norm2"):
                for part in ("gain", "bias"):
                    self.linear(f"{block}.main.{norm}.{part}", EMBEDDING + PIECE, C, False)
                self.plain_norm(f"{block}.main.{norm}.norm", C)
            self.conv(f"{block}.main.conv1", C, C, 3)
            self.conv(f"{block}.main.conv2", C, C, 3)
            self.conv(f"{block}.shortcut.conv1", C, C, 1)
        self.attention("attention", C)
        self.norm("out.norm1", self.random, C)
        self.conv("out.conv1", C, 1, 3)
        self.start()

    def divided(self):
        return [n[:-7] for n in self.parameters if n.endswith(".weight") and n not in ("shared.weight", "out.norm1.weight")]

    def conditioned(self, name, h, c, follow):
        gain, bias = (F.linear(c, self.of(f"{name}.{part}")[0])[:, :, None, None] for part in ("gain", "bias"))
        return self.by_plain_norm(f"{name}.norm", h, follow) * (1 + gain) + bias

    def block(self, name, x, c, follow):
        h = F.relu(self.conditioned(f"{name}.main.norm1", x, c, follow))
        h = F.conv2d(up(h), *self.of(f"{name}.main.conv1"), padding=1)
        h = F.relu(self.conditioned(f"{name}.main.norm2", h, c, follow))
        h = F.conv2d(h, *self.of(f"{name}.main.conv2"), padding=1)
        return h + F.conv2d(up(x), *self.of(f"{name}.shortcut.conv1"))

    def __call__(self, z, y, moves):
        if moves:
            self.advance()
        first, *pieces = z.split(PIECE, 1)
        given = [torch.cat([self.parameters["shared.weight"][y], piece], 1) for piece in pieces]
        h = self.block("block1", maps(F.linear(first, *self.of("linear")), 4), given[0], moves)
        h = self.block("block2", self.attend("attention", h), given[1], moves)
        return torch.tanh(F.conv2d(F.relu(self.normalise("out.norm1", h, moves, 1e-5)), *self.of("out.conv1"), padding=1))

    def overlap(self):
        total = 0
        for name, p in self.parameters.items():
            if p.dim() > 1 and name != "shared.weight":
                gram = p.flatten(1) @ p.flatten(1).T
                total = total + ((gram * (1 - torch.eye(len(gram), dtype=self.dtype))) ** 2).sum()
        return total


class Discriminator(Spectral):
    def __init__(self, *args):
        super().__init__("D", *args)
        for block, i, shortcut in ((1, 1, True), (2, C, True), (3, C, False), (4, C, False)):
            self.conv(f"trunk.block{block}.main.conv1", i, C, 3)
            self.conv(f"trunk.block{block}.main.conv2", C, C, 3)
            if shortcut:
                self.conv(f"trunk.block{block}.shortcut.conv1", i, C, 1)
        self.attention("trunk.attention1", C)
        self.linear("out", C, 1)
        self.linear("embed", C, K, False)
        self.start()

    def __call__(self, x, y):
        conv = lambda name, h, padding=1: F.conv2d(h, *self.of(f"trunk.{name}"), padding=padding)
        pool = lambda h: F.avg_pool2d(h, 2)
        main = lambda block, h: conv(f"{block}.main.conv2", F.relu(conv(f"{block}.main.conv1", h)))
        h = pool(main("block1", x)) + conv("block1.shortcut.conv1", pool(x), 0)
        h = self.attend("trunk.attention1", h)
        h = pool(main("block2", F.relu(h))) + pool(conv("block2.shortcut.conv1", h, 0))
        h = h + main("block3", F.relu(h))
        h = F.relu(h + main("block4", F.relu(h))).sum((2, 3))
        return F.linear(h, *self.of("out")) + (self.of("embed")[0][y] * h).sum(1, keepdim=True)


def train(dtype):
    random = np.random.RandomState(20180928)
    draws = LabelDraws(random, dtype)
    g, d = Generator(dtype, random), Discriminator(dtype, random)
    by_g, by_d = Optimiser(g, adam(4e-4, 0, 0.999)), Optimiser(d, adam(8e-4, 0, 0.999))
    settings = f"width={W} latent={3 * PIECE} embedding={EMBEDDING} attention=8 ortho={BETA} d_steps=2 ema={DECAY} ema_start=0"
    # Biases before a batch norm have no gradient but rounding, which Adam turns into steps.
    case = Case("biggan", settings, classes=K, integers="label", f32_step=0.2)
    case.start(g, d)
    average = {name: p.detach().clone() for name, p in g.parameters.items()}

    def fakes(moves):
        y = draws.labels(N, bound=K)
        return g(draws.normal(N, 3 * PIECE), y, moves), y

    for step in ("", ".1"):
        image, label = pictures(random, N, SIDE).to(dtype), labels_of(random, N, K)
        case.batch(**{f"image{step}": image, f"label{step}": label})
        fake, y = fakes(False)
        d.advance()
        d_loss = F.relu(1 - d(image, label)).mean() + F.relu(1 + d(fake.detach(), y)).mean()
        case.move(f"D{step}", [(d, by_d, d_loss)])
    case.loss("D/adv", d_loss)
    fake, y = fakes(True)
    adv, ortho = -d(fake, y).mean(), BETA * g.overlap()
    case.loss("G/adv", adv)
    case.loss("G/ortho", ortho)
    case.move("G", [(g, by_g, adv + ortho)])
    for name, p in g.parameters.items():
        case.record.add(f"0.average.G.{name}", DECAY * average[name] + (1 - DECAY) * p.detach())
    case.finish_iteration(draws, g, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
