"""Two iterations of WGAN (Arjovsky et al. 2017), tiny, in plain PyTorch: writes wgan_update.safetensors beside itself.

16 x 16 x 1, width 2, latent 3, batch 3. Two critic steps an iteration, each on pictures and noise of its own: min E f(G(z)) - E f(x), then
every parameter of the critic (weights, gains, biases) into [-0.05, 0.05]; then G: min -E f(G(z)). RMSprop 5e-5, alpha 0.99. Real and fake
go through the critic's batch norms apart; running statistics follow the network that an update moves.
"""

import numpy as np
import torch

from reference import Clipped, Optimiser
from update_case import Case, Draws, Layers, main, pictures

W, L, N, CLIP = 2, 3, 3, 0.05


def train(dtype):
    random = np.random.RandomState(20170126)
    draws = Draws(random, dtype)
    g = Layers("G", dtype, random, draws, {"": [
        ("picture", 1, 1, L), ("deconv", L, 2 * W, 4, 1, 0, 0, False), ("norm", 2 * W, 1e-5), ("relu",),
        ("deconv", 2 * W, W, 4, 2, 1, 0, False), ("norm", W, 1e-5), ("relu",), ("deconv", W, 1, 4, 2, 1, 0, False), ("tanh",)]})
    f = Layers("critic", dtype, random, draws, {"": [
        ("conv", 1, W, 4, 2, 1, False), ("leaky", 0.2), ("conv", W, 2 * W, 4, 2, 1, False), ("norm", 2 * W, 1e-5), ("leaky", 0.2), ("flatten",), ("linear", 32 * W, 1, False)]})
    case = Case("wgan", f"width={W} latent={L} clip={CLIP} critic_steps=2 warm_critic_steps=1")
    case.start(g, f)
    rms = lambda p: torch.optim.RMSprop(p, lr=5e-5, alpha=0.99, eps=1e-8)
    of_f, of_g = Clipped(f, rms, CLIP), Optimiser(g, rms)
    for _ in range(2):
        for j in range(2):
            x = pictures(random, N, 16).to(dtype)
            case.batch(**{"image" if j == 0 else f"image.{j}": x})
            # The arguments of the engine's call: real first.
            on_real = f(x, True)
            on_fake = f(g(draws.normal(N, L), False).detach(), True)
            loss = on_fake.mean() - on_real.mean()
            case.move("critic" if j == 0 else f"critic.{j}", [(f, of_f, loss)])
        case.loss("critic/adv", loss)
        case.loss("critic/distance", -loss)
        g_loss = -f(g(draws.normal(N, L), True), False).mean()
        case.loss("G/adv", g_loss)
        case.move("G", [(g, of_g, g_loss)])
        case.finish_iteration(draws, g, f)
    return case


if __name__ == "__main__":
    main(__file__, train)
