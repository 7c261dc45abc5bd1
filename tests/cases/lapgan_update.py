"""Two iterations of LAPGAN (Denton et al. 2015): writes lapgan_update.safetensors, and lapgan_classes_update.safetensors by label.

Levels of 5, 10 and 12 pixels, two colours, batch 4. Each level: a step of its D on one half of the batch as it is and on the other half's
enlarged pictures with G's details, the mean over both; a step of its G on a batch of its own. Dropout in D. Pictures are shrunk from level to level by an
antialiased bilinear rule and enlarged by a bilinear one. SGD 0.02, an epoch a batch: the momentum grows by 0.0008, the rate falls by 1 + 4e-5. By label: a one-hot beside what the fully
connected pair sees, above it a plane that each network makes of the one-hot by a linear layer and a relu.
"""

import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from reference import Optimiser
from update_case import Case, Draws, Layers, main, pictures

SIDES, COLOURS, N, LATENT, FIRST, WIDTH, KEEP, CLASSES = (5, 10, 12), 2, 4, 3, 6, 2, 0.5, 3


class Descent(Optimiser):
    """v = momentum v + g, p -= rate v."""

    def __init__(self, network):
        self.network, self.steps = network, 0
        self.velocity = {n: torch.zeros_like(p) for n, p in network.parameters.items()}

    def step(self, gradients):
        rate, momentum = 0.02 / (1 + 4e-5) ** self.steps, 0.0008 * self.steps
        old = {n: p.detach().clone() for n, p in self.network.parameters.items()}
        self.steps += 1
        with torch.no_grad():
            for n, p in self.network.parameters.items():
                self.velocity[n] = momentum * self.velocity[n] + gradients[n]
                p -= rate * self.velocity[n]
        return {n: p.detach() - old[n] for n, p in self.network.parameters.items()}


bce = F.binary_cross_entropy_with_logits


def resize(x, side, antialias):
    return F.interpolate(x, (side, side), mode="bilinear", align_corners=False, antialias=antialias)


class Given(Layers):
    """Layers that see the label, if there are labels: flat ones beside their first rows, others as a plane."""

    def __init__(self, name, side, *args, first, by_label):
        self.side, self.flat, self.by_label = side, side == SIDES[0], by_label
        parts = {"": first}
        if by_label and not self.flat:
            parts = {"right.layers": [("linear", CLASSES, side * side, True), ("relu",)], "join": first}
        super().__init__(name, *args, parts)

    def of(self, x, labels):
        if not self.by_label:
            return self(x, True)
        y = F.one_hot(labels, CLASSES).to(x.dtype)
        if self.flat:
            return self(torch.cat((x, y), 1), True)
        return self(torch.cat((x, self(y, True, "right.layers").reshape(len(x), 1, self.side, self.side)), 1), True, "join")


def rows(x):
    return x.permute(0, 2, 3, 1).flatten(1)


def networks(side, by_label, *args):
    if side == SIDES[0]:
        pixels, half, more = side * side * COLOURS, FIRST // 2, CLASSES if by_label else 0
        g = [("linear", LATENT + more, FIRST, True), ("relu",), ("linear", FIRST, FIRST, True), ("relu",), ("linear", FIRST, pixels, True), ("picture", side, side, COLOURS)]
        d = [("linear", pixels + more, half, True), ("relu",), ("dropout", KEEP), ("linear", half, half, True), ("relu",), ("dropout", KEEP), ("linear", half, 1, True)]
    else:
        left, more = (side - 9) // 2 + 1, 1 if by_label else 0
        g = [("conv", COLOURS + 1 + more, WIDTH, 7, 1, 3, True), ("relu",), ("conv", WIDTH, WIDTH, 7, 1, 3, True), ("relu",), ("conv", WIDTH, COLOURS, 5, 1, 2, True)]
        d = [("conv", COLOURS + more, WIDTH, 5, 1, 0, True), ("relu",), ("conv", WIDTH, WIDTH, 5, 2, 0, True), ("relu",), ("dropout", KEEP), ("flatten",), ("linear", left * left * WIDTH, 1, True)]
    return Given(f"G{side}", side, *args, first=g, by_label=by_label), Given(f"D{side}", side, *args, first=d, by_label=by_label)


def train(dtype, by_label=False):
    random = np.random.RandomState(20150618)
    draws = Draws(random, dtype)
    nets = {side: networks(side, by_label, dtype, random, draws) for side in SIDES}
    settings = f"coarsest={SIDES[0]} latent={LATENT} first_width={FIRST} width={WIDTH} dropout={1 - KEEP} optimizer=sgd"
    case = Case("lapgan", settings + " classes=true", classes=CLASSES, integers="label") if by_label else Case("lapgan", settings)
    case.start(*(n for pair in nets.values() for n in pair))
    by = {n.name: Descent(n) for pair in nets.values() for n in pair}

    def at(x, side):
        for s in reversed(SIDES[:-1]):
            if s >= side:
                x = resize(x, s, True)
        return x

    def fake(g, x, labels, side):
        if side == SIDES[0]:
            return g.of(draws.uniform(len(x), LATENT, low=-1), labels)
        low = resize(at(x, SIDES[SIDES.index(side) - 1]), side, False)
        return low + g.of(torch.cat((low, draws.uniform(len(x), 1, side, side, low=-1)), 1), labels)

    def judge(d, x, labels):
        return d.of(rows(x) if d.flat else x, labels)

    for _ in range(2):
        x, y = (pictures(random, N, SIDES[-1], COLOURS).to(dtype) for _ in range(2))
        x_of, y_of = (torch.from_numpy(random.randint(0, CLASSES, N)) for _ in range(2))
        case.batch(**{"image": x, "image.1": y}, **({"label": x_of, "label.1": y_of} if by_label else {}))
        for side, (g, d) in nets.items():
            made = fake(g, x[N // 2 :], x_of[N // 2 :], side).detach()
            on_fake = judge(d, made, x_of[N // 2 :])
            on_real = judge(d, at(x[: N // 2], side), x_of[: N // 2])
            loss = (bce(on_real, torch.ones_like(on_real)) + bce(on_fake, torch.zeros_like(on_fake))) / 2
            case.loss(f"D{side}/adv", loss)
            case.move(f"D{side}", [(d, by[d.name], loss)])
            on_fake = judge(d, fake(g, y, y_of, side), y_of)
            loss = bce(on_fake, torch.ones_like(on_fake))
            case.loss(f"G{side}/adv", loss)
            case.move(f"G{side}", [(g, by[g.name], loss)])
        case.finish_iteration(draws, *(n for pair in nets.values() for n in pair))
    return case


if __name__ == "__main__":
    main(__file__, train)
    main(str(pathlib.Path(__file__).with_name("lapgan_classes_update.py")), lambda dtype: train(dtype, by_label=True))
