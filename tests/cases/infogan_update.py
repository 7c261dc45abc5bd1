"""Two iterations of InfoGAN (Chen et al. 2016), the networks for MNIST: writes infogan_update.safetensors.

8 x 8 x 1 in [0, 1], width 2, noise 3, one categorical code of 4 values, two continuous ones whose deviation Q says; lambda 1 and
0.5. Fresh noise and codes in either step. Adam 0.5, 0.999; 2e-4 for D and Q, 1e-3 for G.
"""

import math

import numpy as np
import torch
from torch.nn import functional as F

from label_update import LabelDraws, Net, adam, bce, maps, rows
from reference import Optimiser
from update_case import Case, main, pictures

SIDE, N, W, NOISE, V, C, LAMBDA_C = 8, 6, 2, 3, 4, 2, 0.5
BASE = SIDE // 4


class Generator(Net):
    def __init__(self, *args):
        super().__init__("G", *args)
        self.linear("linear1", NOISE + V + C, 16 * W, False)
        self.norm("norm1", self.random, 16 * W)
        self.linear("linear2", 16 * W, 2 * W * BASE**2, False)
        self.norm("norm2", self.random, 2 * W * BASE**2)
        self.conv("deconv1", 2 * W, W, 4, False, True)
        self.norm("norm3", self.random, W)
        self.conv("deconv2", W, 1, 4, True, True)

    def __call__(self, z, follow):
        h = F.relu(self.normalise("norm1", F.linear(z, *self.of("linear1")), follow, 1e-5))
        h = F.relu(self.normalise("norm2", F.linear(h, *self.of("linear2")), follow, 1e-5))
        h = F.conv_transpose2d(maps(h, BASE), *self.of("deconv1"), stride=2, padding=1)
        h = F.relu(self.normalise("norm3", h, follow, 1e-5))
        return torch.sigmoid(F.conv_transpose2d(h, *self.of("deconv2"), stride=2, padding=1))


class Discriminator(Net):
    def __init__(self, *args):
        super().__init__("D", *args)
        self.conv("trunk.conv1", 1, W, 4)
        self.conv("trunk.conv2", W, 2 * W, 4, False)
        self.norm("trunk.norm1", self.random, 2 * W)
        self.linear("trunk.linear1", 2 * W * BASE**2, 16 * W, False)
        self.norm("trunk.norm2", self.random, 16 * W)
        self.linear("source", 16 * W, 1)
        self.linear("codes.linear1", 16 * W, 2 * W, False)
        self.norm("codes.norm1", self.random, 2 * W)
        self.linear("codes.linear2", 2 * W, V + 2 * C)

    def __call__(self, x, follow, codes=True):
        h = F.leaky_relu(F.conv2d(x, *self.of("trunk.conv1"), stride=2, padding=1), 0.1)
        h = F.conv2d(h, *self.of("trunk.conv2"), stride=2, padding=1)
        h = F.leaky_relu(self.normalise("trunk.norm1", h, follow, 1e-5), 0.1)
        h = self.normalise("trunk.norm2", F.linear(rows(h), *self.of("trunk.linear1")), follow, 1e-5)
        h = F.leaky_relu(h, 0.1)
        source = F.linear(h, *self.of("source"))
        if not codes:  # Q does not see real pictures
            return source, None
        q = self.normalise("codes.norm1", F.linear(h, *self.of("codes.linear1")), follow, 1e-5)
        return source, F.linear(F.leaky_relu(q, 0.1), *self.of("codes.linear2"))


def information(said, category, numbers):
    logits, mu, a = said.split([V, C, C], dim=1)
    discrete = F.log_softmax(logits, 1).gather(1, category).mean()
    s = torch.exp(0.5 * a)
    gaussian = -0.5 * math.log(2 * math.pi) - torch.log(s) - (numbers - mu) ** 2 / (2 * s**2)
    return {"codes": -discrete, "numbers": -LAMBDA_C * gaussian.sum(1).mean()}


def train(dtype):
    random = np.random.RandomState(20160612)
    draws = LabelDraws(random, dtype)
    g, d = Generator(dtype, random, draws), Discriminator(dtype, random, draws)
    by_g, by_d = Optimiser(g, adam(1e-3)), Optimiser(d, adam(2e-4))
    settings = f"width={W} latent={NOISE} values={V} continuous={C} deviation=learned lambda_continuous={LAMBDA_C}"
    case = Case("infogan", settings)
    case.start(g, d)

    def codes():
        noise = draws.uniform(N, NOISE, low=-1, high=1)
        category, numbers = draws.labels(N, 1, bound=V), draws.uniform(N, C, low=-1, high=1)
        return category, numbers, torch.cat([noise, F.one_hot(category[:, 0], V).to(dtype), numbers], 1)

    for _ in range(2):
        image = pictures(random, N, SIDE).to(dtype)
        case.batch(image=image)
        category, numbers, z = codes()
        real = d((image + 1) / 2, True, False)[0]
        fake, said = d(g(z, False).detach(), True)
        parts = {"adv": bce(real, 1.0) + bce(fake, 0.0)} | information(said, category, numbers)
        for name, value in parts.items():
            case.loss(f"D/{name}", value)
        case.move("D", [(d, by_d, sum(parts.values()))])
        category, numbers, z = codes()
        fake, said = d(g(z, True), False)
        parts = {"adv": bce(fake, 1.0)} | information(said, category, numbers)
        for name, value in parts.items():
            case.loss(f"G/{name}", value)
        case.move("G", [(g, by_g, sum(parts.values()))])
        case.finish_iteration(draws, g, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
