"""Two iterations of WGAN-GP's residual pair with classes (Gulrajani et al. 2017, their CIFAR-10 script): writes
wgan_gp_classes_update.safetensors.

8 x 8 x 1, 3 classes, width 4. The critic: mean f(G) - mean f(x) + 10 GP + CE(class(x)); G: -mean f(G) + 0.1 CE(class(G)), whose
batch norm has gains and biases by class, but for the last. Adam 2e-4, 0, 0.9.
"""

import numpy as np
import torch
from torch.nn import functional as F

from label_update import LabelDraws, Net, adam, labels_of, maps
from reference import Optimiser
from update_case import Case, main, pictures

SIDE, K, N, W, LATENT = 8, 3, 4, 4, 3
up = lambda h: h.repeat_interleave(2, 2).repeat_interleave(2, 3)


class Generator(Net):
    def __init__(self, *args):
        super().__init__("G", *args)
        self.linear("linear1", LATENT, 16 * W)
        self.class_norm("block1.main.norm1", K, W)
        self.conv("block1.main.conv1", W, W, 3)
        self.class_norm("block1.main.norm2", K, W)
        self.conv("block1.main.conv2", W, W, 3)
        self.conv("block1.shortcut.conv1", W, W, 1)
        self.norm("norm1", self.random, W)
        self.conv("conv1", W, 1, 3)

    def __call__(self, z, y, follow):
        x = maps(F.linear(z, *self.of("linear1")), 4)
        h = F.relu(self.by_class("block1.main.norm1", x, y, follow))
        h = F.conv2d(up(h), *self.of("block1.main.conv1"), padding=1)
        h = F.relu(self.by_class("block1.main.norm2", h, y, follow))
        h = F.conv2d(h, *self.of("block1.main.conv2"), padding=1)
        h = h + F.conv2d(up(x), *self.of("block1.shortcut.conv1"))
        h = F.relu(self.normalise("norm1", h, follow, 1e-5))
        return torch.tanh(F.conv2d(h, *self.of("conv1"), padding=1))


class Critic(Net):
    def __init__(self, *args):
        super().__init__("critic", *args)
        for block, i, shortcut in ((1, 1, True), (2, W, True), (3, W, False), (4, W, False)):
            self.conv(f"trunk.block{block}.main.conv1", i, W, 3)
            self.conv(f"trunk.block{block}.main.conv2", W, W, 3)
            if shortcut:
                self.conv(f"trunk.block{block}.shortcut.conv1", i, W, 1)
        self.linear("score", W, 1)
        self.linear("label", W, K)

    def __call__(self, x):
        conv = lambda name, h, padding=1: F.conv2d(h, *self.of(f"trunk.{name}"), padding=padding)
        pool = lambda h: F.avg_pool2d(h, 2)
        h = pool(conv("block1.main.conv2", F.relu(conv("block1.main.conv1", x))))
        h = h + conv("block1.shortcut.conv1", pool(x), 0)
        main = lambda block, h: conv(f"{block}.main.conv2", F.relu(conv(f"{block}.main.conv1", F.relu(h))))
        h = pool(main("block2", h)) + pool(conv("block2.shortcut.conv1", h, 0))
        for block in ("block3", "block4"):
            h = main(block, h) + h
        h = F.relu(h).mean((2, 3))
        return F.linear(h, *self.of("score")), F.linear(h, *self.of("label"))


def train(dtype):
    random = np.random.RandomState(20170402)
    draws = LabelDraws(random, dtype)
    g, f = Generator(dtype, random), Critic(dtype, random)
    by_g, by_f = (Optimiser(n, adam(2e-4, 0, 0.9)) for n in (g, f))
    settings = f"architecture=resnet classes=ac width={W} latent={LATENT} critic_steps=1 generator_batches=2 decay_steps=0 dequantise=false"
    # The biases before a batch norm have no gradient but rounding, which Adam turns into steps.
    case = Case("wgan-gp", settings, classes=K, integers="label", f32_step=0.2)
    case.start(g, f)
    for _ in range(2):
        image, label = pictures(random, N, SIDE).to(dtype), labels_of(random, N, K)
        case.batch(image=image, label=label)
        z, c = draws.normal(N, LATENT), draws.labels(N, bound=K)
        fake = g(z, c, False).detach()
        on_real, classes = f(image)
        a = draws.uniform(N, 1, 1, 1)
        mixed = (a * image + (1 - a) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(f(mixed)[0].sum(), mixed, create_graph=True)
        parts = {
            "adv": f(fake)[0].mean() - on_real.mean(),
            "gp": 10 * (((slope.flatten(1) ** 2).sum(1) + 1e-12).sqrt() - 1).square().mean(),
            "class": F.cross_entropy(classes, label),
        }
        for name, value in parts.items():
            case.loss(f"critic/{name}", value)
        case.move("critic", [(f, by_f, sum(parts.values()))])
        z, c = draws.normal(2 * N, LATENT), draws.labels(2 * N, bound=K)
        score, classes = f(g(z, c, True))
        parts = {"adv": -score.mean(), "class": 0.1 * F.cross_entropy(classes, c)}
        for name, value in parts.items():
            case.loss(f"G/{name}", value)
        case.move("G", [(g, by_g, sum(parts.values()))])
        case.finish_iteration(draws, g, f)
    return case


if __name__ == "__main__":
    main(__file__, train)
