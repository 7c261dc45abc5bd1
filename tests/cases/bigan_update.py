"""Two iterations of BiGAN (Donahue et al. 2017), its MNIST perceptrons, tiny: writes bigan_update.safetensors beside itself.

8 x 8 x 1 in [0, 1], width 6, latent 3 from U(-1, 1), batch 16. D, G and E move at once, by Adam 2e-4, 0.5, with L2 2.5e-5 on
weights; pairs (x, E(x)) and (G(z), z) are batches of their own; norms have no gain and no bias, eps 1e-8.
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser
from update_case import Case, Draws, main, pictures

PIXELS, W, L, N, DECAY = 64, 6, 3, 16, 0.01


class Perceptron(Network):
    """Layers (name, in, out, bias); z2 is added to the second; plain norms after some."""

    def __init__(self, name, dtype, random, layers, norms):
        super().__init__(name, dtype)
        for layer, i, o, bias in layers:
            self.parameter(f"{layer}.weight", random.normal(0, 1 / np.sqrt(i), (o, i)))
            if bias:
                self.parameter(f"{layer}.bias", random.normal(0, 0.1, o))
        for n in norms:
            self.statistics[f"{n}.running_mean"] = torch.zeros(W, dtype=dtype)
            self.statistics[f"{n}.running_var"] = torch.ones(W, dtype=dtype)

    def linear(self, layer, h):
        return F.linear(h, self.parameters[f"{layer}.weight"], self.parameters.get(f"{layer}.bias"))

    def plain_norm(self, n, h):
        return F.batch_norm(h, self.statistics[f"{n}.running_mean"], self.statistics[f"{n}.running_var"], None, None, True, 0.1, 1e-8)


class Generator(Perceptron):
    def __init__(self, random, dtype):
        layers = [("linear1", L, W, False), ("linear2", W, W, False), ("z2", L, W, False), ("linear3", W, PIXELS, True)]
        super().__init__("G", dtype, random, layers, ["norm1", "norm2"])

    def __call__(self, z):
        h = F.relu(self.plain_norm("norm1", self.linear("linear1", z)))
        h = F.relu(self.plain_norm("norm2", self.linear("linear2", h) + self.linear("z2", z)))
        return torch.sigmoid(self.linear("linear3", h))


class Encoder(Perceptron):
    def __init__(self, random, dtype):
        super().__init__("E", dtype, random, [("linear1", PIXELS, W, True), ("linear2", W, W, False), ("linear3", W, L, False)], ["norm2"])

    def __call__(self, x):
        h = F.leaky_relu(self.linear("linear1", x), 0.2)
        h = F.leaky_relu(self.plain_norm("norm2", self.linear("linear2", h)), 0.2)
        return 2 * torch.sigmoid(self.linear("linear3", h)) - 1


class Discriminator(Perceptron):
    def __init__(self, random, dtype):
        layers = [("linear1", PIXELS, W, True), ("linear2", W, W, False), ("z2", L, W, False), ("linear3", W, 1, True)]
        super().__init__("D", dtype, random, layers, ["norm2"])

    def __call__(self, x, z):
        h = F.leaky_relu(self.linear("linear1", x), 0.2)
        h = F.leaky_relu(self.plain_norm("norm2", self.linear("linear2", h) + self.linear("z2", z)), 0.2)
        return self.linear("linear3", h)


def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def half_squares(network):
    return 0.5 * sum((p**2).sum() for p in network.parameters.values() if p.dim() > 1)


def train(dtype):
    random = np.random.RandomState(20160531)
    draws = Draws(random, dtype)
    g, e, d = Generator(random, dtype), Encoder(random, dtype), Discriminator(random, dtype)
    case = Case("bigan", f"width={W} latent={L} weight_decay={DECAY}")
    adam = lambda p: torch.optim.Adam(p, lr=2e-4, betas=(0.5, 0.999), eps=1e-8)
    optimisers = [Optimiser(n, adam) for n in (d, g, e)]
    case.start(g, e, d)
    for _ in range(2):
        x = pictures(random, N, 8).to(dtype)
        case.batch(image=x)
        z = draws.uniform(N, L, low=-1, high=1)
        flat = x.flatten(1) * 0.5 + 0.5
        fake = g(z)
        on_real, on_fake = d(flat, e(flat)), d(fake, z)
        losses = {"D": 0.5 * (bce(on_real, 1.0) + bce(on_fake, 0.0)), "G": 0.5 * bce(on_fake, 1.0), "E": 0.5 * bce(on_real, 0.0)}
        for name, value in losses.items():
            case.loss(f"BiGAN/{name}", value)
        # One loss for both would be G's and E's: neither has a path to the other's term.
        case.move("BiGAN", [(n, o, losses[n.name] + DECAY * half_squares(n)) for n, o in zip((d, g, e), optimisers)])
        case.finish_iteration(draws, g, e, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
