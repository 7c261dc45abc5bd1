"""Two iterations of face super-resolution by a WGAN-GP (Chen and Tong 2017, tiny): writes face_sr_wgan_update.safetensors.

High pictures 16 x 16, low ones 4 x 4 (x4), batch 3; G of 4, 2 and 3 channels, D of 2 filters with layer norm (a bias, no gain, eps 1e-3). G sees low pictures in
[0, 1] with noise of deviation 0.03 and learns from 0.1 of -E D and 0.9 of |box(G) - low|; D from E D(G) - E D(x) + 10 (|grad| - 1)^2 at one place between each
pair. Both move from one pass. RMSProp 2e-4, 0.9, 1e-10.
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser
from update_case import Case, Draws, main, pictures

N, SIZE, SCALE, UNITS, V = 3, 16, 4, (4, 2, 3), 2


class Drawn(Network):
    def __init__(self, name, random, dtype):
        super().__init__(name, dtype)
        self.random = random

    def conv(self, name, i, o, k, bias):
        self.parameter(f"{name}.weight", self.random.normal(0, 1 / np.sqrt(i * k * k), (o, i, k, k)))
        if bias:
            self.offset(name, o)

    def offset(self, name, channels):
        self.parameter(f"{name}.bias", self.random.normal(0, 0.1, channels))

    def convolved(self, name, h, stride=1):
        w = self.parameters[f"{name}.weight"]
        return F.conv2d(h, w, self.parameters.get(f"{name}.bias"), stride=stride, padding=w.shape[2] // 2)


class Generator(Drawn):
    def __init__(self, random, dtype):
        super().__init__("G", random, dtype)
        i = 3
        for unit, (o, last) in enumerate(zip(UNITS[:2], (False, True))):
            self.conv(f"conv{2 * unit + 1}", i, o, 1, False)
            for block in (1, 2):
                for k in (1, 2):
                    self.batch(f"block{2 * unit + block}.main.norm{k}", o)
                    self.conv(f"block{2 * unit + block}.main.conv{k}", o, o, 3, False)
            self.batch(f"norm{unit + 1}", o)
            self.conv(f"conv{2 * unit + 2}", o, o, 3, last)
            i = o
        for name, a, b, k in (("conv5", i, UNITS[2], 3), ("conv6", UNITS[2], UNITS[2], 1), ("conv7", UNITS[2], 3, 1)):
            self.conv(name, a, b, k, True)

    def batch(self, name, channels):
        self.offset(name, channels)
        self.statistics[f"{name}.running_mean"] = torch.zeros(channels, dtype=self.dtype)
        self.statistics[f"{name}.running_var"] = torch.ones(channels, dtype=self.dtype)

    def normed(self, name, h):
        kept = [self.statistics[f"{name}.running_{kind}"] for kind in ("mean", "var")]
        return F.relu(F.batch_norm(h, *kept, None, self.parameters[f"{name}.bias"], True, 0.1, 1e-3))

    def __call__(self, h):
        for unit in range(2):
            h = self.convolved(f"conv{2 * unit + 1}", h)
            for block in (1, 2):
                inner, prefix = h, f"block{2 * unit + block}.main."
                for k in (1, 2):
                    inner = self.convolved(f"{prefix}conv{k}", self.normed(f"{prefix}norm{k}", inner))
                h = h + inner
            h = self.convolved(f"conv{2 * unit + 2}", self.normed(f"norm{unit + 1}", F.interpolate(h, scale_factor=2)))
        h = F.relu(self.convolved("conv6", F.relu(self.convolved("conv5", h))))
        return torch.sigmoid(self.convolved("conv7", h))


class Critic(Drawn):
    def __init__(self, random, dtype):
        super().__init__("D", random, dtype)
        i = 3
        for k, (o, size) in enumerate(zip((V, 2 * V, 4 * V, 8 * V, 8 * V, 8 * V), (3, 3, 3, 3, 3, 1)), 1):
            self.conv(f"conv{k}", i, o, size, True)
            self.offset(f"norm{k}", o)
            i = o
        self.conv("conv7", i, 1, 1, False)

    def __call__(self, h):
        for k in range(1, 7):
            h = self.convolved(f"conv{k}", h, 2 if k < 5 else 1)
            h = F.relu(F.layer_norm(h, h.shape[1:], eps=1e-3) + self.parameters[f"norm{k}.bias"].view(1, -1, 1, 1))
        return self.convolved("conv7", h).mean((1, 2, 3))


def train(dtype):
    random = np.random.RandomState(20170506)
    draws = Draws(random, dtype)
    g, d = Generator(random, dtype), Critic(random, dtype)
    case = Case("face-sr-wgan", f"width={UNITS[0]} last={UNITS[2]} d_width={V}")
    rule = lambda p: torch.optim.RMSprop(p, lr=2e-4, alpha=0.9, eps=1e-10)
    g_rule, d_rule = Optimiser(g, rule), Optimiser(d, rule)
    case.start(g, d)
    for _ in range(2):
        high, low = pictures(random, N, SIZE, 3).to(dtype), pictures(random, N, SIZE // SCALE, 3).to(dtype)
        case.batch(high=high, low=low)
        noise = draws.normal(N, 3, SIZE // SCALE, SIZE // SCALE)
        y = 2 * g((low + 1) / 2 + 0.03 * noise) - 1
        on_real, on_fake = d(high), d(y)
        a = draws.uniform(N, 1, 1, 1)
        point = (a * high + (1 - a) * y.detach()).requires_grad_()
        (slope,) = torch.autograd.grad(d(point).sum(), point, create_graph=True)
        norms = slope.flatten(1).norm(dim=1)
        d_loss, gp = on_fake.mean() - on_real.mean(), 10 * ((norms - 1) ** 2).mean()
        box = F.l1_loss(F.avg_pool2d((y + 1) / 2, SCALE), (low + 1) / 2)
        adversarial = -0.1 * on_fake.mean()
        for name, value in (("D", d_loss), ("gp", gp), ("norm", norms.mean()), ("distance", -d_loss), ("adv", adversarial), ("low", 0.9 * box), ("box", box)):
            case.loss(f"D+G/{name}", value)
        case.move("D+G", [(d, d_rule, d_loss + gp), (g, g_rule, adversarial + 0.9 * box)])
        case.finish_iteration(draws, g)
    return case


if __name__ == "__main__":
    main(__file__, train)
