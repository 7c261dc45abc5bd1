"""Two iterations of Reg-GAN (Che et al. 2017): writes mrgan_update.safetensors. D moves on fakes G(z); then G and E together,
on the same fakes: G on -log D(G(z)), both on 0.2 mean (x - G(E(x)))^2 - 0.4 log D(G(E(x))). Adam 2e-4, 0.5."""

import numpy as np
import torch

from mrgan_cases import L, N, W, bce, generator, judge
from reference import Optimiser
from update_case import Case, Draws, main, pictures


def train(dtype):
    random = np.random.RandomState(20161207)
    draws = Draws(random, dtype)
    g = generator(dtype, random, draws)
    d, e = judge("D", 1, False, dtype, random, draws), judge("E", L, True, dtype, random, draws)
    case = Case("mrgan", f"width={W} latent={L}")
    adam = lambda p: torch.optim.Adam(p, lr=2e-4, betas=(0.5, 0.999), eps=1e-8)
    d_adam, g_adam, e_adam = (Optimiser(n, adam) for n in (d, g, e))
    case.start(g, d, e)
    for _ in range(2):
        x = pictures(random, N, 8).to(dtype)
        case.batch(image=x)
        fake = g(draws.normal(N, L), True)
        d_loss = bce(d(x, True), 1.0) + bce(d(fake.detach(), True), 0.0)
        case.loss("D/adv", d_loss)
        case.move("D", [(d, d_adam, d_loss)])
        adversarial = bce(d(fake, False), 1.0)
        rebuilt = g(e(x, True), True)
        distance, mode = 0.2 * ((x - rebuilt) ** 2).mean(), 0.4 * bce(d(rebuilt, False), 1.0)
        case.loss("G/adv", adversarial)
        case.loss("G/distance", distance)
        case.loss("G/mode", mode)
        case.move("G", [(g, g_adam, adversarial + distance + mode), (e, e_adam, distance + mode)])
        case.finish_iteration(draws, g, d, e)
    return case


if __name__ == "__main__":
    main(__file__, train)
