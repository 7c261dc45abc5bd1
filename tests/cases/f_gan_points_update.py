"""Two iterations of f-GAN on points in the plane: writes f_gan_points_update.safetensors beside itself.

G 3-5-5-2 with ReLU, V 2-4-4-1 with tanh, Jeffrey's divergence, G by the practical loss -E g(V(G(z))), V first and then G on noise of its own.
The conjugate of f(u) = (u - 1) log u is found here from its definition: f*(t) = u t - f(u) where f'(u) = log u + 1 - 1/u = t, by bisection;
its derivative is u.
"""

import numpy as np
import torch

from reference import Optimiser, float32_exact
from update_case import Case, Draws, Layers, main

L, G, W, N = 3, 5, 4, 6


class Conjugate(torch.autograd.Function):
    @staticmethod
    def forward(context, t):
        low, high = torch.full_like(t, -60, dtype=torch.float64), torch.full_like(t, 60, dtype=torch.float64)  # log u
        for _ in range(200):
            middle = (low + high) / 2
            above = middle + 1 - torch.exp(-middle) > t
            low, high = torch.where(above, low, middle), torch.where(above, middle, high)
        u = torch.exp((low + high) / 2)
        context.save_for_backward(u.to(t.dtype))
        return (u * t - (u - 1) * torch.log(u)).to(t.dtype)

    @staticmethod
    def backward(context, gradient):
        return gradient * context.saved_tensors[0]


def train(dtype):
    random = np.random.RandomState(20160603)
    draws = Draws(random, dtype)
    g = Layers("G", dtype, random, draws, {"": [("linear", L, G, True), ("relu",), ("linear", G, G, True), ("relu",), ("linear", G, 2, True)]})
    v = Layers("V", dtype, random, draws, {"": [("linear", 2, W, True), ("tanh",), ("linear", W, W, True), ("tanh",), ("linear", W, 1, True)]})
    case = Case("f-gan", f"divergence=jeffrey generator=practical order=alternating width={W} generator_width={G} latent={L}")
    case.start(g, v)
    adam = lambda p: torch.optim.Adam(p, lr=1e-3, betas=(0.5, 0.999), eps=1e-8)
    of = {n.name: Optimiser(n, adam) for n in (g, v)}
    for _ in range(2):
        x = float32_exact(random.normal(0, 0.5, (N, 2))).to(dtype)
        case.batch(point=x)
        on_real = v(x, True)
        on_fake = v(g(draws.normal(N, L), False), True)
        bound = on_real.mean() - Conjugate.apply(on_fake).mean()
        case.loss("V/F", bound)
        case.loss("V/-F", -bound)
        case.move("V", [(v, of["V"], -bound)])
        g_loss = -v(g(draws.normal(N, L), True), False).mean()
        case.loss("G/G", g_loss)
        case.move("G", [(g, of["G"], g_loss)])
        case.finish_iteration(draws, g, v)
    return case


if __name__ == "__main__":
    main(__file__, train)
