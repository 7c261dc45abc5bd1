"""The Domain Transfer Network (Taigman et al. 2017), tiny, in plain PyTorch: writes dtn_update.safetensors and dtn_variants_update.safetensors beside itself.

16 x 16, side a of three channels and b of one, batch 4, two classes. dtn_update: an iteration that trains f and a linear layer on the classes, then two of D
(three classes) and of g on the fixed f by its running statistics, weights 15, 15 and 0.05. dtn_variants_update: two iterations with the paper's blocks of f (pooling) and of D
(leaky), 1x1 convolutions in g, an encoder of g's own, a binary D, the distance 1 - cos and no total variation; f is fixed from the start.
Adam 3e-4, 0.5, 0.999; f 1e-3, 0.9, 0.999.
"""

import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from label_update import adam, labels_of
from reference import Optimiser
from update_case import Case, Draws, Layers, main, pictures

N, SIDE, W, FEATURES, CLASSES = 4, 16, 2, 3, 2


class Part(Layers):
    """Running statistics follow with a momentum of 0.05."""

    def normalise(self, name, h, follow, eps, momentum=0.05):
        return super().normalise(name, h, follow, eps, momentum)


class Pooling(Part):
    def __call__(self, h, mode):
        for i, window in ((1, 2), (2, 2), (3, 4)):
            w, b = (self.parameters[f"conv{i}.{p}"] for p in ("weight", "bias"))
            h = F.relu(F.max_pool2d(F.conv2d(h, w, b, padding=1), window))
        return h.flatten(1)


def norm(channels):
    return ("norm", channels, 1e-3)


def strided_layers():
    return [("conv", 3, W, 3, 2, 1, False), norm(W), ("relu",), ("conv", W, 2 * W, 3, 2, 1, False), norm(2 * W), ("relu",),
            ("conv", 2 * W, FEATURES, 4, 1, 0, False), norm(FEATURES), ("tanh",), ("flatten",)]


def pooling_layers():
    return [("conv", 3, W, 3, 1, 1, True), ("conv", W, 2 * W, 3, 1, 1, True), ("conv", 2 * W, FEATURES, 3, 1, 1, True)]


def generator_layers(pointwise):
    point = lambda c: [("conv", c, c, 1, 1, 0, False), norm(c), ("relu",)] if pointwise else []
    return [("picture", 1, 1, FEATURES), ("deconv", FEATURES, 2 * W, 4, 1, 0, 0, False), norm(2 * W), ("relu",), *point(2 * W),
            ("deconv", 2 * W, W, 3, 2, 1, 1, False), norm(W), ("relu",), *point(W), ("deconv", W, 1, 3, 2, 1, 1, True), ("tanh",)]


def discriminator_layers(leaky):
    if leaky:
        first = [("conv", 1, W, 3, 2, 1, False), norm(W), ("leaky", 0.2)]
    else:
        first = [("conv", 1, W, 3, 2, 1, True), ("relu",), norm(W)]
    second = [("conv", W, 2 * W, 3, 2, 1, False), norm(2 * W), ("leaky", 0.2) if leaky else ("relu",)]
    return first + second + [("conv", 2 * W, 2 if leaky else 3, 4, 1, 0, True), ("flatten",)]


def unlikely(logits, k):
    return -logits.log_softmax(1)[:, k].mean()


def variation(x):
    right, below, at = x[..., :-1, 1:], x[..., 1:, :-1], x[..., :-1, :-1]
    return ((right - at) ** 2 + (below - at) ** 2 + 1e-8).sqrt().sum() / len(x)


def train(dtype, variants=False):
    random = np.random.RandomState(20161107 + variants)
    draws = Draws(random, dtype)
    make = lambda kind, name, layers: kind(name, dtype, random, draws, {"": layers})
    features = lambda name: make(Pooling, name, pooling_layers()) if variants else make(Part, name, strided_layers())
    f, who = features("f"), make(Part, "who", [("linear", FEATURES, CLASSES, True)])
    g, d = make(Part, "g", generator_layers(variants)), make(Part, "D", discriminator_layers(variants))
    nets = [f, who, g, d]
    settings = f"f_width={W} features={FEATURES} width={W} d_width={W} beta1=0.5 rate=3e-4"
    if variants:
        nets.append(features("encoder"))
        settings += " f_steps=0 encoder=own f_blocks=pooling d_blocks=leaky discriminator=binary distance=cosine pointwise=true alpha=20 beta=3 gamma=0"
    else:
        settings += " f_steps=1 alpha=15 beta=15 gamma=0.05"
    by = {n.name: Optimiser(n, adam(3e-4)) for n in nets[2:]} | {n.name: Optimiser(n, adam(1e-3, 0.9)) for n in nets[:2]}
    case = Case("dtn", settings, classes=CLASSES, integers="label")
    case.start(*nets)
    last = 1 if variants else 2

    def step():
        a, b, label = pictures(random, N, SIDE, 3).to(dtype), pictures(random, N, SIDE, 1).to(dtype), labels_of(random, N, CLASSES)
        case.batch(a=a, b=b, label=label)
        return a, b, label

    if not variants:
        a, _, label = step()
        loss = F.cross_entropy(who(f(a, True), True), label)
        case.loss("f/class", loss)
        case.move("f", [(f, by["f"], loss), (who, by["who"], loss)])
        case.finish_iteration(draws, *nets)
    for _ in range(2):
        a, b, _ = step()
        grey = b.expand(-1, 3, -1, -1)
        seen = f(a, "infer")
        coded = (nets[4](a, True), nets[4](grey, True)) if variants else (seen, f(grey, "infer"))
        from_a, from_b = g(coded[0], True), g(coded[1], True)
        said = [unlikely(d(x.detach(), True), k) for x, k in ((from_a, 0), (from_b, last - 1), (b, last))]
        for name, value in zip(("made_of_a", "made_of_b", "real"), said):
            case.loss(f"D/{name}", value)
        case.move("D", [(d, by["D"], sum(said))])
        again = f(from_a.expand(-1, 3, -1, -1), "infer")
        parts = {"adv_a": unlikely(d(from_a, False), last), "adv_b": unlikely(d(from_b, False), last)}
        if variants:
            parts |= {"const": 20 * (1 - F.cosine_similarity(seen.detach(), again)).mean(), "same": 3 * ((from_b - b) ** 2).mean()}
        else:
            parts |= {"const": 15 * ((seen.detach() - again) ** 2).mean(), "same": 15 * ((from_b - b) ** 2).mean(),
                      "tv": 0.05 * (variation(from_a) + variation(from_b))}
        for name, value in parts.items():
            case.loss(f"g/{name}", value)
        total = sum(parts.values())
        case.move("g", [(n, by[n.name], total) for n in nets if n.name in ("g", "encoder")])
        case.finish_iteration(draws, *nets)
    return case


if __name__ == "__main__":
    main(__file__, train)
    main(pathlib.Path(__file__).with_name("dtn_variants_update.py"), lambda dtype: train(dtype, True))
