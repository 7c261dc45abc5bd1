"""Two iterations of conditional GAN (Mirza, Osindero 2014), the perceptrons with maxout D and dropout, by SGD with momentum.

8 x 8 x 1 in [0, 1], 3 classes, labels of the fakes drawn: writes cgan_update.safetensors. The rate is divided by 1.00004 and the
momentum rises by 0.2 / 150000 at each update.
"""

import numpy as np
import torch
from torch.nn import functional as F

from label_update import LabelDraws, Net, bce, labels_of
from update_case import Case, main, pictures

SIDE, K, N, WIDTH, UNITS, LATENT = 8, 3, 5, 12, 6, 3
OF_Z, OF_Y, UNITS_Y = WIDTH // 6, WIDTH - WIDTH // 6, UNITS * 5 // 24


class Sgd:
    def __init__(self, network):
        self.network, self.steps = network, 0
        self.buffers = {n: torch.zeros_like(p) for n, p in network.parameters.items()}

    def step(self, gradients):
        rate, momentum = 0.1 / 1.00004**self.steps, 0.5 + 0.2 * self.steps / 150000
        self.steps += 1
        done = {}
        for n, p in self.network.parameters.items():
            self.buffers[n] = momentum * self.buffers[n] + gradients[n]
            done[n] = -rate * self.buffers[n]
            p.data += done[n]
        return done


class Generator(Net):
    def __init__(self, *args):
        super().__init__("G", *args)
        self.linear("left.linear1", LATENT, OF_Z)
        self.linear("right.layers.linear1", K, OF_Y)
        self.linear("join.linear1", WIDTH, WIDTH)
        self.linear("join.linear2", WIDTH, SIDE * SIDE)

    def __call__(self, z, y):
        drop = lambda h: h * self.draws.bernoulli(h.shape, 0.5, 2)
        of_y = F.relu(F.linear(F.one_hot(y, K).to(z.dtype), *self.of("right.layers.linear1")))
        h = torch.cat([F.relu(F.linear(z, *self.of("left.linear1"))), of_y], 1)
        h = F.relu(F.linear(drop(h), *self.of("join.linear1")))
        return torch.sigmoid(F.linear(drop(h), *self.of("join.linear2")))


class Discriminator(Net):
    def __init__(self, *args):
        super().__init__("D", *args)
        self.linear("left", SIDE * SIDE, UNITS * 5)
        self.linear("right.layers", K, UNITS_Y * 5)
        self.linear("join.maxout1", UNITS + UNITS_Y, UNITS * 4)
        self.linear("join.linear1", UNITS, 1)

    def maxout(self, name, h, units, pieces):
        return F.linear(h, *self.of(name)).reshape(len(h), units, pieces).amax(2)

    def __call__(self, x, y):
        drop = lambda h: h * self.draws.bernoulli(h.shape, 0.5, 2)
        h = torch.cat(
            [self.maxout("left", x, UNITS, 5), self.maxout("right.layers", F.one_hot(y, K).to(x.dtype), UNITS_Y, 5)], 1
        )
        h = self.maxout("join.maxout1", drop(h), UNITS, 4)
        return F.linear(drop(h), *self.of("join.linear1"))


def train(dtype):
    random = np.random.RandomState(20141106)
    draws = LabelDraws(random, dtype)
    g, d = Generator(dtype, random, draws), Discriminator(dtype, random, draws)
    by_g, by_d = Sgd(g), Sgd(d)
    case = Case("cgan", f"width={WIDTH} units={UNITS} latent={LATENT} fake_labels=uniform", classes=K, integers="label")
    case.start(g, d)
    for _ in range(2):
        image, label = pictures(random, N, SIDE).to(dtype), labels_of(random, N, K)
        case.batch(image=image, label=label)
        y = draws.labels(N, bound=K)
        fake = g(draws.uniform(N, LATENT), y)
        d_loss = bce(d((image.flatten(1) + 1) / 2, label), 1.0) + bce(d(fake.detach(), y), 0.0)
        case.loss("D/adv", d_loss)
        case.move("D", [(d, by_d, d_loss)])
        g_loss = bce(d(fake, y), 1.0)
        case.loss("G/adv", g_loss)
        case.move("G", [(g, by_g, g_loss)])
        case.finish_iteration(draws, g, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
