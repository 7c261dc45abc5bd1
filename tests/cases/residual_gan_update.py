"""Two iterations of Residual-GAN (Shen & Liu 2017), tiny, in plain PyTorch: writes residual_gan_update.safetensors beside itself.

16 x 16 x 3, batch 3, width 2. D moves down the sum of four cross entropies, of pictures without (class 0) and with (1) the attribute and of both made kinds (2); then
G0 and G1 together down those of the class to be and of the way back, 2.46 mean |residual| and 0.16 mean |phi(x) - phi(x + residual)|, phi behind D's second halving, that of x a
constant. Adam 2e-4, 0.5, 0.999. Every pass through a batch norm has statistics of its own; running ones follow the networks that an update moves.
"""

import numpy as np
import torch
from torch.nn import functional as F

from label_update import adam
from reference import Optimiser
from update_case import Case, Draws, Layers, main, pictures

W, N, SIDE, ALPHA, BETA = 2, 3, 16, 2.46, 0.16


class Transformation(Layers):
    def __init__(self, name, dtype, random):
        layers = []
        for kind, i, o, *rest in (("conv", 3, W, 5, 1, 2), ("conv", W, 2 * W, 4, 2, 1), ("conv", 2 * W, 4 * W, 4, 2, 1), ("deconv", 4 * W, 2 * W, 3, 2, 1, 1), ("deconv", 2 * W, W, 3, 2, 1, 1)):
            layers += [(kind, i, o, *rest, False), ("norm", o, 1e-5), ("leaky", 0.2)]
        super().__init__(name, dtype, random, None, {"": layers})
        self.weight("conv4.weight", (3, W, 4, 4), 16 * W)
        self.bias("conv4.bias", 3)

    def __call__(self, x, follow):
        h = F.pad(super().__call__(x, follow), (1, 2, 1, 2))
        return F.conv2d(h, self.parameters["conv4.weight"], self.parameters["conv4.bias"])


def train(dtype):
    random = np.random.RandomState(20170721)
    g = [Transformation(name, dtype, random) for name in ("G0", "G1")]
    d = Layers("D", dtype, random, None, {
        "trunk": [("conv", 3, W, 4, 2, 1, True), ("leaky", 0.2), ("conv", W, 2 * W, 4, 2, 1, False), ("norm", 2 * W, 1e-5), ("leaky", 0.2)],
        "classes": [("conv", 2 * W, 3, 4, 1, 0, True)]})

    def judge(x, follow):
        phi = d(x, follow, "trunk")
        return d(phi, follow, "classes").flatten(1), phi

    cross = lambda logits, k: F.cross_entropy(logits, torch.full((len(logits),), k))
    by_d, by_g = Optimiser(d, adam(2e-4)), [Optimiser(n, adam(2e-4)) for n in g]
    case = Case("residual-gan", f"width={W} features=2 alpha={ALPHA} rate=2e-4", attributes="hat")
    case.start(*g, d)
    for _ in range(2):
        with_it, without = (pictures(random, N, SIDE, 3).to(dtype) for _ in range(2))
        case.batch(a=with_it, b=without)
        x = (without, with_it)
        made = [(p + n(p, False)).detach() for p, n in zip(x, g)]
        parts = {"without": cross(judge(x[0], True)[0], 0), "with": cross(judge(x[1], True)[0], 1)}
        parts["made"] = cross(judge(made[0], True)[0], 2) + cross(judge(made[1], True)[0], 2)
        for name, value in parts.items():
            case.loss(f"D/{name}", value)
        case.move("D", [(d, by_d, sum(parts.values()))])
        parts = {}
        for i in (0, 1):
            residual = g[i](x[i], True)
            y = x[i] + residual
            phi = judge(x[i], False)[1].detach()
            logits, phi_made = judge(y, False)
            parts[f"adv{i}"] = cross(logits, 1 - i)
            parts[f"dual{i}"] = cross(judge(y + g[1 - i](y, True), False)[0], i)
            parts[f"sparse{i}"] = ALPHA * residual.abs().mean()
            parts[f"features{i}"] = BETA * (phi_made - phi).abs().mean()
        for name, value in parts.items():
            case.loss(f"G/{name}", value)
        total = sum(parts.values())
        case.move("G", [(n, o, total) for n, o in zip(g, by_g)])
        case.finish_iteration(Draws(random, dtype), *g, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
