"""Two iterations of style transfer by perceptual losses (Johnson et al. 2016, tiny): writes perceptual_losses_update.safetensors.

Pictures of 16 px, batch 2; f of 3 channels and one block, which reflects 8 px at each side, instance norm, 150 / 127.5 tanh at the end. VGG-16 up to
relu4_3 with a 16th of its widths. Content relu3_3 (weight 1), style in four layers (weight 5 each, squared Frobenius norms), and 1e-6 of half the squared
differences of neighbours in 0 to 255, summed over all pixels but the last row and column. Adam 1e-3.
"""

import numpy as np
import torch
from torch.nn import functional as F

from johnson import Transformation, Vgg16
from reference import Optimiser, float32_exact
from update_case import Case, Draws, main, pictures

N, SIZE, W = 2, 16, 3


class Styliser(Transformation):
    def __init__(self, random, dtype):
        super().__init__(random, dtype, "instance")
        for k, (i, o, size) in enumerate(((3, W, 9), (W, 2 * W, 3), (2 * W, 4 * W, 3)), 1):
            self.conv(f"conv{k}", i, o, size)
            self.scaled(f"norm{k}", o)
        self.block(4 * W)
        for k, (i, o) in enumerate(((4 * W, 2 * W), (2 * W, W)), 1):
            self.deconv(f"deconv{k}", i, o)
            self.scaled(f"norm{k + 3}", o)
        self.conv("conv4", W, 3, 9, True)

    def __call__(self, x):
        h = F.pad(x, (8, 8, 8, 8), mode="reflect")
        for k, (stride, padding) in enumerate(((1, 4), (2, 1), (2, 1)), 1):
            h = F.relu(self.normed(f"norm{k}", self.convolved(f"conv{k}", h, stride, padding)))
        h = self.residual(h, 0)
        for k in (1, 2):
            h = F.relu(self.normed(f"norm{k + 3}", self.doubled(f"deconv{k}", h)))
        return 150 / 127.5 * torch.tanh(self.convolved("conv4", h, padding=4))


def gram(h):
    return torch.einsum("nchw,ndhw->ncd", h, h) / h[0].numel()


def train(dtype):
    random = np.random.RandomState(20160327)
    draws = Draws(random, dtype)
    f, vgg = Styliser(random, dtype), Vgg16(random, dtype, 4)
    case = Case("perceptual-losses", f"width={W} blocks=1 vgg_divisor=16 style_weight=5 tv=1e-6")
    optimiser = Optimiser(f, lambda p: torch.optim.Adam(p, lr=1e-3, eps=1e-8))
    case.start(f, vgg)
    style = pictures(random, 1, 24, 3).to(dtype)
    with torch.no_grad():
        wanted = [float32_exact(gram(h)).to(dtype) for h in vgg(style)]
    for j, g in enumerate(wanted, 1):
        case.record.add(f"initial.kept.gram{j}", g)
    for _ in range(2):
        x = pictures(random, N, SIZE, 3).to(dtype)
        case.batch(image=x)
        y = f(x)
        features = vgg(y)
        content = F.mse_loss(features[2], vgg(x)[2])
        style_loss = 5 * sum(((gram(h) - g) ** 2).sum() for h, g in zip(features, wanted)) / N
        p = 127.5 * y
        inner = p[:, :, :-1, :-1]
        tv = 1e-6 * 0.5 * (((inner - p[:, :, 1:, :-1]) ** 2).sum() + ((inner - p[:, :, :-1, 1:]) ** 2).sum())
        case.loss("f/content", content)
        case.loss("f/style", style_loss)
        case.loss("f/tv", tv)
        case.move("f", [(f, optimiser, content + style_loss + tv)])
        case.finish_iteration(draws)
    return case


if __name__ == "__main__":
    main(__file__, train)
