"""Two iterations of DiscoGAN (Kim et al. 2017), tiny, in plain PyTorch: writes discogan_update.safetensors beside itself.

16 x 16, a of 1 channel, b of 3, width 2, batch 3, pixels of the networks in [0, 1]. An iteration is three of the authors': on a first batch
both D move down 1/2 BCE(real, 1) + 1/2 BCE(fake, 0); then, twice and each on a batch of its own, both G move together down
(1 - r) (0.1 BCE(D(fake), 1) + 0.9 sum over layers mean (mean_n f(real) - mean_n f(fake))^2) + r mean (there and back - x)^2 from both sides.
r is 0.01 in the first iteration, 0.5 in the second. Adam 2e-4, 0.5, 0.999 with L2 of 1e-5. Norms take each pass's own statistics.
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import Optimiser
from update_case import Case, Draws, Layers, main, pictures

W, N, EPS = 2, 3, 1e-5


def generator(name, i, o, dtype, random, draws):
    return Layers(name, dtype, random, draws, {"": [
        ("conv", i, W, 4, 2, 1, False), ("leaky", 0.2), ("conv", W, 2 * W, 4, 2, 1, False), ("norm", 2 * W, EPS), ("leaky", 0.2),
        ("deconv", 2 * W, W, 4, 2, 1, 0, False), ("norm", W, EPS), ("relu",), ("deconv", W, o, 4, 2, 1, 0, False), ("sigmoid",)]})


def discriminator(name, i, dtype, random, draws):
    return Layers(name, dtype, random, draws, {
        "stage1": [("conv", i, W, 4, 2, 1, False), ("leaky", 0.2)],
        "stage2": [("conv", W, 2 * W, 4, 2, 1, False), ("norm", 2 * W, EPS), ("leaky", 0.2)],
        "head": [("conv", 2 * W, 1, 4, 1, 0, False)]})


def judged(d, x, follow):
    """The logit and the features of the second layer."""
    f = d(d(x, follow, "stage1"), follow, "stage2")
    return d(f, follow, "head"), f


def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def train(dtype):
    random = np.random.RandomState(20170315)
    draws = Draws(random, dtype)
    ab, ba = generator("G_AB", 1, 3, dtype, random, draws), generator("G_BA", 3, 1, dtype, random, draws)
    da, db = discriminator("D_A", 1, dtype, random, draws), discriminator("D_B", 3, dtype, random, draws)
    nets = (ab, ba, db, da)
    case = Case("discogan", f"width={W} early_iterations=1")
    case.start(*nets)
    adams = {n.name: Optimiser(n, lambda p: torch.optim.Adam(p, lr=2e-4, betas=(0.5, 0.999), eps=1e-8, weight_decay=1e-5)) for n in nets}

    def batch(j):
        x, y = pictures(random, N, 16).to(dtype), pictures(random, N, 16, 3).to(dtype)
        case.batch(**({"a": x, "b": y} if j == 0 else {f"a.{j}": x, f"b.{j}": y}))
        return x / 2 + 0.5, y / 2 + 0.5

    for k in range(2):
        a, b = batch(0)
        loss = 0
        for d, real, fake, side in ((db, b, ab(a, False), "B"), (da, a, ba(b, False), "A")):
            of_d = 0.5 * (bce(judged(d, real, True)[0], 1) + bce(judged(d, fake.detach(), True)[0], 0))
            case.loss(f"D/adv_{side}", of_d)
            loss = loss + of_d
        case.move("D", [(da, adams["D_A"], loss), (db, adams["D_B"], loss)])
        r = 0.01 if k == 0 else 0.5
        for j in (1, 2):
            a, b = batch(j)
            in_b, in_a = ab(a, True), ba(b, True)
            total = 0
            for d, real, fake, side in ((db, b, in_b, "B"), (da, a, in_a, "A")):
                logit, f = judged(d, fake, False)
                _, of_real = judged(d, real, False)
                adversarial = (1 - r) * 0.1 * bce(logit, 1)
                matching = (1 - r) * 0.9 * ((f.mean(0) - of_real.mean(0)) ** 2).mean()
                total = total + adversarial + matching
                if j == 2:
                    case.loss(f"G/adv_{side}", adversarial)
                    case.loss(f"G/matching_{side}", matching)
            back_to_a, back_to_b = r * ((ba(in_b, True) - a) ** 2).mean(), r * ((ab(in_a, True) - b) ** 2).mean()
            total = total + back_to_a + back_to_b
            if j == 2:
                case.loss("G/back_to_a", back_to_a)
                case.loss("G/back_to_b", back_to_b)
            case.move("G" if j == 1 else "G.1", [(ab, adams["G_AB"], total), (ba, adams["G_BA"], total)])
        case.finish_iteration(draws, *nets)
    return case


if __name__ == "__main__":
    main(__file__, train)
