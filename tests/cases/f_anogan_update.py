"""Updates of f-AnoGAN (Schlegl et al. 2019), tiny, in plain PyTorch: writes f_anogan_update.safetensors and f_anogan_codes_update.safetensors beside itself.

16 x 16 x 1, width 3, z of 3, batch 4. An iteration of WGAN-GP, one step of the critic and one of G (Adam 0, 0.9; at a rate of 2e-6, since biases before a norm move by the signs of rounding errors), then two of the encoder, by RMSprop 5e-5, alpha 0.9,
eps 1e-5, while G, by its running statistics, and the critic stay: izi_f with kappa 0.7 and a code in [-1, 1], and in the second file ziz with any numbers.
"""

import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from reference import Optimiser
from update_case import Case, Draws, Layers, main, pictures

N, SIDE, WIDTH, LATENT, KAPPA, RATE = 4, 16, 3, 3, 0.7, 2e-6


class Judge(Layers):
    def features(self, x):
        return super().__call__(x, True, "stage1")

    def __call__(self, x):
        return super().__call__(self.features(x), True, "head")[:, 0]


def penalty(critic, x, y, a):
    mixed = (a * x + (1 - a) * y).detach().requires_grad_()
    (g,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    return ((g.flatten(1).norm(dim=1) - 1) ** 2).mean()


def train(dtype, codes=False):
    random = np.random.RandomState(20190501 + codes)
    draws = Draws(random, dtype)
    make = lambda kind, name, parts: kind(name, dtype, random, draws, parts)
    inner, leaky = 2 * WIDTH, ("leaky", 0.2)
    g = make(Layers, "G", {"": [("linear", LATENT, 16 * inner, True), ("norm", 16 * inner, 1e-5), ("relu",), ("picture", 4, 4, inner),
                                ("deconv", inner, WIDTH, 5, 2, 2, 1, True), ("norm", WIDTH, 1e-5), ("relu",), ("deconv", WIDTH, 1, 5, 2, 2, 1, True), ("tanh",)]})
    first, second = ("conv", 1, WIDTH, 5, 2, 2, True), ("conv", WIDTH, inner, 5, 2, 2, True)
    f = make(Judge, "critic", {"stage1": [first, leaky, second, leaky, ("flatten",)], "head": [("linear", 16 * inner, 1, True)]})
    e = make(Layers, "E", {"": [first, leaky, second, ("norm", inner, 1e-5), leaky, ("flatten",), ("linear", 16 * inner, LATENT, True)]})
    nets = [g, f, e]
    adam = lambda p: torch.optim.Adam(p, RATE, (0.0, 0.9))
    by = {"G": Optimiser(g, adam), "critic": Optimiser(f, adam), "E": Optimiser(e, lambda p: torch.optim.RMSprop(p, 5e-5, alpha=0.9, eps=1e-5))}
    case = Case("f-anogan", f"width={WIDTH} latent={LATENT} critic_steps=1 gan_steps=1 rate={RATE} " + ("encoder=ziz" if codes else f"kappa={KAPPA}"))
    case.start(*nets)

    x = pictures(random, N, SIDE).to(dtype)
    case.batch(image=x)
    fake = g(draws.normal(N, LATENT), False).detach()
    adv = f(fake).mean() - f(x).mean()
    gp = 10 * penalty(f, x, fake, draws.uniform(N, 1, 1, 1))
    case.loss("critic/adv", adv)
    case.loss("critic/gp", gp)
    case.move("critic", [(f, by["critic"], adv + gp)])
    loss = -f(g(draws.normal(N, LATENT), True)).mean()
    case.loss("G/adv", loss)
    case.move("G", [(g, by["G"], loss)])
    case.finish_iteration(draws, *nets)

    for _ in range(2):
        x = pictures(random, N, SIDE).to(dtype)
        case.batch(image=x)
        if codes:
            z = draws.normal(N, LATENT)
            parts = {"code": F.mse_loss(e(g(z, "infer").detach(), True), z)}
        else:
            made = g(torch.tanh(e(x, True)), "infer")
            parts = {"picture": F.mse_loss(made, x), "features": KAPPA * F.mse_loss(f.features(made), f.features(x).detach())}
        for name, value in parts.items():
            case.loss(f"E/{name}", value)
        case.move("E", [(e, by["E"], sum(parts.values()))])
        case.finish_iteration(draws, *nets)
    return case


if __name__ == "__main__":
    main(__file__, train)
    main(pathlib.Path(__file__).with_name("f_anogan_codes_update.py"), lambda dtype: train(dtype, True))
