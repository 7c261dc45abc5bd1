"""The feature networks, written in plain PyTorch by torchvision's and pytorch-fid's names, with random weights and reduced widths.

    python tests/cases/metrics_networks.py     writes metrics_features/*.safetensors beside itself

Each network is two files: NETWORK.safetensors, its weights as scripts/convert_features.py converts them, and NETWORK_case.safetensors, a
picture and what the network makes of it in float64.
"""

import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

import reference

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent.parent / "scripts"))
import convert_features  # noqa: E402

torch.set_num_threads(1)


class Weights(dict):
    """A state dict that invents each tensor when it is first asked for; exact in float32."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)

    def make(self, name, shape, mean=0.0, deviation=1.0):
        if name not in self:
            values = self.random.normal(mean, deviation, shape).astype(np.float32)
            if name.endswith("running_var"):
                values = np.abs(values) + np.float32(0.3)
            self[name] = values
        return torch.from_numpy(self[name].astype(np.float64))

    def matrix(self, name, *shape):
        return self.make(name, shape, 0, (2 / np.prod(shape[1:])) ** 0.5)


class InceptionV3:
    def __init__(self, weights, divisor, kind):
        self.w, self.divisor, self.kind = weights, divisor, kind

    def conv(self, x, name, out, kernel=1, stride=1, padding=0):
        kernel = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        out //= self.divisor
        h = F.conv2d(x, self.w.matrix(f"{name}.conv.weight", out, x.shape[1], *kernel), None, stride, padding)
        bn = [self.w.make(f"{name}.bn.{n}", (out,), m, 0.1) for n, m in
              [("running_mean", 0), ("running_var", 1), ("weight", 1), ("bias", 0)]]
        return F.relu(F.batch_norm(h, *bn, training=False, eps=0.001))

    def mean_pool(self, x):
        return F.avg_pool2d(x, 3, 1, 1, count_include_pad=self.kind == "torchvision")

    def a(self, x, n, pool):
        five = self.conv(self.conv(x, f"{n}.branch5x5_1", 48), f"{n}.branch5x5_2", 64, 5, 1, 2)
        three = self.conv(self.conv(x, f"{n}.branch3x3dbl_1", 64), f"{n}.branch3x3dbl_2", 96, 3, 1, 1)
        three = self.conv(three, f"{n}.branch3x3dbl_3", 96, 3, 1, 1)
        pooled = self.conv(self.mean_pool(x), f"{n}.branch_pool", pool)
        return torch.cat([self.conv(x, f"{n}.branch1x1", 64), five, three, pooled], 1)

    def b(self, x, n):
        h = self.conv(self.conv(x, f"{n}.branch3x3dbl_1", 64), f"{n}.branch3x3dbl_2", 96, 3, 1, 1)
        h = self.conv(h, f"{n}.branch3x3dbl_3", 96, 3, 2)
        return torch.cat([self.conv(x, f"{n}.branch3x3", 384, 3, 2), h, F.max_pool2d(x, 3, 2)], 1)

    def c(self, x, n, c):
        row = lambda h, name, out: self.conv(h, name, out, (1, 7), 1, (0, 3))
        column = lambda h, name, out: self.conv(h, name, out, (7, 1), 1, (3, 0))
        once = column(row(self.conv(x, f"{n}.branch7x7_1", c), f"{n}.branch7x7_2", c), f"{n}.branch7x7_3", 192)
        h = self.conv(x, f"{n}.branch7x7dbl_1", c)
        h = row(column(h, f"{n}.branch7x7dbl_2", c), f"{n}.branch7x7dbl_3", c)
        twice = row(column(h, f"{n}.branch7x7dbl_4", c), f"{n}.branch7x7dbl_5", 192)
        pooled = self.conv(self.mean_pool(x), f"{n}.branch_pool", 192)
        return torch.cat([self.conv(x, f"{n}.branch1x1", 192), once, twice, pooled], 1)

    def d(self, x, n):
        three = self.conv(self.conv(x, f"{n}.branch3x3_1", 192), f"{n}.branch3x3_2", 320, 3, 2)
        h = self.conv(self.conv(x, f"{n}.branch7x7x3_1", 192), f"{n}.branch7x7x3_2", 192, (1, 7), 1, (0, 3))
        h = self.conv(h, f"{n}.branch7x7x3_3", 192, (7, 1), 1, (3, 0))
        return torch.cat([three, self.conv(h, f"{n}.branch7x7x3_4", 192, 3, 2), F.max_pool2d(x, 3, 2)], 1)

    def e(self, x, n, by_maximum):
        fork = lambda h, name, a, b: [
            self.conv(h, f"{n}.{name}{a}", 384, (1, 3), 1, (0, 1)), self.conv(h, f"{n}.{name}{b}", 384, (3, 1), 1, (1, 0))]
        three = fork(self.conv(x, f"{n}.branch3x3_1", 384), "branch3x3_", "2a", "2b")
        h = self.conv(self.conv(x, f"{n}.branch3x3dbl_1", 448), f"{n}.branch3x3dbl_2", 384, 3, 1, 1)
        double = fork(h, "branch3x3dbl_", "3a", "3b")
        pooled = F.max_pool2d(x, 3, 1, 1) if by_maximum else self.mean_pool(x)
        return torch.cat([self.conv(x, f"{n}.branch1x1", 320), *three, *double, self.conv(pooled, f"{n}.branch_pool", 192)], 1)

    def __call__(self, x):
        x = self.conv(x, "Conv2d_1a_3x3", 32, 3, 2)
        x = self.conv(self.conv(x, "Conv2d_2a_3x3", 32, 3), "Conv2d_2b_3x3", 64, 3, 1, 1)
        tap = self.conv(self.conv(F.max_pool2d(x, 3, 2), "Conv2d_3b_1x1", 80), "Conv2d_4a_3x3", 192, 3)
        x = F.max_pool2d(tap, 3, 2)
        for name, pool in [("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)]:
            x = self.a(x, name, pool)
        x = self.b(x, "Mixed_6a")
        for name, c in [("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)]:
            x = self.c(x, name, c)
        x = self.e(self.e(self.d(x, "Mixed_7a"), "Mixed_7b", False), "Mixed_7c", self.kind == "fid")
        features = x.mean((2, 3))
        classes = (1008 if self.kind == "fid" else 1000) // 8
        logits = features @ self.w.matrix("fc.weight", classes, features.shape[1]).T
        bias = self.w.make("fc.bias", (classes,))  # also in the file of the fid network, whose logits leave it out
        return [tap], features, logits if self.kind == "fid" else logits + bias


def head(w, x, side, width, places):
    h = F.adaptive_avg_pool2d(x, side).flatten(1)
    for place, out in zip(places, [width, width, 1000 // 8]):
        h = F.linear(h, w.matrix(f"classifier.{place}.weight", out, h.shape[1]), w.make(f"classifier.{place}.bias", (out,), 0, 0.1))
        if place != places[-1]:
            h = features = F.relu(h)
    return features, h


def plain(w, x, number, out, kernel, stride, padding):
    weight = w.matrix(f"features.{number}.weight", out, x.shape[1], kernel, kernel)
    return F.relu(F.conv2d(x, weight, w.make(f"features.{number}.bias", (out,), 0, 0.1), stride, padding))


def vgg(w, x, depths, divisor):
    taps, number = [], 0
    for depth, width in zip(depths, [64, 128, 256, 512, 512]):
        for _ in range(depth):
            x = plain(w, x, number, width // divisor, 3, 1, 1)
            number += 2  # a convolution and its relu
        taps.append(x)
        x = F.max_pool2d(x, 2)
        number += 1
    return taps, *head(w, x, 7, 4096 // divisor, [0, 3, 6])


def alexnet(w, x, divisor):
    taps = []
    for number, out, kernel, stride, padding in [(0, 64, 11, 4, 2), (3, 192, 5, 1, 2), (6, 384, 3, 1, 1), (8, 256, 3, 1, 1), (10, 256, 3, 1, 1)]:
        if number in (3, 6):
            x = F.max_pool2d(x, 3, 2)
        x = plain(w, x, number, out // divisor, kernel, stride, padding)
        taps.append(x)
    return taps, *head(w, F.max_pool2d(x, 3, 2), 6, 4096 // divisor, [1, 4, 6])


def case(network, seed, size, divisor, run):
    random = np.random.default_rng(seed + 100)
    x = reference.float32_exact(random.uniform(-1, 1, (1, 3, *size)))
    weights = Weights(seed)
    taps, features, logits = run(weights, x)
    tensors = convert_features.convert(network, dict(weights))
    about = convert_features.metadata(network, "random weights", tensors) | {"divisor": divisor}
    if network == "alexnet":
        for i, tap in enumerate(taps):
            tensors[f"lpips.{i}"] = random.uniform(0, 1, tap.shape[1]).astype(np.float32)
    convert_features.write(here / "metrics_features" / f"{network}.safetensors", about, tensors)
    out = {"x": x, "features": features, "logits": logits} | {f"tap{i}": t for i, t in enumerate(taps)}
    # Maps are large: the sum over positions weighted by a wave tells every transposition and shift.
    for i, tap in enumerate(taps):
        n = tap.shape[2] * tap.shape[3]
        wave = torch.cos(torch.arange(n, dtype=torch.float64) * 0.7).reshape(tap.shape[2:])
        out[f"tap{i}"] = (tap * wave).sum((2, 3)) / n
    reference.write(here / "metrics_features" / f"{network}_case.safetensors", {"network": network}, out)
    print(network, [tuple(t.shape) for t in taps], features.std().item(), logits.std().item())


def main():
    # The last map has 2 x 2 places: with one, its pools by mean and by maximum would be the same.
    for kind in ["fid", "torchvision"]:
        case(f"inception-v3-{kind}", 1, (107, 115), 16, lambda w, x: InceptionV3(w, 16, kind)(x))
    for name, depths in convert_features.VGG_DEPTHS.items():
        case(name, 3, (40, 48), 64, lambda w, x: vgg(w, x, depths, 64))
    case("alexnet", 5, (70, 64), 64, lambda w, x: alexnet(w, x, 64))


if __name__ == "__main__":
    main()
