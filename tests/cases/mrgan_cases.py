"""What the two cases of MRGAN (Che et al. 2017) share: its convolutional networks, 8 x 8 x 1, width 4, latent 3, batch 3."""

import torch
from torch.nn import functional as F

from update_case import Layers

W, L, N, EPS = 4, 3, 3, 1e-5


def generator(dtype, random, draws):
    layers = [("linear", L, 16 * W, False), ("norm", 16 * W, EPS), ("relu",), ("picture", 4, 4, W),
              ("deconv", W, 1, 5, 2, 2, 1, False), ("tanh",)]
    return Layers("G", dtype, random, draws, {"": layers})


def judge(name, outputs, bias, dtype, random, draws):
    layers = [("conv", 1, W, 5, 2, 2, False), ("leaky", 0.2), ("flatten",), ("linear", 16 * W, outputs, bias)]
    return Layers(name, dtype, random, draws, {"": layers})


def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))
