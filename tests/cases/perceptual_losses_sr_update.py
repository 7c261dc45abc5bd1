"""Two iterations of super-resolution by features (Johnson et al. 2016, tiny): writes perceptual_losses_sr_update.safetensors.

High pictures 16 x 16, low ones 4 x 4 (x4), batch 2; f of 3 channels and one block, batch norm, 150 / 127.5 tanh at the end. Mean squared difference of
relu2_2 of VGG-16 with a 16th of its widths. Adam 1e-3.
"""

import numpy as np
import torch
from torch.nn import functional as F

from johnson import Transformation, Vgg16
from reference import Optimiser
from update_case import Case, Draws, main, pictures

N, SIZE, SCALE, W = 2, 16, 4, 3


class Upscaler(Transformation):
    def __init__(self, random, dtype):
        super().__init__(random, dtype, "batch")
        self.conv("conv1", 3, W, 9)
        self.scaled("norm1", W)
        self.block(W)
        for k in (1, 2):
            self.deconv(f"deconv{k}", W, W)
            self.scaled(f"norm{k + 1}", W)
        self.conv("conv2", W, 3, 9, True)

    def __call__(self, x):
        h = F.relu(self.normed("norm1", self.convolved("conv1", x, padding=4)))
        h = self.residual(h, 1)
        for k in (1, 2):
            h = F.relu(self.normed(f"norm{k + 1}", self.doubled(f"deconv{k}", h)))
        return 150 / 127.5 * torch.tanh(self.convolved("conv2", h, padding=4))


def train(dtype):
    random = np.random.RandomState(20160328)
    draws = Draws(random, dtype)
    f, vgg = Upscaler(random, dtype), Vgg16(random, dtype, 2)
    case = Case("perceptual-losses", f"width={W} blocks=1 vgg_divisor=16")
    optimiser = Optimiser(f, lambda p: torch.optim.Adam(p, lr=1e-3, eps=1e-8))
    case.start(f, vgg)
    for _ in range(2):
        high, low = pictures(random, N, SIZE, 3).to(dtype), pictures(random, N, SIZE // SCALE, 3).to(dtype)
        case.batch(high=high, low=low)
        y = f(low)
        loss = F.mse_loss(vgg(y)[1], vgg(high)[1])
        case.loss("f/relu2_2", loss)
        case.loss("f/psnr", -10 * torch.log10(F.mse_loss(y, high) / 4))
        case.move("f", [(f, optimiser, loss)])
        case.finish_iteration(draws, f)
    return case


if __name__ == "__main__":
    main(__file__, train)
