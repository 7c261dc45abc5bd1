"""Two iterations of the VAE (Kingma & Welling 2014; the common perceptron of 400 ReLU, tiny): writes vae_update.safetensors.

8 x 8 x 1, grey levels in [0, 1] as targets of Bernoulli outputs, hidden 6, latent 3, batch 4; Adam 1e-3, 0.9, 0.999.
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import Optimiser
from update_case import Case, Draws, Layers, main, pictures

PIXELS, W, L, N, BETA = 64, 6, 3, 4, 0.5


def train(dtype):
    random = np.random.RandomState(20131220)
    draws = Draws(random, dtype)
    hidden = lambda i, o: [("linear", i, W, True), ("relu",), ("linear", W, o, True)]
    encoder = Layers("encoder", dtype, random, draws, {"": hidden(PIXELS, 2 * L)})
    decoder = Layers("decoder", dtype, random, draws, {"": hidden(L, PIXELS)})
    case = Case("vae", f"width={W} latent={L} beta={BETA}")
    adam = lambda p: torch.optim.Adam(p, lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
    optimisers = [Optimiser(n, adam) for n in (encoder, decoder)]
    case.start(encoder, decoder)
    for _ in range(2):
        x = pictures(random, N, 8).to(dtype)
        case.batch(image=x)
        target = (x.flatten(1) + 1) / 2
        mu, logvar = encoder(target, True).split(L, dim=1)
        y = decoder(mu + torch.exp(0.5 * logvar) * draws.normal(N, L), True)
        reconstruction = F.binary_cross_entropy_with_logits(y, target, reduction="sum") / N
        kl = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum() / N
        case.loss("VAE/reconstruction", reconstruction)
        case.loss("VAE/kl", BETA * kl)
        case.loss("VAE/bound", -(reconstruction + kl))
        case.move("VAE", [(n, o, reconstruction + BETA * kl) for n, o in zip((encoder, decoder), optimisers)])
        case.finish_iteration(draws)
    return case


if __name__ == "__main__":
    main(__file__, train)
