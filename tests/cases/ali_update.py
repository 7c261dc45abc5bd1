"""Two iterations of ALI (Dumoulin et al. 2017) on points, tiny: writes ali_update.safetensors beside itself.

Width 4, latent 2, batch 5; encoder 2 and decoder 4 hidden layers with norms (momentum 0.05), D three maxout layers of 5 pieces
with dropout 0.5 before all but the first, on the concatenation. Both kinds of pairs are one batch of D; log sigma, not log
variance; no factor 1/2. Adam 1e-4, 0.8, 0.999. All three move at once.
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import Optimiser
from update_case import Case, Draws, Layers, float32_exact, main

W, L, N, EPS = 4, 2, 5, 1e-5


class Slow(Layers):
    def normalise(self, name, h, follow, eps, momentum=0.05):
        return super().normalise(name, h, follow, eps, momentum)


def hidden(i, count):
    layers = []
    for _ in range(count):
        layers += [("linear", i, W, False), ("norm", W, EPS), ("relu",)]
        i = W
    return layers


def train(dtype):
    random = np.random.RandomState(20160602)
    draws = Draws(random, dtype)
    encoder = Slow("encoder", dtype, random, draws, {"": hidden(2, 2) + [("linear", W, 2 * L, True)]})
    decoder = Slow("decoder", dtype, random, draws, {"": hidden(L, 4) + [("linear", W, 2, True)]})
    u = W // 2
    d = Layers("D", dtype, random, draws, {"joint": [("maxout", 2 + L, u, 5), ("dropout", 0.5), ("maxout", u, u, 5), ("dropout", 0.5), ("maxout", u, u, 5), ("dropout", 0.5), ("linear", u, 1, True)]})
    case = Case("ali", f"width={W} latent={L}")
    adam = lambda p: torch.optim.Adam(p, lr=1e-4, betas=(0.8, 0.999), eps=1e-8)
    optimisers = {n.name: Optimiser(n, adam) for n in (d, encoder, decoder)}
    case.start(encoder, decoder, d)
    for _ in range(2):
        x = float32_exact(random.normal(0, 1, (N, 2))).to(dtype)
        case.batch(point=x)
        z = draws.normal(N, L)
        mu, log_sigma = encoder(x, True).split(L, dim=1)
        code = mu + log_sigma.exp() * draws.normal(N, L)
        fake = decoder(z, True)
        a = d(torch.cat([torch.cat([x, fake]), torch.cat([code, z])], dim=1), True, "joint")
        q, p = a[:N], a[N:]
        losses = {"D": F.softplus(-q).mean() + F.softplus(p).mean(), "encoder": F.softplus(q).mean(), "decoder": F.softplus(-p).mean()}
        for name, value in losses.items():
            case.loss(f"ALI/{name}", value)
        both = losses["encoder"] + losses["decoder"]
        case.move("ALI", [(d, optimisers["D"], losses["D"]), (encoder, optimisers["encoder"], both), (decoder, optimisers["decoder"], both)])
        case.finish_iteration(draws, encoder, decoder)
    return case


if __name__ == "__main__":
    main(__file__, train)
