"""Two iterations of DeepFill's second version (Yu et al. 2019): writes deepfill_update.safetensors.

16 x 32 x 1, batch 3, width 2 of both players: G's convolutions are gated, one is dilated (by 2, as 4 is as wide as its maps), and the context is looked for on 2 x 4 places. D: two
layers. Three holes: a corner, so that half of the patches are free of it; a stroke all over, which touches every patch; a frame with an island.
"""

import numpy as np
import torch
from torch.nn import functional as F

from label_update import adam
from reference import Optimiser, float32_exact
from sagan_update import Spectral, up
from update_case import Case, Draws, main, pictures

N, HEIGHT, WIDTH, W, WEIGHT_GAN, WEIGHT, OUTSIDE = 3, 16, 32, 2, 0.5, 2.0, 0.25


class Generator(Spectral):
    # name: kernel, stride, dilation, kind; channels follow from the ones before.
    COARSE = [(W, 5, 1, 1), (2 * W, 3, 2, 1), (2 * W, 3, 1, 1), (4 * W, 3, 2, 1), (4 * W, 3, 1, 1), (4 * W, 3, 1, 1), (4 * W, 3, 1, 2), (4 * W, 3, 1, 1), (4 * W, 3, 1, 1)]
    CONTEXT = [(W, 5, 1, 1), (W, 3, 2, 1), (2 * W, 3, 1, 1), (2 * W, 3, 2, 1), (4 * W, 3, 1, 1), (4 * W, 3, 1, 1), (4 * W, 3, 1, 2)]
    SEEKING = [(W, 5, 1, 1), (W, 3, 2, 1), (2 * W, 3, 1, 1), (4 * W, 3, 2, 1), (4 * W, 3, 1, 1), (4 * W, 3, 1, 1)]
    TWO = [(4 * W, 3, 1, 1), (4 * W, 3, 1, 1)]
    ENLARGING = [(2 * W, "up"), (2 * W, "same"), (W, "up"), (W // 2, "same")]

    def __init__(self, *args):
        super().__init__("G", *args)
        self.lines = {}
        for name, begin, ends, picture in (("coarse", 3, self.COARSE, True), ("context", 1, self.CONTEXT, False), ("seeking", 1, self.SEEKING, False), ("found", 4 * W, self.TWO, False), ("fine", 8 * W, self.TWO, True)):
            line = [(o, k, s, d, False) for o, k, s, d in ends]
            if picture:
                line += [(o, 3, 1, 1, how == "up") for o, how in self.ENLARGING]
            i = begin
            for number, (o, k, *_) in enumerate(line, 1):
                for part in ("value", "gate"):
                    self.conv(f"{name}.gated{number}.{part}", i, o, k)
                i = o
            if picture:
                self.conv(f"{name}.conv1", i, 1, 3)
            self.lines[name] = line

    def run(self, name, h):
        for number, (_, k, stride, dilation, doubled) in enumerate(self.lines[name], 1):
            h = up(h) if doubled else h
            value, gate = (F.conv2d(h, self.parameters[f"{name}.gated{number}.{part}.weight"], self.parameters[f"{name}.gated{number}.{part}.bias"], stride, dilation * (k // 2), dilation) for part in ("value", "gate"))
            last_of_seeking = name == "seeking" and number == len(self.lines[name])
            h = (F.relu(value) if last_of_seeking else F.elu(value)) * torch.sigmoid(gate)
        if f"{name}.conv1.weight" in self.parameters:
            h = torch.tanh(F.conv2d(h, self.parameters[f"{name}.conv1.weight"], self.parameters[f"{name}.conv1.bias"], padding=1))
        return h

    def __call__(self, x, hole):
        coarse = self.run("coarse", torch.cat([x, torch.ones_like(hole), hole], 1))
        filled = x + coarse * hole
        h, sought = self.run("context", filled), self.run("seeking", filled)
        small = hole[:, :, ::4, ::4]
        found = torch.cat([attended(sought[n : n + 1], small[n : n + 1]) for n in range(len(x))])
        return coarse, self.run("fine", torch.cat([h, self.run("found", found)], 1))


def attended(x, hole):
    """One sample: patches as filters of a convolution, put back by a transposed one."""
    channels, h, w = x.shape[1], x.shape[2] // 2, x.shape[3] // 2
    small, places = x[:, :, ::2, ::2], h * w
    patches = F.unfold(small, 3, padding=1)[0].T.reshape(places, channels, 3, 3)
    lengths = patches.flatten(1).norm(dim=1).clamp_min(1e-4)
    s = F.conv2d(small, patches / lengths[:, None, None, None], padding=1)[0]  # [patch, h, w]
    s = s.flatten(1).T[None, None]  # [place, patch]
    eye = torch.eye(3, dtype=x.dtype)[None, None]
    s = F.conv2d(s, eye, padding=1).reshape(h, w, h, w).permute(1, 0, 3, 2).reshape(1, 1, places, places)
    s = F.conv2d(s, eye, padding=1).reshape(w, h, w, h).permute(1, 0, 3, 2).reshape(places, places)
    touched = F.unfold(hole[:, :, ::2, ::2], 3, padding=1)[0].sum(0) > 0
    if not touched.all():
        s = s.masked_fill(touched, -torch.inf)
    weights = torch.softmax(10 * s, 1)
    sources = F.unfold(x, 4, padding=1, stride=2)[0].T.reshape(places, channels, 4, 4)
    return F.conv_transpose2d(weights.T.reshape(1, places, h, w), sources, stride=2, padding=1) / 4


class Discriminator(Spectral):
    def __init__(self, *args):
        super().__init__("D", *args)
        self.conv("conv1", 2, W, 5)
        self.conv("conv2", W, 2 * W, 5)
        self.start()

    def __call__(self, x, hole):
        h = torch.cat([x, hole], 1)
        for name in ("conv1", "conv2"):
            w, b = self.of(name)
            h = F.leaky_relu(F.conv2d(h, w, b, stride=2, padding=2), 0.2)
        return h


def holes(random):
    masks = np.zeros((N, 1, HEIGHT, WIDTH))
    masks[0, 0, :8, 24:] = 1
    masks[1, 0, 4:12, :] = 1
    masks[2, 0, 2:10, 2:14] = 1
    masks[2, 0, 5:7, 6:9] = 0
    return float32_exact(masks)


def train(dtype):
    random = np.random.RandomState(20190610)
    draws = Draws(random, dtype)
    g, d = Generator(dtype, random, draws), Discriminator(dtype, random, draws)
    by_g, by_d = Optimiser(g, adam(2e-4)), Optimiser(d, adam(3e-4))
    case = Case("deepfill", f"width={W} d_width={W} d_layers=2 gan={WEIGHT_GAN} lambda={WEIGHT} outside={OUTSIDE} rate_g=2e-4 rate_d=3e-4")
    case.start(g, d)
    for _ in range(2):
        x = pictures(random, N, WIDTH).to(dtype)[:, :, :HEIGHT]
        hole = holes(random).to(dtype)
        case.batch(image=x, mask=hole)
        holed = x * (1 - hole)
        coarse, fine = g(holed, hole)
        completed = holed + fine * hole
        counts = torch.where(hole > 0, 1.0, OUTSIDE)
        d.advance()
        of_d = F.relu(1 - d(x, hole)).mean() + F.relu(1 + d(completed.detach(), hole)).mean()
        case.loss("D/adv", of_d)
        case.move("D", [(d, by_d, of_d)])
        parts = {"adv": -WEIGHT_GAN * d(completed, hole).mean(), "coarse": WEIGHT * (counts * (x - coarse).abs()).mean(), "l1": WEIGHT * (counts * (x - fine).abs()).mean()}
        for name, value in parts.items():
            case.loss(f"G/{name}", value)
        case.move("G", [(g, by_g, sum(parts.values()))])
        case.finish_iteration(draws, g, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
