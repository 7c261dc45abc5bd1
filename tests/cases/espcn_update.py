"""Two iterations of ESPCN (Shi et al. 2016, tiny): writes espcn_update.safetensors.

High pictures 21 x 15, low ones 7 x 5 (x3), three colours, of which the network sees Y (MATLAB's rgb2ycbcr over 255), batch 3; 4 and 3 filters,
tanh, zeros around, PyTorch's pixel shuffle. Mean squared error; plain descent, 0.01, a tenth of it for the last layer, falling to 1e-4 over 5 steps.
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import Optimiser
from super_resolution import luma
from update_case import Case, Draws, Layers, main, pictures

N, SCALE, STEPS = 3, 3, 5


def train(dtype):
    random = np.random.RandomState(20160627)
    draws = Draws(random, dtype)
    g = Layers("G", dtype, random, draws, {"": [("conv", 1, 4, 5, 1, 2, True), ("tanh",), ("conv", 4, 3, 3, 1, 1, True), ("tanh",), ("conv", 3, SCALE**2, 3, 1, 1, True)]})
    case = Case("espcn", "width=4 inner=3 optimizer=sgd", steps=STEPS)
    descend = lambda p: torch.optim.SGD([{"params": [v], "lr": 1e-3 if name.startswith("conv3") else 1e-2} for name, v in g.parameters.items()])
    optimiser = Optimiser(g, descend)
    case.start(g)
    for k in range(2):
        high, low = pictures(random, N, 21, 3)[..., :15].to(dtype), pictures(random, N, 7, 3)[..., :5].to(dtype)
        case.batch(high=high, low=low)
        squares = F.mse_loss(F.pixel_shuffle(g(luma(low), True), SCALE), luma(high))
        case.loss("G/mse", squares)
        case.loss("G/psnr", -10 * torch.log10(squares))
        case.move("G", [(g, optimiser, squares)])
        for group in optimiser.rule.param_groups:
            group["lr"] *= 0.01 ** (1 / STEPS)
        case.finish_iteration(draws)
    return case


if __name__ == "__main__":
    main(__file__, train)
