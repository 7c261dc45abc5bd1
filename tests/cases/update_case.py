"""What the cases of tests/gan/update_case.h share: networks by the engine's names, recorded noise, updates, the file.

A model's script NAME_update.py defines train(dtype) -> Case and ends with main(__file__, train): the case is computed in
float64, written, and computed in float32 too, to show what single precision does to it.
"""

import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser, Record, float32_exact, write


class Layers(Network):
    """Layers one after another, by the engine's names: type and number. Rank-2 tensors follow rank-4 ones channels last.

    Each is a tuple: ("conv", in, out, kernel, stride, padding, bias), ("deconv", in, out, kernel, stride, padding,
    output_padding, bias), ("linear", in, out, bias), ("norm", channels, eps), ("flatten",), ("picture", height, width,
    channels), ("maxout", in, units, pieces), ("dropout", keep), ("map_dropout", keep), ("pool", kernel, stride), ("relu",), ("leaky", slope), ("tanh",), ("sigmoid",).
    """

    def __init__(self, name, dtype, random, draws, parts):
        super().__init__(name, dtype)
        self.random, self.draws = random, draws
        self.parts = {part: self.declare(f"{part}." if part else "", layers) for part, layers in parts.items()}

    def weight(self, name, shape, fan_in):
        self.parameter(name, self.random.normal(0, 1 / np.sqrt(fan_in), shape))

    def bias(self, name, count):
        self.parameter(name, self.random.normal(0, 0.1, count))

    def declare(self, prefix, layers):
        count, named = {}, []
        for kind, *spec in layers:
            count[kind] = count.get(kind, 0) + 1
            name = f"{prefix}{kind}{count[kind]}"
            named.append((kind, name, spec))
            if kind == "conv":
                i, o, k, _, _, bias = spec
                self.weight(f"{name}.weight", (o, i, k, k), i * k * k)
            elif kind == "deconv":
                i, o, k, stride, _, _, bias = spec
                self.weight(f"{name}.weight", (i, o, k, k), i * k * k / stride**2)
            elif kind == "linear":
                i, o, bias = spec
                self.weight(f"{name}.weight", (o, i), i)
            elif kind == "maxout":
                i, units, pieces = spec
                o, bias = units * pieces, True
                self.weight(f"{name}.weight", (o, i), i)
            elif kind == "norm":
                self.norm(name, self.random, spec[0])
                continue
            else:
                continue
            if bias:
                self.bias(f"{name}.bias", o)
        return named

    def __call__(self, h, follow, part=""):
        p = self.parameters
        for kind, name, spec in self.parts[part]:
            w, b = p.get(f"{name}.weight"), p.get(f"{name}.bias")
            if kind == "conv":
                h = F.conv2d(h, w, b, stride=spec[3], padding=spec[4])
            elif kind == "deconv":
                h = F.conv_transpose2d(h, w, b, stride=spec[3], padding=spec[4], output_padding=spec[5])
            elif kind == "linear":
                h = F.linear(h, w, b)
            elif kind == "maxout":
                h = F.linear(h, w, b).reshape(len(h), spec[1], spec[2]).amax(2)
            elif kind == "norm":
                h = self.normalise(name, h, follow, spec[1])
            elif kind == "flatten":
                h = h.permute(0, 2, 3, 1).flatten(1)
            elif kind == "picture":
                h = h.reshape(len(h), *spec).permute(0, 3, 1, 2)
            elif kind == "dropout":
                h = h * self.draws.bernoulli(h.shape, spec[0], 1 / spec[0])
            elif kind == "map_dropout":
                h = h * self.draws.bernoulli((*h.shape[:2], 1, 1), spec[0], 1 / spec[0])
            elif kind == "pool":
                h = F.max_pool2d(h, *spec)
            elif kind == "relu":
                h = F.relu(h)
            elif kind == "leaky":
                h = F.leaky_relu(h, spec[0])
            else:
                h = {"tanh": torch.tanh, "sigmoid": torch.sigmoid}[kind](h)
        return h

    def normalise(self, name, h, follow, eps, momentum=0.1):
        """By the batch's statistics, which the running ones follow or not (True, False), or by the running ones ("infer")."""
        kept = [self.statistics[f"{name}.running_{kind}"] for kind in ("mean", "var")]
        if not follow:
            kept = [s.clone() for s in kept]
        return F.batch_norm(h, *kept, self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"], follow != "infer", momentum, eps)


class Draws:
    """Noise in the order in which the model asks for it, as float32 holds it."""

    def __init__(self, random, dtype):
        self.random, self.dtype, self.made = random, dtype, []

    def keep(self, values):
        self.made.append(float32_exact(values))
        return self.made[-1].to(self.dtype)

    def normal(self, *shape):
        return self.keep(self.random.normal(0, 1, shape))

    def uniform(self, *shape, low=0, high=1):
        return self.keep(self.random.uniform(low, high, shape))

    def bernoulli(self, shape, probability, value=1):
        return self.keep(value * (self.random.uniform(0, 1, tuple(shape)) < probability))


class Case:
    def __init__(self, model, settings, **metadata):
        self.metadata = {"model": model, "settings": settings} | metadata
        self.record, self.iteration = Record(), 0

    @property
    def tensors(self):
        return self.record.tensors

    def start(self, *networks):
        for n in networks:
            self.record.weights(n, "initial")

    def batch(self, **fields):
        for name, value in fields.items():
            self.record.add(f"{self.iteration}.batch.{name}", value)

    def loss(self, name, value):
        self.record.add(f"{self.iteration}.loss.{name}", value)

    def move(self, update, moves):
        """moves: [(network, optimiser, loss, retained)]. All gradients first, then all steps, as an update does."""
        found = []
        for network, optimiser, loss in moves:
            names, leaves = zip(*network.parameters.items())
            gradients = torch.autograd.grad(loss, leaves, retain_graph=True, allow_unused=True)
            found.append({n: torch.zeros_like(p) if g is None else g for n, p, g in zip(names, leaves, gradients)})
        for (network, optimiser, _), gradients in zip(moves, found):
            steps = optimiser.step(gradients) if optimiser else {n: torch.zeros_like(g) for n, g in gradients.items()}
            for n, g in gradients.items():
                self.record.add(f"{self.iteration}.{update}.grad.{network.name}.{n}", g)
                self.record.add(f"{self.iteration}.{update}.step.{network.name}.{n}", steps[n])

    def finish_iteration(self, draws, *networks):
        for i, d in enumerate(draws.made):
            self.record.add(f"{self.iteration}.draw.{i}", d)
        draws.made = []
        for network in networks:
            for name, value in network.statistics.items():
                self.record.add(f"{self.iteration}.after.{network.name}.{name}", value)
        self.iteration += 1


def pictures(random, n, size, channels=1):
    """Smooth blobs in [-1, 1], so that a batch has structure."""
    rows, columns = np.mgrid[0:size, 0:size] / (size - 1.0)
    total = np.full((n, channels, size, size), -1.0)
    for picture in total:
        for _ in range(3):
            y, x, r = random.uniform(0.2, 0.8), random.uniform(0.2, 0.8), random.uniform(0.1, 0.3)
            for plane in picture:
                plane += random.uniform(0.5, 1.5) * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / r**2)
    return float32_exact(np.clip(total, -1.0, 1.0))


def main(script, train):
    torch.set_num_threads(1)
    exact, rough = train(torch.float64), train(torch.float32)
    groups = {}
    for name, t in exact.tensors.items():
        if ".grad." in name or ".step." in name:
            net = name.split(".")
            key = f"{net[0]} {'.'.join(net[1:net.index('grad' if 'grad' in net else 'step') + 2])}"
            e, s = groups.get(key, (0, 0))
            groups[key] = (e + ((rough.tensors[name].double() - t) ** 2).sum().item(), s + (t**2).sum().item())
    for key, (e, s) in groups.items():
        print(f"iteration {key}: norm {s**0.5:.3g}, float32 differs by {(e / max(s, 1e-300)) ** 0.5:.1e} of it")
    for name, t in exact.tensors.items():
        if ".loss." in name:
            print(f"{name} {t.item():.6f}")
    path = pathlib.Path(script).with_suffix(".safetensors")
    write(path, exact.metadata | {"iterations": exact.iteration}, exact.tensors)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
