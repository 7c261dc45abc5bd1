"""Two iterations of SRCNN (Dong et al. 2014; 9-1-5, tiny): writes srcnn_update.safetensors.

High pictures 18 x 18, low ones 9 x 9 (x2), three colours, batch 3; 4 and 3 filters. The network sees Y (MATLAB's rgb2ycbcr over 255) of the low
pictures after MATLAB's bicubic enlargement and is compared with the middle of the high ones' Y: six pixels are lost on each side. Caffe's
Euclidean loss, summed over pixels; descent with momentum 0.9, rate 1e-4, a tenth of it for the last layer and for all biases.
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import Optimiser
from super_resolution import bicubic, luma
from update_case import Case, Draws, Layers, main, pictures

N, SIZE, SCALE, BORDER = 3, 18, 2, 6


def train(dtype):
    random = np.random.RandomState(20140906)
    draws = Draws(random, dtype)
    g = Layers("G", dtype, random, draws, {"": [("conv", 1, 4, 9, 1, 0, True), ("relu",), ("conv", 4, 3, 1, 1, 0, True), ("relu",), ("conv", 3, 1, 5, 1, 0, True)]})
    case = Case("srcnn", "width=4 mapped=3 optimizer=sgd")
    fast = lambda name: name in ("conv1.weight", "conv2.weight")
    descend = lambda p: torch.optim.SGD(
        [{"params": [v], "lr": 1e-4 if fast(name) else 1e-5} for name, v in g.parameters.items()], momentum=0.9
    )
    optimiser = Optimiser(g, descend)
    case.start(g)
    for _ in range(2):
        high, low = pictures(random, N, SIZE, 3).to(dtype), pictures(random, N, SIZE // SCALE, 3).to(dtype)
        case.batch(high=high, low=low)
        x = luma(high)[:, :, BORDER:-BORDER, BORDER:-BORDER]
        squares = ((g(luma(bicubic(low, SCALE)), True) - x) ** 2).sum()
        case.loss("G/squares", squares / (2 * N))
        case.loss("G/psnr", -10 * torch.log10(squares / x.numel()))
        case.move("G", [(g, optimiser, squares / (2 * N))])
        case.finish_iteration(draws)
    return case


if __name__ == "__main__":
    main(__file__, train)
