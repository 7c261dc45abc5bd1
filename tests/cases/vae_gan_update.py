"""Two iterations of VAE/GAN (Larsen et al. 2016), tiny, in plain PyTorch: writes vae_gan_update.safetensors beside itself.

16 x 16 x 1, width 1, latent 3, batch 3. Encoder: prior + llike; decoder: gamma llike - (1 - gamma) gan; D: half of each part
of gan; RMSprop 3e-4, alpha 0.9. D sees [x, Dec(z_p)] as one batch and [Dec(z), x] as another; F(x) is a constant. The gates wait where D's losses say so.
"""

import torch

from update_case import Case, Draws, Layers, main, pictures
from reference import Optimiser
import numpy as np

W, L, N, EPS = 1, 3, 3, 1e-6
GAMMA, DECAY, EQUILIBRIUM, MARGIN = 0.01, 1e-3, 0.68, 0.35


def networks(random, dtype, draws):
    def down(i, o):
        return [("conv", i, o, 5, 2, 2, False), ("norm", o, EPS), ("relu",)]

    def up(i, o):
        return [("deconv", i, o, 5, 2, 2, 1, False), ("norm", o, EPS), ("relu",)]

    def dense(i, o):
        return [("linear", i, o, False), ("norm", o, EPS), ("relu",)]

    flat = 2 * 2 * 8 * W
    encoder = down(1, 2 * W) + down(2 * W, 4 * W) + down(4 * W, 8 * W) + [("flatten",)] + dense(flat, 32 * W) + [("linear", 32 * W, 2 * L, True)]
    decoder = dense(L, flat) + [("picture", 2, 2, 8 * W)] + up(8 * W, 6 * W) + up(6 * W, 4 * W) + up(4 * W, W) + [("conv", W, 1, 5, 1, 2, True), ("tanh",)]
    features = [("conv", 1, W, 5, 1, 2, True), ("relu",)] + down(W, 4 * W) + down(4 * W, 6 * W) + [("conv", 6 * W, 8 * W, 5, 2, 2, False)]
    head = [("norm", 8 * W, EPS), ("relu",), ("flatten",)] + dense(flat, 16 * W) + [("linear", 16 * W, 1, True)]
    return (Layers("encoder", dtype, random, draws, {"": encoder}), Layers("decoder", dtype, random, draws, {"": decoder}),
            Layers("D", dtype, random, draws, {"features": features, "head": head}))


def weights_squared(network):
    return 0.5 * sum((p**2).sum() for p in network.parameters.values() if p.dim() > 1)


def train(dtype):
    random = np.random.RandomState(20160618)
    draws = Draws(random, dtype)
    encoder, decoder, d = nets = networks(random, dtype, draws)
    case = Case("vae-gan", f"width={W} latent={L} gamma={GAMMA} weight_decay={DECAY}")
    optimisers = {n.name: Optimiser(n, lambda p: torch.optim.RMSprop(p, lr=3e-4, alpha=0.9, eps=1e-8)) for n in nets}
    case.start(*nets)
    for _ in range(2):
        x = pictures(random, N, 16).to(dtype)
        case.batch(image=x)
        mu, logvar = encoder(x, True).split(L, dim=1)
        reconstruction = decoder(mu + torch.exp(0.5 * logvar) * draws.normal(N, L), True)
        sample = decoder(draws.normal(N, L), True)
        judge = lambda h: torch.sigmoid(d(d(h, True, "features"), True, "head"))
        p = judge(torch.cat([x, sample]))
        real_loss, fake_loss = -torch.log(p[:N] + 1e-3).mean(), -torch.log(1 - p[N:] + 1e-3).mean()
        f = d(torch.cat([reconstruction, x]), True, "features")
        llike = 0.5 * ((f[:N] - f[N:].detach()) ** 2).sum() / N
        prior = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum() / N
        case.loss("VAE/GAN/prior", prior)
        case.loss("VAE/GAN/llike", llike)
        case.loss("VAE/GAN/real_loss", real_loss)
        case.loss("VAE/GAN/fake_loss", fake_loss)
        # The gates.
        low, high = EQUILIBRIUM - MARGIN, EQUILIBRIUM + MARGIN
        losses = (real_loss.item(), fake_loss.item())
        wait_d, wait_decoder = any(v < low for v in losses), any(v > high for v in losses)
        if wait_d and wait_decoder:
            wait_d = wait_decoder = False
        print(f"losses of D {losses}: D {'waits' if wait_d else 'moves'}, decoder {'waits' if wait_decoder else 'moves'}") if dtype == torch.float64 else None
        case.move("VAE/GAN", [
            (encoder, optimisers["encoder"], prior + llike + DECAY * weights_squared(encoder)),
            (decoder, None if wait_decoder else optimisers["decoder"],
             GAMMA * llike - (1 - GAMMA) * (real_loss + fake_loss) + DECAY * weights_squared(decoder)),
            (d, None if wait_d else optimisers["D"], 0.5 * real_loss + 0.5 * fake_loss + DECAY * weights_squared(d)),
        ])
        case.finish_iteration(draws, *nets)
    return case


if __name__ == "__main__":
    main(__file__, train)
