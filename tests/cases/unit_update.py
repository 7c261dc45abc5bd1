"""Two iterations of UNIT (Liu, Breuel, Kautz 2017), tiny, in plain PyTorch: writes unit_update.safetensors beside itself.

8 x 8, a of 1 channel, b of 3, batch 2, widths 2, 4, 8, one block of each domain's own and one shared at either side of the code. One draw of noise for both
pictures of a code, another for the ways back. D first, on what the networks before it made: 10 BCE of real and of translated pictures; then the six
others together: 10 BCE(D(translated), 1) + 100 L1 of reconstructions and of cycles, means, + 0.1 times 2 the mean of mu^2 over both domains, + 0.1 times
that of either translated domain. Adam 1e-4, 0.5, 0.999 with L2 of 1e-4. With VARIANT: D's last layers shared, instance norms, least squares.
"""

import numpy as np
import torch
from torch.nn import functional as F

from label_update import LabelDraws, Net, adam
from reference import Optimiser
from update_case import Case, main, pictures

N, SIDE, W, D_W = 2, 8, 2, 2
CHANNELS = {"a": 1, "b": 3}


def instance(h):
    return F.instance_norm(h, eps=1e-5)


class Blocks(Net):
    def blocks(self):
        for i in (1, 2):
            self.conv(f"block1.main.conv{i}", 4 * W, 4 * W, 3, False)

    def through_blocks(self, h):
        inner = F.relu(instance(F.conv2d(h, *self.of("block1.main.conv1"), padding=1)))
        return h + instance(F.conv2d(inner, *self.of("block1.main.conv2"), padding=1))


class Shared(Blocks):
    def __init__(self, name, *args):
        super().__init__(name, *args)
        self.blocks()

    __call__ = Blocks.through_blocks


class Encoder(Blocks):
    def __init__(self, side, variant, *args):
        super().__init__(f"E_{side}", *args)
        self.variant = variant
        self.conv("conv1", CHANNELS[side], W, 7)
        for i, c in ((2, W), (3, 2 * W)):
            self.conv(f"conv{i}", c, 2 * c, 3, not variant)
        self.blocks()

    def __call__(self, x):
        h = F.leaky_relu(F.conv2d(x, *self.of("conv1"), padding=3), 0.01)
        for i in (2, 3):
            h = F.conv2d(h, *self.of(f"conv{i}"), stride=2, padding=1)
            h = F.relu(instance(h)) if self.variant else F.leaky_relu(h, 0.01)
        return self.through_blocks(h)


class Decoder(Blocks):
    def __init__(self, side, variant, *args):
        super().__init__(f"G_{side}", *args)
        self.variant = variant
        self.blocks()
        for i, c in ((1, 4 * W), (2, 2 * W)):
            self.conv(f"deconv{i}", c, c // 2, 3, not variant, True)
        self.conv("conv1", W, CHANNELS[side], 1)

    def __call__(self, h):
        h = self.through_blocks(h)
        for i in (1, 2):
            h = F.conv_transpose2d(h, *self.of(f"deconv{i}"), stride=2, padding=1, output_padding=1)
            h = F.relu(instance(h)) if self.variant else F.leaky_relu(h, 0.01)
        return torch.tanh(F.conv2d(h, *self.of("conv1")))


class Halvings(Net):
    """Layers of stride 2, each of (in, out, kernel), and with last a 1 x 1 convolution to logits."""

    def __init__(self, name, layers, last, *args):
        super().__init__(name, *args)
        self.layers, self.last = layers, last
        for i, (c, out, k) in enumerate(layers):
            self.conv(f"conv{i + 1}", c, out, k)
        if last:
            self.conv(f"conv{len(layers) + 1}", layers[-1][1], 1, 1)

    def __call__(self, h):
        for i, (_, _, k) in enumerate(self.layers):
            h = F.leaky_relu(F.conv2d(h, *self.of(f"conv{i + 1}"), stride=2, padding=k // 2), 0.01)
        return F.conv2d(h, *self.of(f"conv{len(self.layers) + 1}")) if self.last else h


def verdict(maps, target, variant):
    return ((maps - target) ** 2).mean() if variant else F.binary_cross_entropy_with_logits(maps, torch.full_like(maps, target))


def train(dtype, variant=False):
    random = np.random.RandomState(20170302)
    args = (dtype, random)
    draws = LabelDraws(random, dtype)
    e = {s: Encoder(s, variant, *args) for s in "ab"}
    g = {s: Decoder(s, variant, *args) for s in "ab"}
    both_e, both_g = Shared("E", *args), Shared("G", *args)
    front = [(D_W, 2 * D_W, 3)]
    d = {s: Halvings(f"D_{s}", [(CHANNELS[s], D_W, 7 if variant else 3)] + front, not variant, *args) for s in "ab"}
    trunk = Halvings("D", [(2 * D_W, 4 * D_W, 3)], True, *args) if variant else None
    coders = [e["a"], g["a"], e["b"], g["b"], both_e, both_g]
    judges = [d["a"], d["b"]] + ([trunk] if variant else [])
    said = lambda s, x: trunk(d[s](x)) if variant else d[s](x)
    by = {n.name: Optimiser(n, adam(1e-4, decay=1e-4)) for n in coders + judges}
    settings = f"width={W} blocks=1 d_width={D_W} d_layers={3 if variant else 2}" + (" judges=shared norm=instance objective=lsgan" if variant else "")
    # Instance norms of four numbers make rounding large.
    case = Case("unit", settings, **({"f32_gradient": 1e-3} if variant else {}))
    case.start(*coders, *judges)
    for _ in range(2):
        x = {s: pictures(random, N, SIDE, CHANNELS[s]).to(dtype) for s in "ab"}
        case.batch(**x)
        mu = torch.cat([both_e(e[s](x[s])) for s in "ab"])
        z = both_g(mu + draws.normal(*mu.shape))
        (aa, ba), (ab, bb) = ((part[:N], part[N:]) for part in (g["a"](z), g["b"](z)))
        made, d_losses = {"a": ba, "b": ab}, {}
        for s in "ab":
            d_losses[s] = 10 * (verdict(said(s, x[s]), 1, variant) + verdict(said(s, made[s].detach()), 0, variant))
            case.loss(f"D/adv_{s}", d_losses[s])
        case.move("D", [(n, by[n.name], d_losses["a"] + d_losses["b"]) for n in judges])

        parts = {f"adv_{s}": 10 * verdict(said(s, made[s]), 1, variant) for s in "ab"}
        parts |= {"own_a": 100 * (aa - x["a"]).abs().mean(), "own_b": 100 * (bb - x["b"]).abs().mean()}
        parts["kl"] = 0.1 * 2 * (mu**2).mean()
        from_b, from_a = both_e(e["a"](ba)), both_e(e["b"](ab))
        parts["kl_cycle"] = 0.1 * ((from_a**2).mean() + (from_b**2).mean())
        noise = draws.normal(2 * N, *from_a.shape[1:])
        aba, bab = g["a"](both_g(from_a + noise[N:])), g["b"](both_g(from_b + noise[:N]))
        parts |= {"cycle_a": 100 * (aba - x["a"]).abs().mean(), "cycle_b": 100 * (bab - x["b"]).abs().mean()}
        for name, value in parts.items():
            case.loss(f"coders/{name}", value)
        case.move("coders", [(n, by[n.name], sum(parts.values())) for n in coders])
        case.finish_iteration(draws, *coders, *judges)
    return case


if __name__ == "__main__":
    main(__file__, train)
