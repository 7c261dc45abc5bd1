"""What the cases of models with labels and codes share beside update_case.py: whole-number draws, spectral norm, norms by class."""

import numpy as np
import torch
from torch.nn import functional as F

from update_case import Draws, Layers


class LabelDraws(Draws):
    def labels(self, *shape, bound):
        return self.keep(self.random.randint(0, bound, shape)).long()


def labels_of(random, n, classes):
    return torch.from_numpy(random.randint(0, classes, n))


def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def adam(rate, beta1=0.5, beta2=0.999, decay=0.0):
    return lambda p: torch.optim.Adam(p, lr=rate, betas=(float(beta1), float(beta2)), eps=1e-8, weight_decay=decay)


class Net(Layers):
    """Layers by hand: parameters are declared by name, forward() of a subclass uses them."""

    def __init__(self, name, dtype, random, draws=None):
        super().__init__(name, dtype, random, draws, {})

    def linear(self, name, i, o, bias=True):
        self.weight(f"{name}.weight", (o, i), i)
        if bias:
            self.bias(f"{name}.bias", o)

    def conv(self, name, i, o, k, bias=True, transposed=False):
        self.weight(f"{name}.weight", (i, o, k, k) if transposed else (o, i, k, k), i * k * k)
        if bias:
            self.bias(f"{name}.bias", o)

    def class_norm(self, name, classes, channels):
        self.parameter(f"{name}.weight", self.random.normal(1, 0.3, (classes, channels)))
        self.parameter(f"{name}.bias", self.random.normal(0, 0.3, (classes, channels)))
        self.statistics[f"{name}.norm.running_mean"] = torch.zeros(channels, dtype=self.dtype)
        self.statistics[f"{name}.norm.running_var"] = torch.ones(channels, dtype=self.dtype)

    def plain_norm(self, name, channels):
        self.statistics[f"{name}.running_mean"] = torch.zeros(channels, dtype=self.dtype)
        self.statistics[f"{name}.running_var"] = torch.ones(channels, dtype=self.dtype)

    def of(self, name):
        return self.parameters[f"{name}.weight"], self.parameters.get(f"{name}.bias")

    def by_plain_norm(self, name, h, follow, momentum=0.1):
        kept = [self.statistics[f"{name}.running_{kind}"] for kind in ("mean", "var")]
        kept = kept if follow else [k.clone() for k in kept]
        return F.batch_norm(h, *kept, None, None, True, momentum, 1e-5)

    def by_class(self, name, h, labels, follow, momentum=0.1):
        h = self.by_plain_norm(f"{name}.norm", h, follow, momentum)
        gain, bias = (self.parameters[f"{name}.{p}"][labels][:, :, None, None] for p in ("weight", "bias"))
        return h * gain + bias


def rows(h):
    """[N, C, H, W] as rows in the order row, column, channel."""
    return h.permute(0, 2, 3, 1).flatten(1)


def maps(h, side):
    return h.reshape(len(h), side, side, -1).permute(0, 3, 1, 2)
