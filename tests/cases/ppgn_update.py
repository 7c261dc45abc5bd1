"""Plug & Play Generative Networks (Nguyen et al. 2017), tiny, in plain PyTorch: writes ppgn_update.safetensors and ppgn_waiting_update.safetensors beside itself.

16 x 16 x 3, batch 4, two classes, h of 3. ppgn_update: an iteration that trains E1, E2 and C on the classes, then two of D and of G on the fixed E by its running
statistics, the joint PPGN-h with noise of half a deviation on h, x' and h1, all four losses of G, dropout in D. ppgn_waiting_update: without noise, E fixed from the start;
D waits in both iterations, its losses being below 1000 of G's, and G has no adversarial loss. Adam 1e-3, 0.9, 0.999, with 4e-4 of the weights added to
the gradients but for E's.
"""

import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from label_update import labels_of
from reference import Optimiser
from update_case import Case, Draws, Layers, main, pictures

N, SIDE, FEATURES, CLASSES = 4, 16, 3, 2
E_WIDTH, WIDTH, UNITS, D_WIDTH = 2, 4, 5, 2


class Encoder(Layers):
    """Convolutions with batch norm, relu and pooling, or a linear layer with batch norm and relu; batch norm by the batch's statistics or the running ones."""

    def __call__(self, h, mode):
        for i in range(1, 4):
            if f"norm{i}.weight" not in self.parameters:
                break
            if f"conv{i}.weight" in self.parameters:
                h = F.conv2d(h, self.parameters[f"conv{i}.weight"], padding=1)
            else:
                h = F.linear(h.permute(0, 2, 3, 1).flatten(1), self.parameters["linear1.weight"])
            kept = [self.statistics[f"norm{i}.running_{kind}"] for kind in ("mean", "var")]
            h = F.relu(F.batch_norm(h, *kept, self.parameters[f"norm{i}.weight"], self.parameters[f"norm{i}.bias"], mode != "infer", 0.1, 1e-5))
            if h.dim() == 4:
                h = F.max_pool2d(h, 2)
        return h


class Judge(Layers):
    def __call__(self, h):
        for i, (kernel, stride) in enumerate([(7, 4), (5, 1), (3, 2), (3, 1), (3, 2)], 1):
            h = F.relu(F.conv2d(h, self.parameters[f"conv{i}.weight"], self.parameters[f"conv{i}.bias"], stride=stride, padding=kernel // 2))
        h = self.drop(h.mean((2, 3)))
        h = self.drop(F.relu(F.linear(h, self.parameters["linear1.weight"], self.parameters["linear1.bias"])))
        return F.linear(h, self.parameters["linear2.weight"], self.parameters["linear2.bias"])

    def drop(self, h):
        return h * self.draws.bernoulli(h.shape, 0.5, 2)


def variance(x):
    return ((x - x.mean(0, keepdim=True)) ** 2).mean() + 1e-8


def relative(made, wanted):
    return ((made - wanted) ** 2).mean() / variance(wanted)


def train(dtype, waiting=False):
    random = np.random.RandomState(20161201 + waiting)
    draws = Draws(random, dtype)
    noise = 0 if waiting else 0.5
    make = lambda kind, name, layers: kind(name, dtype, random, draws, {"": layers})
    blocks = [(3, E_WIDTH), (E_WIDTH, 2 * E_WIDTH), (2 * E_WIDTH, 4 * E_WIDTH)]
    e1 = make(Encoder, "E1", [layer for i, o in blocks for layer in (("conv", i, o, 3, 1, 1, False), ("norm", o, 1e-5))])
    e2 = make(Encoder, "E2", [("linear", 4 * 4 * E_WIDTH, FEATURES, False), ("norm", FEATURES, 1e-5)])
    c = make(Layers, "C", [("linear", FEATURES, CLASSES, True)])
    leaky = ("leaky", 0.3)
    g = make(Layers, "G", [("linear", FEATURES, UNITS, True), leaky, ("linear", UNITS, UNITS, True), leaky, ("linear", UNITS, 16 * WIDTH, True), leaky, ("picture", 4, 4, WIDTH),
                           ("deconv", WIDTH, WIDTH, 4, 2, 1, 0, False), leaky, ("deconv", WIDTH, 2 * WIDTH, 3, 1, 1, 0, False), leaky, ("deconv", 2 * WIDTH, 3, 4, 2, 1, 0, False)])
    widths = [3] + [D_WIDTH * k for k in (1, 2, 4, 8, 8)]
    d = make(Judge, "D", [("conv", i, o, k, 0, 0, True) for i, o, k in zip(widths, widths[1:], (7, 5, 3, 3, 3))] + [("linear", 8 * D_WIDTH, 8 * D_WIDTH, True), ("linear", 8 * D_WIDTH, 1, True)])
    nets = [e1, e2, c, g, d]
    adam = lambda decay: lambda p: torch.optim.Adam(p, 1e-3, (0.9, 0.999), weight_decay=decay)
    by = {n.name: Optimiser(n, adam(4e-4 if n in (g, d) else 0)) for n in nets}
    settings = f"e_width={E_WIDTH} features={FEATURES} width={WIDTH} units={UNITS} d_width={D_WIDTH} noise={noise}"
    settings += " e_steps=0 slow=1000 quick=1000 adversary=0 behind=1e9" if waiting else " e_steps=1 image=2 maps=0.5 code=0.7 adversary=0.3"
    case = Case("ppgn", settings, classes=CLASSES, integers="label")
    case.start(*nets)
    bce = F.binary_cross_entropy_with_logits
    shaken = lambda x, like: x + draws.normal(*x.shape) * variance(like).sqrt() * noise if noise else x

    def step():
        x, label = pictures(random, N, SIDE, 3).to(dtype), labels_of(random, N, CLASSES)
        case.batch(image=x, label=label)
        return x, label

    if not waiting:
        x, label = step()
        loss = F.cross_entropy(c(e2(e1(x, True), True), True), label)
        case.loss("E/class", loss)
        case.move("E", [(n, by[n.name], loss) for n in (e1, e2, c)])
        case.finish_iteration(draws, *nets)
    for _ in range(2):
        x, _ = step()
        h1 = e1(x, "infer").detach()
        h = e2(h1, "infer").detach()
        made = g(shaken(h, h), True)
        real, fake = d(x), d(made.detach())
        said = {"real": bce(real, torch.ones_like(real)), "fake": bce(fake, torch.zeros_like(fake))}
        for name, value in said.items():
            case.loss(f"D/{name}", value)
        case.move("D", [(d, None if waiting else by["D"], sum(said.values()))])
        m = e1(shaken(made, x), "infer")
        again = e2(shaken(m, h1), "infer")
        parts = {"image": relative(made, x), "maps": relative(m, h1), "code": relative(again, h)}
        if waiting:
            d(made)  # shown, with dropout's draws
        else:
            judged = d(made)
            parts = {k: w * v for (k, v), w in zip(parts.items(), (2, 0.5, 0.7))} | {"adv": 0.3 * bce(judged, torch.ones_like(judged))}
        for name, value in parts.items():
            case.loss(f"G/{name}", value)
        case.move("G", [(g, by["G"], sum(parts.values()))])
        case.finish_iteration(draws, *nets)
    return case


if __name__ == "__main__":
    main(__file__, train)
    main(pathlib.Path(__file__).with_name("ppgn_waiting_update.py"), lambda dtype: train(dtype, True))
