"""Two iterations of MDGAN (Che et al. 2017): writes mrgan_manifold_update.safetensors. D1; G and E; then, on a new minibatch,
D2 with G(E(x)) as the real class; G. Each (update, network) has an Adam 2e-4, 0.5 of its own; lambda 0.01, a sum over pixels."""

import numpy as np
import torch

from mrgan_cases import L, N, W, bce, generator, judge
from reference import Optimiser
from update_case import Case, Draws, main, pictures


def train(dtype):
    random = np.random.RandomState(20161208)
    draws = Draws(random, dtype)
    g = generator(dtype, random, draws)
    d1, e = judge("D1", 1, False, dtype, random, draws), judge("E", L, True, dtype, random, draws)
    d2 = judge("D2", 1, False, dtype, random, draws)
    case = Case("mrgan", f"variant=manifold-diffusion width={W} latent={L}")
    adam = lambda p: torch.optim.Adam(p, lr=2e-4, betas=(0.5, 0.999), eps=1e-8)
    d1_adam, g_adam, e_adam, d2_adam, g2_adam = (Optimiser(n, adam) for n in (d1, g, e, d2, g))
    case.start(g, d1, e, d2)
    for _ in range(2):
        x, other = pictures(random, N, 8).to(dtype), pictures(random, N, 8).to(dtype)
        case.batch(**{"image": x, "image.1": other})
        loss = bce(d1(x, True), 1.0) + bce(d1(g(e(x, False), False).detach(), True), 0.0)
        case.loss("D1/adv", loss)
        case.move("D1", [(d1, d1_adam, loss)])
        rebuilt = g(e(x, True), True)
        adversarial, distance = bce(d1(rebuilt, False), 1.0), 0.01 * ((x - rebuilt) ** 2).sum() / N
        case.loss("manifold/adv", adversarial)
        case.loss("manifold/distance", distance)
        case.move("manifold", [(g, g_adam, adversarial + distance), (e, e_adam, adversarial + distance)])
        target = g(e(other, False), False).detach()
        loss = bce(d2(target, True), 1.0) + bce(d2(g(draws.normal(N, L), False).detach(), True), 0.0)
        case.loss("D2/adv", loss)
        case.move("D2", [(d2, d2_adam, loss)])
        loss = bce(d2(g(draws.normal(N, L), True), False), 1.0)
        case.loss("diffusion/adv", loss)
        case.move("diffusion", [(g, g2_adam, loss)])
        case.finish_iteration(draws, g, d1, e, d2)
    return case


if __name__ == "__main__":
    main(__file__, train)
