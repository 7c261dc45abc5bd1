"""Two iterations of DistanceGAN (Benaim & Wolf 2017) on DiscoGAN's networks, tiny, in plain PyTorch: writes distancegan_update.safetensors beside itself.

16 x 16, a of 1 channel, b of 3, width 2, batch 4, pixels of the networks in [0, 1], both ways with distances of pairs and of halves and the
cycle. An iteration: D_B and D_A on a first batch, then twice, each on a batch of its own, both G move down
(1 - r) (0.1 BCE(D(fake), 1) + 0.9 sum over layers mean (mean_n f(real) - mean_n f(fake))^2)
+ r (mean_{i<j} |(d(x_i, x_j) - mu) / sigma - (d(G x_i, G x_j) - mu') / sigma'| + 0.5 the same of upper and lower halves + mean (there and back - x)^2)
with d the mean absolute difference; mu and sigma of either side, of pairs and of halves, are given. r is 0.01, then 0.5. Adam 2e-4, 0.5, 0.999, L2 1e-5.
"""

import itertools

import numpy as np
import torch

from discogan_update import bce, discriminator, generator, judged
from reference import Optimiser, float32_exact
from update_case import Case, Draws, main, pictures

W, N = 2, 4
SCALES = {"a": {"pairs": (0.21, 0.07), "halves": (0.18, 0.05)}, "b": {"pairs": (0.3, 0.11), "halves": (0.26, 0.09)}}


def pairs(x):
    return torch.stack([(x[i] - x[j]).abs().mean() for i, j in itertools.combinations(range(len(x)), 2)])


def halves(x):
    top, bottom = x.chunk(2, dim=2)
    return (top - bottom).abs().flatten(1).mean(1)


def train(dtype):
    random = np.random.RandomState(20170606)
    draws = Draws(random, dtype)
    ab, ba = generator("G_AB", 1, 3, dtype, random, draws), generator("G_BA", 3, 1, dtype, random, draws)
    db, da = discriminator("D_B", 3, dtype, random, draws), discriminator("D_A", 1, dtype, random, draws)
    nets = (ab, ba, db, da)
    case = Case("distancegan", f"width={W} early_iterations=1 sides=both cycle=1 halves=0.5")
    case.start(*nets)
    scales = {s: {k: float32_exact(v).to(dtype) for k, v in of.items()} for s, of in SCALES.items()}
    for side, of in scales.items():
        for kind, v in of.items():
            case.record.add(f"initial.kept.{kind}.{side}", v)
    adams = {n.name: Optimiser(n, lambda p: torch.optim.Adam(p, lr=2e-4, betas=(0.5, 0.999), eps=1e-8, weight_decay=1e-5)) for n in nets}

    def batch(j):
        x, y = pictures(random, N, 16).to(dtype), pictures(random, N, 16, 3).to(dtype)
        case.batch(**({"a": x, "b": y} if j == 0 else {f"a.{j}": x, f"b.{j}": y}))
        return x / 2 + 0.5, y / 2 + 0.5

    for k in range(2):
        a, b = batch(0)
        moves = []
        for d, real, fake, side in ((db, b, ab(a, False), "B"), (da, a, ba(b, False), "A")):
            of_d = 0.5 * (bce(judged(d, real, True)[0], 1) + bce(judged(d, fake.detach(), True)[0], 0))
            case.loss(f"D/adv_{side}", of_d)
            moves.append((d, adams[d.name], of_d))
        case.move("D", moves)
        r = 0.01 if k == 0 else 0.5
        for j in (1, 2):
            a, b = batch(j)
            total = 0
            for g, back, d, x, real, side, there, here in ((ab, ba, db, a, b, "B", "b", "a"), (ba, ab, da, b, a, "A", "a", "b")):
                made = g(x, True)
                logit, f = judged(d, made, False)
                _, of_real = judged(d, real, False)
                terms = {"adv": (1 - r) * 0.1 * bce(logit, 1), "matching": (1 - r) * 0.9 * ((f.mean(0) - of_real.mean(0)) ** 2).mean()}
                for kind, distance, weight in (("pairs", pairs, 1), ("halves", halves, 0.5)):
                    (mu, sigma), (other_mu, other_sigma) = scales[here][kind], scales[there][kind]
                    terms[kind] = r * weight * ((distance(x) - mu) / sigma - (distance(made) - other_mu) / other_sigma).abs().mean()
                terms["cycle"] = r * ((back(made, True) - x) ** 2).mean()
                total = total + sum(terms.values())
                if j == 2:
                    for name, value in terms.items():
                        case.loss(f"G/{name}_{side}", value)
            case.move("G" if j == 1 else "G.1", [(ab, adams["G_AB"], total), (ba, adams["G_BA"], total)])
        case.finish_iteration(draws, *nets)
    return case


if __name__ == "__main__":
    main(__file__, train)
