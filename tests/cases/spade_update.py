"""Two iterations of SPADE (Park et al. 2019) with its encoder of styles, tiny, in plain PyTorch: writes spade_update.safetensors beside itself.

16 x 16 of one channel, batch 3, 3 meanings and pixels without one, width 2, two doublings, z of 3. G and E first: hinge, 10 times the distance of D's features, 0.05 times the divergence of codes,
through the D that has not moved; then D on what was made before G moved, at two scales of two layers and a last. Spectral norm of the convolutions of G's blocks, of E's and of D's second layers.
Batch norm with running statistics in G, instance norm in D and E. Adam 0, 0.9; rates 1e-4 and 4e-4.
"""

import numpy as np
import torch
from torch.nn import functional as F

from label_update import LabelDraws, adam
from reference import Optimiser
from sagan_update import Spectral, up
from update_case import Case, main, pictures

N, SIDE, L, W, Z, H = 3, 16, 3, 2, 3, 3


def leaky(h):
    return F.leaky_relu(h, 0.2)


def instance(h):
    return F.instance_norm(h, eps=1e-5)


class Generator(Spectral):
    # in, out, whether doubled before
    BLOCKS = ((2 * W, 2 * W, False), (2 * W, 2 * W, True), (2 * W, 2 * W, False), (2 * W, W, True))

    def __init__(self, *args):
        super().__init__("G", *args)
        self.linear("start", Z, 2 * W * 16)
        for k, (i, o, _) in enumerate(self.BLOCKS, 1):
            m = min(i, o)
            self.spade(f"block{k}.main.norm1", i)
            self.conv(f"block{k}.main.conv1", i, m, 3)
            self.spade(f"block{k}.main.norm2", m)
            self.conv(f"block{k}.main.conv2", m, o, 3)
            if i != o:
                self.spade(f"block{k}.shortcut.norm1", i)
                self.conv(f"block{k}.shortcut.conv1", i, o, 1, False)
        self.conv("out", W, 1, 3)
        self.start()

    def divided(self):
        return [n for n in super().divided() if n.startswith("block")]

    def spade(self, name, channels):
        self.plain_norm(f"{name}.norm", channels)
        for part, i, o in (("shared", L, H), ("gain", H, channels), ("bias", H, channels)):
            self.conv(f"{name}.{part}", i, o, 3)

    def by_map(self, name, h, m):
        at = lambda part, x: F.conv2d(x, *self.of(f"{name}.{part}"), padding=1)
        shared = F.relu(at("shared", F.interpolate(m, size=h.shape[2:], mode="nearest")))
        return self.by_plain_norm(f"{name}.norm", h, True) * (1 + at("gain", shared)) + at("bias", shared)

    def of(self, name):
        return super().of(name) if f"{name}.u" in self.statistics else (self.parameters[f"{name}.weight"], self.parameters.get(f"{name}.bias"))

    def __call__(self, m, z):
        self.advance()
        h = F.linear(z, *self.of("start")).reshape(-1, 4, 4, 2 * W).permute(0, 3, 1, 2)
        for k, (i, o, doubled) in enumerate(self.BLOCKS, 1):
            x = up(h) if doubled else h
            h = F.conv2d(leaky(self.by_map(f"block{k}.main.norm1", x, m)), *self.of(f"block{k}.main.conv1"), padding=1)
            h = F.conv2d(leaky(self.by_map(f"block{k}.main.norm2", h, m)), *self.of(f"block{k}.main.conv2"), padding=1)
            h = h + (x if i == o else F.conv2d(self.by_map(f"block{k}.shortcut.norm1", x, m), *self.of(f"block{k}.shortcut.conv1")))
        return torch.tanh(F.conv2d(leaky(h), *self.of("out"), padding=1))


class Encoder(Spectral):
    def __init__(self, *args):
        super().__init__("E", *args)
        self.conv("trunk.conv1", 1, W, 3, False)
        self.conv("trunk.conv2", W, 2 * W, 3, False)
        for head in ("mean", "log_variance"):
            self.linear(head, 2 * W * 16, Z)
        self.start()

    def divided(self):
        return ["trunk.conv1", "trunk.conv2"]

    def of(self, name):
        return super().of(name) if f"{name}.u" in self.statistics else (self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"])

    def __call__(self, y):
        self.advance()
        for name in ("trunk.conv1", "trunk.conv2"):
            y = leaky(instance(F.conv2d(y, self.of(name)[0], stride=2, padding=1)))
        h = y.permute(0, 2, 3, 1).flatten(1)
        return F.linear(h, *self.of("mean")), F.linear(h, *self.of("log_variance"))


class Discriminator(Spectral):
    def __init__(self, *args):
        super().__init__("D", *args)
        for k in (1, 2):
            self.conv(f"scale{k}.layer1", L + 1, W, 4)
            self.conv(f"scale{k}.layer2.conv1", W, 2 * W, 4, False)
            self.conv(f"scale{k}.out", 2 * W, 1, 4)
        self.start()

    def divided(self):
        return [f"scale{k}.layer2.conv1" for k in (1, 2)]

    def of(self, name):
        return super().of(name) if f"{name}.u" in self.statistics else (self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"])

    def __call__(self, m, y):
        """Of each scale, the scores and the features."""
        x, said = torch.cat([m, y], 1), []
        for k in (1, 2):
            if k == 2:
                x = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
            first = leaky(F.conv2d(x, *self.of(f"scale{k}.layer1"), stride=2, padding=2))
            second = leaky(instance(F.conv2d(first, self.of(f"scale{k}.layer2.conv1")[0], padding=2)))
            said.append((F.conv2d(second, *self.of(f"scale{k}.out"), padding=2), first, second))
        return said


def train(dtype):
    random = np.random.RandomState(20190318)
    draws = LabelDraws(random, dtype)
    g, e, d = Generator(dtype, random), Encoder(dtype, random), Discriminator(dtype, random)
    by = {n.name: Optimiser(n, adam(4e-4 if n is d else 1e-4, 0, 0.9)) for n in (g, e, d)}
    # Biases before a batch norm have no gradient but rounding, which Adam turns into steps.
    case = Case("spade", f"width={W} hidden={H} latent={Z} style=encoder d_layers=2 rate_g=1e-4 kl=0.05 constant_part=1", integers="semantic", meanings=L, f32_step=0.2)
    case.start(g, e, d)
    for _ in range(2):
        y, numbers = pictures(random, N, SIDE).to(dtype), torch.from_numpy(random.randint(-1, L, (N, 4, 4)).repeat(4, 1).repeat(4, 2))
        case.batch(a=torch.zeros(N, 3, SIDE, SIDE, dtype=dtype), b=y, semantic=numbers)
        m = torch.stack([(numbers == k).to(dtype) for k in range(L)], 1)
        eps = draws.normal(N, Z)
        mu, log_variance = e(y)
        fake = g(m, mu + (log_variance / 2).exp() * eps)
        of_fake, of_real = d(m, fake), d(m, y)
        parts = {
            "adv": -sum(s.mean() for s, *_ in of_fake) / 2,
            "features": 10 * sum((f - r.detach()).abs().mean() for a, b in zip(of_fake, of_real) for f, r in zip(a[1:], b[1:])) / 2,
            "kl": 0.05 * -0.5 * (1 + log_variance - mu**2 - log_variance.exp()).sum() / N,
        }
        for name, value in parts.items():
            case.loss(f"G/{name}", value)
        total = sum(parts.values())
        made = fake.detach()
        case.move("G", [(g, by["G"], total), (e, by["E"], total)])
        d.advance()
        loss = sum(F.relu(1 - r[0]).mean() + F.relu(1 + f[0]).mean() for r, f in zip(d(m, y), d(m, made))) / 2
        case.loss("D/adv", loss)
        case.move("D", [(d, by["D"], loss)])
        case.finish_iteration(draws, g, e, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
