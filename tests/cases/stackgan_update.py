"""Three iterations of StackGAN (Zhang et al. 2017), one of each stage: writes stackgan_update.safetensors.

The encoder of words and the network of pictures; stage I at 8 x 8 and stage II at 16 x 16, each D and then G with the same fakes, conditioning
augmentation with its divergence (weight 2); stage II runs G1 as data, by its batch's statistics. Widths: G 4, D 4, one residual block in G2.
"""

import numpy as np
import torch
from torch.nn import functional as F

from gan_int_cls_update import Block, embedding, leaky
from label_update import LabelDraws, Net, adam, bce, rows
from reference import Optimiser
from update_case import Case, main, pictures

N, W, V, LATENT, WORDS, TEXT, C, TW, IW = 4, 4, 4, 3, 7, 5, 3, 4, 2


class Words(Net):
    def __init__(self, *args):
        super().__init__("text", *args)
        self.parameter("words.weight", self.random.normal(0, 0.5, (WORDS, TW)))
        self.linear("hidden", TW, TW)
        self.linear("out", TW, TEXT)

    def __call__(self, words):
        mask = (words > 0).to(self.dtype)
        h = (self.parameters["words.weight"][words] * mask[:, :, None]).sum(1) / mask.sum(1, True).sqrt()
        return F.linear(F.relu(F.linear(h, *self.of("hidden"))), *self.of("out"))


class Pictures(Block):
    def __init__(self, *args):
        super().__init__("image", *args)
        self.conv("conv1", 1, IW, 4, False)
        self.conv("conv2", IW, 2 * IW, 4, False)
        self.norm("norm1", self.random, 2 * IW)
        self.linear("linear1", 32 * IW, TEXT)

    def __call__(self, x):
        h = leaky(F.conv2d(x, self.of("conv1")[0], stride=2, padding=1))
        h = leaky(self.by_norm("norm1", F.conv2d(h, self.of("conv2")[0], stride=2, padding=1), True))
        return F.linear(rows(h), *self.of("linear1"))


class Conditioning(Net):
    def __init__(self, name, *args):
        super().__init__(name, *args)
        self.linear("linear1", TEXT, 2 * C)

    def __call__(self, t):
        return leaky(F.linear(t, *self.of("linear1"))).chunk(2, 1)


def twice(h):
    return F.interpolate(h, scale_factor=2, mode="nearest")


class First(Block):
    def __init__(self, *args):
        super().__init__("G1", *args)
        self.linear("linear1", C + LATENT, 16 * W, False)
        self.norm("norm1", self.random, 16 * W)
        self.declare_block("block1", W)
        self.conv("conv1", W, 1, 3, False)

    def __call__(self, c, z, follow):
        h = self.by_norm("norm1", F.linear(torch.cat([c, z], 1), self.of("linear1")[0]), follow)
        h = self.block("block1", h.reshape(N, 4, 4, W).permute(0, 3, 1, 2), F.relu, follow)
        return torch.tanh(F.conv2d(twice(h), self.of("conv1")[0], padding=1))


class Second(Block):
    def __init__(self, *args):
        super().__init__("G2", *args)
        channels = [1, W, 2 * W, 4 * W, 4 * W, 2 * W, W, W // 2, 1]
        for i in range(8):
            self.conv(f"conv{i + 1}", channels[i] + (C if i == 3 else 0), channels[i + 1], 4 if i in (1, 2) else 3, False)
        for i in range(6):
            self.norm(f"norm{i + 1}", self.random, channels[i + 2])
        for i in (1, 2):
            self.conv(f"block1.main.conv{i}", 4 * W, 4 * W, 3, False)
            self.norm(f"block1.main.norm{i}", self.random, 4 * W)

    def same(self, name, h):
        return F.conv2d(h, self.of(name)[0], padding=1)

    def __call__(self, low, c):
        h = F.relu(self.same("conv1", low))
        for i in (2, 3):
            h = F.relu(self.by_norm(f"norm{i - 1}", F.conv2d(h, self.of(f"conv{i}")[0], stride=2, padding=1), True))
        h = torch.cat([h, c[:, :, None, None].expand(-1, -1, *h.shape[2:])], 1)
        h = F.relu(self.by_norm("norm3", self.same("conv4", h), True))
        inner = F.relu(self.by_norm("block1.main.norm1", self.same("block1.main.conv1", h), True))
        h = F.relu(self.by_norm("block1.main.norm2", self.same("block1.main.conv2", inner), True) + h)
        for i in (5, 6, 7):
            h = F.relu(self.by_norm(f"norm{i - 1}", self.same(f"conv{i}", twice(h)), True))
        return torch.tanh(self.same("conv8", h))


class Judge(Block):
    def __init__(self, deep, name, *args):
        super().__init__(name, *args)
        self.deep = deep
        self.conv("conv1", 1, V, 4, False)
        if deep:
            self.conv("conv2", V, 2 * V, 4, False)
            self.norm("norm1", self.random, 2 * V)
            self.conv("conv3", 2 * V, V, 1, False)
            self.norm("norm2", self.random, V)
        self.declare_block("block1", V)
        self.linear("text1", TEXT, C)
        self.last = (4, 3) if deep else (2, 1)
        self.conv(f"conv{self.last[0]}", V + C, V, 1, False)
        self.norm(f"norm{self.last[1]}", self.random, V)
        self.conv(f"conv{self.last[0] + 1}", V, 1, 4, False)

    def __call__(self, x, t, follow):
        h = leaky(F.conv2d(x, self.of("conv1")[0], stride=2, padding=1))
        if self.deep:
            h = leaky(self.by_norm("norm1", F.conv2d(h, self.of("conv2")[0], stride=2, padding=1), follow))
            h = self.by_norm("norm2", F.conv2d(h, self.of("conv3")[0]), follow)
        h = self.block("block1", h, leaky, follow)
        h = torch.cat([h, self.tiled(t, "text1")[:, :, None, None].expand(-1, -1, 4, 4)], 1)
        h = leaky(self.by_norm(f"norm{self.last[1]}", F.conv2d(h, self.of(f"conv{self.last[0]}")[0]), follow))
        return F.conv2d(h, self.of(f"conv{self.last[0] + 1}")[0]).flatten(1)


def train(dtype):
    # As in gan_int_cls_update.py, the seed keeps all units away from the kinks of their relus.
    random = np.random.RandomState(38)
    draws = LabelDraws(random, dtype)
    text, image = Words(dtype, random, draws), Pictures(dtype, random, draws)
    c1, c2 = (Conditioning(name, dtype, random, draws) for name in ("C1", "C2"))
    g1, g2 = First(dtype, random, draws), Second(dtype, random, draws)
    d1, d2 = (Judge(deep, name, dtype, random, draws) for deep, name in ((False, "D1"), (True, "D2")))
    by_text, by_image = (Optimiser(n, lambda p: torch.optim.RMSprop(p, lr=7e-4, alpha=0.99, eps=1e-8)) for n in (text, image))
    by = {n.name: Optimiser(n, adam(2e-5)) for n in (c1, c2, g1, g2, d1, d2)}
    settings = f"width={W} d_width={V} latent={LATENT} projected={C} blocks=1 text_width={TW} text_length={TEXT} image_width={IW} text_steps=1 first_steps=1 text_rate=7e-4 rate=2e-5"
    case = Case("stackgan", settings, steps=3, integers="tokens", words=WORDS)
    everything = (text, image, c1, g1, d1, c2, g2, d2)
    case.start(*everything)
    for iteration in range(3):
        x = pictures(random, N, 16).to(dtype)
        words = torch.tensor([[1, 2, 0], [3, 4, 5], [6, 1, 0], [2, 2, 6]]).roll(iteration, 0)
        case.batch(image=x, tokens=words)
        t = text(words)
        if iteration == 0:
            loss = embedding(image(x), t)
            case.loss("text/embedding", loss)
            case.move("text", [(text, by_text, loss), (image, by_image, loss)])
        else:
            t, k = t.detach(), str(iteration)
            c, g, d, real = (c1, g1, d1, F.avg_pool2d(x, 2)) if iteration == 1 else (c2, g2, d2, x)
            mu, log_sigma = c(t)
            if iteration == 1:
                eps = draws.normal(N, C)
                fake = g1(mu + log_sigma.exp() * eps, draws.normal(N, LATENT), True)
            else:
                z, (mu1, log_sigma1) = draws.normal(N, LATENT), c1(t)
                low = g1(mu1 + log_sigma1.exp() * draws.normal(N, C), z, False).detach()
                fake = g2(low, mu + log_sigma.exp() * draws.normal(N, C))
            said = [d(p, t, True) for p in (real, fake.detach(), real.roll(1, 0))]
            parts = {"real": bce(said[0], 1.0), "fake": 0.5 * bce(said[1], 0.0), "wrong": 0.5 * bce(said[2], 0.0)}
            for name, value in parts.items():
                case.loss(f"D{k}/{name}", value)
            case.move(f"D{k}", [(d, by[d.name], sum(parts.values()))])
            parts = {"adv": bce(d(fake, t, False), 1.0), "kl": 2 * (-log_sigma + (log_sigma.exp() ** 2 + mu**2 - 1) / 2).mean()}
            for name, value in parts.items():
                case.loss(f"G{k}/{name}", value)
            loss = sum(parts.values())
            case.move(f"G{k}", [(c, by[c.name], loss), (g, by[g.name], loss)])
        case.finish_iteration(draws, *everything)
    return case


if __name__ == "__main__":
    main(__file__, train)
