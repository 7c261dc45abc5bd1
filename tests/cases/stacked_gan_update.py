"""Three iterations of SGAN (Huang et al. 2017), the networks for MNIST, one of each stage: writes stacked_gan_update.safetensors.

16 x 16 x 2 in [0, 1], 3 classes, width 2 (16 features), z1 of 4 numbers, z0 of 3, uniform in (0, 1). First E and its classes (Adam 0.9);
then each level on real features; then both, where G1 sees 0.25 of G0's losses. Noise is drawn afresh in every update.
"""

import numpy as np
import torch
from torch.nn import functional as F

from label_update import Net, adam, bce, labels_of, maps, rows
from reference import Optimiser
from update_case import Case, Draws, main, pictures

SIDE, COLOURS, K, N, W, UPPER, LOWER = 16, 2, 3, 5, 2, 4, 3
FEATURES, BASE, JOINT, ENTROPY = 8 * W, (SIDE - 12) // 4, 0.25, 10.0
EPS = 1e-6


class Encoder(Net):
    def __init__(self, *args):
        super().__init__("E", *args)
        self.conv("conv1", COLOURS, W, 5)
        self.conv("conv2", W, W, 5)
        self.linear("linear1", W * BASE**2, FEATURES)

    def __call__(self, x):
        h = F.max_pool2d(F.relu(F.conv2d(x, *self.of("conv1"))), 2)
        h = F.max_pool2d(F.relu(F.conv2d(h, *self.of("conv2"))), 2)
        return F.relu(F.linear(rows(h), *self.of("linear1")))


class Head(Net):
    def __init__(self, *args):
        super().__init__("E_class", *args)
        self.weight("weight", (K, FEATURES), FEATURES)
        self.bias("bias", K)

    def __call__(self, h):
        return F.linear(h, self.parameters["weight"], self.parameters["bias"])


class Features(Net):
    def __init__(self, *args):
        super().__init__("G1", *args)
        self.linear("linear1", UPPER + K, 2 * FEATURES, False)
        self.norm("norm1", self.random, 2 * FEATURES)
        self.linear("linear2", 2 * FEATURES, 2 * FEATURES, False)
        self.norm("norm2", self.random, 2 * FEATURES)
        self.linear("linear3", 2 * FEATURES, FEATURES)

    def __call__(self, z, y, follow):
        h = torch.cat([z, F.one_hot(y, K).to(z.dtype)], 1)
        for i in (1, 2):
            h = F.relu(self.normalise(f"norm{i}", F.linear(h, *self.of(f"linear{i}")), follow, EPS))
        return F.relu(F.linear(h, *self.of("linear3")))


class Pictures(Net):
    def __init__(self, *args):
        super().__init__("G0", *args)
        self.linear("noise.linear1", LOWER, FEATURES // 2, False)
        self.norm("noise.norm1", self.random, FEATURES // 2)
        self.linear("both.linear1", FEATURES + FEATURES // 2, 4 * W * BASE**2, False)
        self.norm("both.norm1", self.random, 4 * W * BASE**2)
        for i, (before, after) in enumerate(((4, 4), (4, 2), (2, 2))):
            self.conv(f"both.deconv{i + 1}", before * W, after * W, 5, False, True)
            self.norm(f"both.norm{i + 2}", self.random, after * W)
        self.conv("both.deconv4", 2 * W, COLOURS, 5, True, True)

    def __call__(self, h, z, follow):
        n = F.relu(self.normalise("noise.norm1", F.linear(z, *self.of("noise.linear1")), follow, EPS))
        x = F.relu(self.normalise("both.norm1", F.linear(torch.cat([h, n], 1), *self.of("both.linear1")), follow, EPS))
        x = maps(x, BASE)
        for i in (1, 2, 3):
            how = dict(stride=2, padding=2, output_padding=1) if i != 2 else {}
            x = F.conv_transpose2d(x, *self.of(f"both.deconv{i}"), **how)
            x = F.relu(self.normalise(f"both.norm{i + 1}", x, follow, EPS))
        return torch.sigmoid(F.conv_transpose2d(x, *self.of("both.deconv4")))


class Judge(Net):
    """D1 (of features) or D0 (of pictures): a logit, and the noise as Q reads it."""

    def __init__(self, name, *args):
        super().__init__(name, *args)
        self.flat = name == "D1"
        if self.flat:
            self.linear("trunk.linear1", FEATURES, FEATURES)
            self.linear("trunk.linear2", FEATURES, FEATURES)
        else:
            for i, (before, after) in enumerate(((COLOURS, W), (W, 2 * W), (2 * W, 4 * W))):
                self.conv(f"trunk.conv{i + 1}", before, after, 5)
            self.linear("trunk.linear1", 4 * W * ((SIDE + 7) // 8) ** 2, FEATURES)
        self.linear("source", FEATURES, 1)
        self.linear("noise", FEATURES, UPPER if self.flat else LOWER)

    def __call__(self, x):
        if self.flat:
            h = F.relu(F.linear(F.relu(F.linear(x, *self.of("trunk.linear1"))), *self.of("trunk.linear2")))
        else:
            for i in (1, 2, 3):
                x = F.leaky_relu(F.conv2d(x, *self.of(f"trunk.conv{i}"), stride=2, padding=2), 0.2)
            h = F.relu(F.linear(rows(x), *self.of("trunk.linear1")))
        return F.linear(h, *self.of("source")), F.linear(h, *self.of("noise"))


def train(dtype):
    random = np.random.RandomState(20170721)
    draws = Draws(random, dtype)
    nets = [c(dtype, random, draws) for c in (Encoder, Head, Features)]
    d1 = Judge("D1", dtype, random, draws)
    g0 = Pictures(dtype, random, draws)
    d0 = Judge("D0", dtype, random, draws)
    e, head, g1 = nets
    every = (e, head, g1, d1, g0, d0)
    by = {}
    case = Case("stacked-gan", f"width={W} latent={UPPER} latent0={LOWER} pretrain=1 independent=1 joint={JOINT}", classes=K, integers="label")
    case.start(*every)

    def optimiser(network, beta1=0.5, rate=5e-4):
        return Optimiser(network, adam(rate, beta1))

    def update(name, moves, losses):
        for term, value in losses.items():
            case.loss(f"{name}/{term}", value)
        total = sum(losses.values())
        case.move(name, [(n, by[n.name], total) for n in moves])

    def judge_losses(d, real, fake, z):
        on_real, (on_fake, read) = d(real)[0], d(fake)
        return {"adv": bce(on_real, 1.0) + bce(on_fake, 0.0), "noise": ENTROPY * F.mse_loss(read, z)}

    def losses1(h, y, z):
        said, read = d1(h)
        return {"adv": bce(said, 1.0), "class": F.cross_entropy(head(h), y), "noise": ENTROPY * F.mse_loss(read, z)}

    def losses0(h, z):
        x = g0(h, z, True)
        said, read = d0(x)
        return {"adv": bce(said, 1.0), "features": F.mse_loss(e(x), h), "noise": ENTROPY * F.mse_loss(read, z)}

    for stage in range(3):
        image, y = pictures(random, N, SIDE, COLOURS).to(dtype), labels_of(random, N, K)
        case.batch(image=image, label=y)
        x = (image + 1) / 2
        if stage == 0:
            by = {n.name: optimiser(n, 0.9, 1e-3) for n in (e, head)}
            update("E", (e, head), {"class": F.cross_entropy(head(e(x)), y)})
            case.finish_iteration(draws, *every)
            continue
        by = {n.name: optimiser(n) for n in (g1, d1, g0, d0)}
        h = e(x).detach()
        z1 = draws.uniform(N, UPPER)
        update("D1", (d1,), judge_losses(d1, h, g1(z1, y, False).detach(), z1))
        if stage == 1:
            z1 = draws.uniform(N, UPPER)
            update("G1", (g1,), losses1(g1(z1, y, True), y, z1))
            z0 = draws.uniform(N, LOWER)
            update("D0", (d0,), judge_losses(d0, x, g0(h, z0, False).detach(), z0))
            update("G0", (g0,), losses0(h, draws.uniform(N, LOWER)))
        else:
            z0, z1 = draws.uniform(N, LOWER), draws.uniform(N, UPPER)
            update("D0", (d0,), judge_losses(d0, x, g0(g1(z1, y, False), z0, False).detach(), z0))
            z1 = draws.uniform(N, UPPER)
            made = g1(z1, y, True)
            losses = {f"{k}1": v for k, v in losses1(made, y, z1).items()}
            weighed = made * JOINT + made.detach() * (1 - JOINT)
            losses |= {f"{k}0": v for k, v in losses0(weighed, draws.uniform(N, LOWER)).items()}
            update("G", (g1, g0), losses)
        case.finish_iteration(draws, *every)
    return case


if __name__ == "__main__":
    main(__file__, train)
