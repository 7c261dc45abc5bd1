"""Two iterations of f-GAN (Nowozin et al. 2016), tiny, in plain PyTorch: writes f_gan_update.safetensors beside itself.

The perceptrons of MNIST on 8 x 8 x 1 as 64 values in [0, 1]: G 3-6-6-64 with batch norm, V 64-4-4-1 with ELU, squared Hellinger. One
back-propagation: V ascends F = E g(V(x)) - E f*(g(V(G(z)))), G descends -E f*(g(V(G(z)))); Adam 2e-4, 0.5. Here f* is taken literally,
t / (1 - t) of t = 1 - exp(-v).
"""

import numpy as np
import torch

from reference import Optimiser
from update_case import Case, Draws, Layers, main, pictures

L, G, W, N = 3, 6, 4, 4


class Elu(Layers):
    """V: linear layers with ELU between them."""

    def __call__(self, h, follow, part=""):
        for i in (1, 2, 3):
            h = torch.nn.functional.linear(h, self.parameters[f"linear{i}.weight"], self.parameters[f"linear{i}.bias"])
            if i < 3:
                h = torch.nn.functional.elu(h)
        return h


class Generator(Layers):
    """linear, norm, ReLU twice in sequences of their own, then linear and sigmoid."""

    def __call__(self, z, follow, part=""):
        h = super().__call__(z, follow, "sequential1")
        h = super().__call__(h, follow, "sequential2")
        return torch.sigmoid(super().__call__(h, follow, ""))


def train(dtype):
    random = np.random.RandomState(20160602)
    draws = Draws(random, dtype)
    block = lambda i: [("linear", i, G, False), ("norm", G, 1e-5), ("relu",)]
    g = Generator("G", dtype, random, draws, {"sequential1": block(L), "sequential2": block(G), "": [("linear", G, 64, True)]})
    v = Elu("V", dtype, random, draws, {"": [("linear", 64, W, True), ("linear", W, W, True), ("linear", W, 1, True)]})
    case = Case("f-gan", f"divergence=hellinger width={W} generator_width={G} latent={L}")
    case.start(g, v)
    adam = lambda p: torch.optim.Adam(p, lr=2e-4, betas=(0.5, 0.999), eps=1e-8)
    of = {n.name: Optimiser(n, adam) for n in (g, v)}
    for _ in range(2):
        x = pictures(random, N, 8).to(dtype)
        case.batch(image=x)
        z = draws.uniform(N, L, low=-1, high=1)
        t = lambda h: 1 - torch.exp(-h)
        conjugate = lambda s: s / (1 - s)
        on_fake = v(g(z, True), True)
        on_real = v(x.flatten(1) * 0.5 + 0.5, True)
        bound = t(on_real).mean() - conjugate(t(on_fake)).mean()
        g_loss = -conjugate(t(on_fake)).mean()
        case.loss("V+G/F", bound)
        case.loss("V+G/-F", -bound)
        case.loss("V+G/G", g_loss)
        case.move("V+G", [(v, of["V"], -bound), (g, of["G"], g_loss)])
        case.finish_iteration(draws, g, v)
    return case


if __name__ == "__main__":
    main(__file__, train)
