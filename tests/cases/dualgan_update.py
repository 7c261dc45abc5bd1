"""Two iterations of DualGAN (Yi et al. 2017), tiny, in plain PyTorch: writes dualgan_update.safetensors beside itself.

16 x 16, u of 1 channel, v of 3, width 2, batch 2, dropout 0.5. Twice an iteration, each on a batch of its own, both critics move down
E D(fake) - E D(real), then every parameter (weights, gains, biases) into [-0.05, 0.05]; then both generators together, on the last batch,
down 200 E |there and back - x| from both sides - E D_A(G_A(u)) - E D_B(G_B(v)). RMSProp 5e-5, alpha 0.9, eps 1e-5. Instance norms with
gains, eps 1e-6; kernels of 5 next to the pictures, of 3 inside; no norm around the bottleneck of one pixel.
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import Clipped, Network, Optimiser
from update_case import Case, Draws, main, pictures

W, N, LEVELS, CLIP, LAMBDA, KEEP = 2, 2, 4, 0.05, 200, 0.5


class Normed(Network):
    def __init__(self, name, dtype, random):
        super().__init__(name, dtype)
        self.random = random

    def weight(self, name, *shape):
        self.parameter(f"{name}.weight", self.random.normal(0, 0.2, shape))

    def bias(self, name, count):
        self.parameter(f"{name}.bias", self.random.normal(0, 0.1, count))

    def norm(self, name, channels):
        self.parameter(f"{name}.weight", self.random.normal(1, 0.1, channels))
        self.bias(name, channels)

    def normalise(self, name, h):
        return F.instance_norm(h, weight=self.parameters[f"{name}.weight"], bias=self.parameters[f"{name}.bias"], eps=1e-6)


class Generator(Normed):
    def __init__(self, name, inputs, outputs, dtype, random, draws):
        super().__init__(name, dtype, random)
        self.draws = draws
        widths = [W * min(2**i, 8) for i in range(LEVELS)]
        for i in range(LEVELS):
            self.weight(f"e{i + 1}", widths[i], widths[i - 1] if i else inputs, *[3 if i else 5] * 2)
            self.norm(f"e{i + 1}_norm", widths[i]) if 0 < i < LEVELS - 1 else self.bias(f"e{i + 1}", widths[i])
        for j in range(LEVELS):
            last = j == LEVELS - 1
            out = outputs if last else widths[LEVELS - 2 - j]
            self.weight(f"d{j + 1}", widths[LEVELS - 1 - j] * (2 if j else 1), out, *[5 if last else 3] * 2)
            self.bias(f"d{j + 1}", out) if last else self.norm(f"d{j + 1}_norm", out)

    def __call__(self, x):
        p, skips, h = self.parameters, [], x
        for i in range(1, LEVELS + 1):
            k = p[f"e{i}.weight"].shape[-1]
            h = F.conv2d(h if i == 1 else F.leaky_relu(h, 0.2), p[f"e{i}.weight"], p.get(f"e{i}.bias"), stride=2, padding=k // 2)
            if 1 < i < LEVELS:
                h = self.normalise(f"e{i}_norm", h)
            skips.append(h)
        for j in range(1, LEVELS + 1):
            k = p[f"d{j}.weight"].shape[-1]
            h = F.conv_transpose2d(F.relu(h), p[f"d{j}.weight"], p.get(f"d{j}.bias"), stride=2, padding=k // 2, output_padding=1)
            if j < LEVELS:
                h = self.normalise(f"d{j}_norm", h)
                h = h * self.draws.bernoulli(h.shape, KEEP, 1 / KEEP)
                h = torch.cat([h, skips[LEVELS - 1 - j]], 1)
        return torch.tanh(h)


class Critic(Normed):
    def __init__(self, name, inputs, dtype, random):
        super().__init__(name, dtype, random)
        self.weight("conv1", W, inputs, 5, 5)
        self.bias("conv1", W)
        self.weight("conv2", 2 * W, W, 3, 3)
        self.norm("norm1", 2 * W)
        self.weight("conv3", 1, 2 * W, 3, 3)

    def __call__(self, x):
        p = self.parameters
        h = F.leaky_relu(F.conv2d(x, p["conv1.weight"], p["conv1.bias"], stride=2, padding=2), 0.2)
        h = F.leaky_relu(self.normalise("norm1", F.conv2d(h, p["conv2.weight"], stride=2, padding=1)), 0.2)
        return F.conv2d(h, p["conv3.weight"], stride=2, padding=1)


def train(dtype):
    random = np.random.RandomState(20170408)
    draws = Draws(random, dtype)
    ga, gb = Generator("G_A", 1, 3, dtype, random, draws), Generator("G_B", 3, 1, dtype, random, draws)
    da, db = Critic("D_A", 3, dtype, random), Critic("D_B", 1, dtype, random)
    case = Case("dualgan", f"objective=wgan width={W} clip={CLIP} critic_steps=2 d_layers=2")
    case.start(ga, gb, da, db)
    rms = lambda p: torch.optim.RMSprop(p, lr=5e-5, alpha=0.9, eps=1e-5)
    rules = {n.name: Clipped(n, rms, CLIP) if n in (da, db) else Optimiser(n, rms) for n in (ga, gb, da, db)}
    for _ in range(2):
        for j in range(2):
            u, v = pictures(random, N, 16).to(dtype), pictures(random, N, 16, 3).to(dtype)
            case.batch(**({"a": u, "b": v} if j == 0 else {"a.1": u, "b.1": v}))
            of_a = da(ga(u).detach()).mean() - da(v).mean()
            of_b = db(gb(v).detach()).mean() - db(u).mean()
            case.move("critics" if j == 0 else "critics.1", [(da, rules["D_A"], of_a), (db, rules["D_B"], of_b)])
        case.loss("critics/adv_A", of_a)
        case.loss("critics/distance_B", -of_b)
        in_v, in_u = ga(u), gb(v)
        adversarial = -da(in_v).mean(), -db(in_u).mean()
        cycles = LAMBDA * (gb(in_v) - u).abs().mean(), LAMBDA * (ga(in_u) - v).abs().mean()
        for name, value in zip(("adv_A", "adv_B", "cycle_U", "cycle_V"), adversarial + cycles):
            case.loss(f"G/{name}", value)
        total = sum(adversarial + cycles)
        case.move("G", [(ga, rules["G_A"], total), (gb, rules["G_B"], total)])
        case.finish_iteration(draws)
    return case


if __name__ == "__main__":
    main(__file__, train)
