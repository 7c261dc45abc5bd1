"""Two iterations of GAN (Goodfellow et al. 2014) in its released MNIST form, tiny, in plain PyTorch: writes gan_update.safetensors.

8 x 8 x 1 as 64 values in [0, 1], latent 3, width 5, 4 maxout units of 5 pieces, batch 3. One forward of D on x and one on G(z), with dropout
keeping 0.8, 0.5, 0.5; D's loss halved; both gradients first, then both steps: v <- mu v + g, w <- w - lr v (the rate outside the momentum, which
differs from the released code by the rate's change of 4e-6 a step), mu from 0.5 to 0.7 over 150000 iterations, lr 0.1 divided by 1.000004
after each.
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import float32_exact
from update_case import Case, Draws, Layers, main, pictures

LATENT, WIDTH, UNITS, N, PIXELS = 3, 5, 4, 3, 64


class Momentum:
    def __init__(self, network):
        self.network, self.steps = network, 0
        self.velocity = {n: torch.zeros_like(p) for n, p in network.parameters.items()}

    def step(self, gradients):
        rate, momentum = 0.1 / 1.000004**self.steps, 0.5 + 0.2 * self.steps / 150000
        self.steps += 1
        made = {}
        for n, p in self.network.parameters.items():
            self.velocity[n] = momentum * self.velocity[n] + gradients[n]
            old = p.detach().clone()
            with torch.no_grad():
                p -= rate * self.velocity[n]
            made[n] = p.detach() - old
        return made


def train(dtype):
    random = np.random.RandomState(20140610)
    draws = Draws(random, dtype)
    g = Layers("G", dtype, random, draws, {"": [("linear", LATENT, WIDTH, True), ("relu",), ("linear", WIDTH, WIDTH, True), ("relu",), ("linear", WIDTH, PIXELS, True), ("sigmoid",)]})
    d = Layers("D", dtype, random, draws, {"": [("dropout", 0.8), ("maxout", PIXELS, UNITS, 5), ("dropout", 0.5), ("maxout", UNITS, UNITS, 5), ("dropout", 0.5), ("linear", UNITS, 1, True)]})
    case = Case("gan", f"width={WIDTH} latent={LATENT} units={UNITS}")
    case.start(g, d)
    optimisers = {n.name: Momentum(n) for n in (g, d)}
    for _ in range(2):
        x = pictures(random, N, 8).to(dtype)
        case.batch(image=x)
        on_real = d(x.flatten(1) * 0.5 + 0.5, True)
        on_fake = d(g(draws.uniform(N, LATENT, low=-np.sqrt(3), high=np.sqrt(3)), True), True)
        d_loss = 0.5 * (F.softplus(-on_real).mean() + F.softplus(on_fake).mean())
        g_loss = F.softplus(-on_fake).mean()
        case.loss("D+G/D", d_loss)
        case.loss("D+G/G", g_loss)
        case.move("D+G", [(d, optimisers["D"], d_loss), (g, optimisers["G"], g_loss)])
        case.finish_iteration(draws, g, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
