"""Three iterations of DRCN (Kim et al. 2016, tiny): writes drcn_update.safetensors.

High pictures 12 x 12, low ones 6 x 6 (x2), three colours, batch 2; 4 filters, 3 recursions. The network sees Y (MATLAB's rgb2ycbcr over 255) of the low
pictures after MATLAB's bicubic enlargement. Both losses sum over pixels and halve; alpha is 1, then 1/3, then 0: it falls over 1.5 of 3 iterations.
Descent with momentum 0.9, rate 0.01 falling exponentially to a tenth at the run's end, weight decay 1e-4 of all parameters, the gradient cut to a norm of 1.
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser
from super_resolution import bicubic, luma
from update_case import Case, Draws, main, pictures

N, SIZE, SCALE, W, D, STEPS = 2, 12, 2, 4, 3, 3


class Recursive(Network):
    def __init__(self, random, dtype):
        super().__init__("G", dtype)
        for name, i, o in (("embedding.conv1", 1, W), ("embedding.conv2", W, W), ("recursive", W, W), ("reconstruction.conv1", W, W), ("reconstruction.conv2", W, 1)):
            self.parameter(f"{name}.weight", random.normal(0, np.sqrt(2 / (9 * i)), (o, i, 3, 3)))
            self.parameter(f"{name}.bias", random.normal(0, 0.1, o))
        self.parameter("ensemble", np.full(D, 1 / D) + random.normal(0, 0.05, D))

    def __call__(self, x):
        conv = lambda name, h: F.conv2d(h, self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"], padding=1)
        h, made = F.relu(conv("embedding.conv2", F.relu(conv("embedding.conv1", x)))), []
        for _ in range(D):
            h = F.relu(conv("recursive", h))
            made.append(x + conv("reconstruction.conv2", F.relu(conv("reconstruction.conv1", h))))
        return made, sum(w * y for w, y in zip(self.parameters["ensemble"], made))


class Cut(Optimiser):
    """Which scales the whole gradient down to a norm of 1 first; weight decay comes after that."""

    def step(self, gradients):
        norm = sum((g**2).sum() for g in gradients.values()).sqrt()
        return super().step({name: g * min(1.0, 1.0 / norm.item()) for name, g in gradients.items()})


def train(dtype):
    random = np.random.RandomState(20151114)
    draws = Draws(random, dtype)
    g = Recursive(random, dtype)
    case = Case("drcn", f"width={W} recursions={D} optimizer=sgd", steps=STEPS)
    optimiser = Cut(g, lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=1e-4))
    case.start(g)
    for k in range(3):
        high, low = pictures(random, N, SIZE, 3).to(dtype), pictures(random, N, SIZE // SCALE, 3).to(dtype)
        case.batch(high=high, low=low)
        x = luma(high)
        made, together = g(luma(bicubic(low, SCALE)))
        alpha = max(0.0, 1 - k / (0.5 * STEPS))
        each = alpha * sum(((x - y) ** 2).sum() for y in made) / (2 * D * N)
        ensemble = (1 - alpha) * ((x - together) ** 2).sum() / (2 * N)
        case.loss("G/each", each)
        case.loss("G/ensemble", ensemble)
        case.loss("G/alpha", torch.tensor(alpha))
        case.loss("G/psnr", -10 * torch.log10(F.mse_loss(together, x)))
        optimiser.rule.param_groups[0]["lr"] = 0.01 * 0.1 ** (k / STEPS)
        case.move("G", [(g, optimiser, each + ensemble)])
        case.finish_iteration(draws)
    return case


if __name__ == "__main__":
    main(__file__, train)
