"""What the two cases of Johnson et al. 2016 share: their networks and VGG-16's convolutions, written out."""

import numpy as np
from torch.nn import functional as F

from reference import Network

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Vgg16(Network):
    """Up to the end of a block; widths divided by 16."""

    def __init__(self, random, dtype, blocks):
        super().__init__("vgg", dtype)
        self.convolutions, i = [], 3
        for block, (depth, width) in enumerate(zip((2, 2, 3, 3), (4, 8, 16, 32))):
            if block == blocks:
                break
            for k in range(depth):
                self.convolutions.append((block, f"conv{block + 1}_{k + 1}"))
                self.parameter(f"conv{block + 1}_{k + 1}.weight", random.normal(0, np.sqrt(2 / (9 * i)), (width, i, 3, 3)))
                self.parameter(f"conv{block + 1}_{k + 1}.bias", random.normal(0, 0.1, width))
                i = width

    def __call__(self, x):
        """Pictures in [-1, 1] to the last map of every block."""
        shape = lambda values: x.new_tensor(values).view(1, 3, 1, 1)
        h, taps, at = ((x + 1) / 2 - shape(MEAN)) / shape(DEVIATION), [], 0
        for block, name in self.convolutions:
            if block != at:
                taps, h, at = taps + [h], F.max_pool2d(h, 2), block
            h = F.relu(F.conv2d(h, self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"], padding=1))
        return taps + [h]


class Transformation(Network):
    """What both networks are made of; norm: "instance" or "batch"."""

    def __init__(self, random, dtype, norm):
        super().__init__("f", dtype)
        self.random, self.kind = random, norm

    def conv(self, name, i, o, k, bias=False):
        self.parameter(f"{name}.weight", self.random.normal(0, 1 / np.sqrt(i * k * k), (o, i, k, k)))
        if bias:
            self.parameter(f"{name}.bias", self.random.normal(0, 0.1, o))

    def deconv(self, name, i, o):
        self.parameter(f"{name}.weight", self.random.normal(0, 2 / np.sqrt(9 * i), (i, o, 3, 3)))

    def scaled(self, name, channels):
        self.norm(name, self.random, channels)
        if self.kind == "instance":
            del self.statistics[f"{name}.running_mean"], self.statistics[f"{name}.running_var"]

    def block(self, channels):
        for k in (1, 2):
            self.conv(f"block1.main.conv{k}", channels, channels, 3)
            self.scaled(f"block1.main.norm{k}", channels)

    def normed(self, name, h):
        if self.kind == "batch":
            return self.batch_norm(name, h, True)
        return F.instance_norm(h, weight=self.parameters[f"{name}.weight"], bias=self.parameters[f"{name}.bias"], eps=1e-5)

    def convolved(self, name, h, stride=1, padding=0):
        return F.conv2d(h, self.parameters[f"{name}.weight"], self.parameters.get(f"{name}.bias"), stride=stride, padding=padding)

    def doubled(self, name, h):
        return F.conv_transpose2d(h, self.parameters[f"{name}.weight"], stride=2, padding=1, output_padding=1)

    def residual(self, h, padding):
        inner = F.relu(self.normed("block1.main.norm1", self.convolved("block1.main.conv1", h, padding=padding)))
        inner = self.normed("block1.main.norm2", self.convolved("block1.main.conv2", inner, padding=padding))
        return inner + (h if padding else h[:, :, 2:-2, 2:-2])
