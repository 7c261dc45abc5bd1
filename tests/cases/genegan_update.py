"""Two iterations of GeneGAN (Zhou et al. 2017), tiny, in plain PyTorch: writes genegan_update.safetensors beside itself.

16 x 16 x 3, batch 3, width 2, two halvings, a fourth of the code's 4 channels holds the object. Pictures go into E and the critics as x / 2 + 1 / 2. The critics step
down mean D(fake) - mean D(real) and then keep every parameter in [-0.05, 0.05]; E and Dec move on a batch of their own. RMSprop 5e-5, alpha 0.8, eps 1e-10; weight decay 1e-5 of E and Dec. Every pass has batch statistics
of its own; running ones follow the networks that an update moves, in the order of the passes.
"""

import numpy as np
import torch

from reference import Clipped, Optimiser
from update_case import Case, Draws, Layers, main, pictures

W, N, SIDE, CLIP, OBJECT = 2, 3, 16, 0.05, 1
PARALLELOGRAM, NULLING = 2.55, 0.7


def train(dtype):
    random = np.random.RandomState(20170514)
    draws = Draws(random, dtype)
    halved = [("conv", 3, W, 4, 2, 1, False), ("leaky", 0.2), ("conv", W, 2 * W, 4, 2, 1, False), ("norm", 2 * W, 1e-5), ("leaky", 0.2)]
    e = Layers("E", dtype, random, draws, {"": halved})
    dec = Layers("Dec", dtype, random, draws, {"": [
        ("deconv", 2 * W, 2 * W, 4, 2, 1, 0, False), ("norm", 2 * W, 1e-5), ("relu",), ("deconv", 2 * W, 3, 4, 2, 1, 0, True), ("tanh",)]})
    critics = [Layers(name, dtype, random, draws, {"": [*halved, ("flatten",), ("linear", 32 * W, 1, False)]}) for name in ("D_Ax", "D_Be")]
    case = Case("genegan", f"width={W} halvings=2 objective=wgan optimizer=rmsprop clip={CLIP} nulling={NULLING} warm_critic_steps=1")
    case.start(e, dec, *critics)
    rms = lambda decay: lambda p: torch.optim.RMSprop(p, lr=5e-5, alpha=0.8, eps=1e-10, weight_decay=decay)
    of_critics = [Clipped(d, rms(0), CLIP) for d in critics]
    of_e, of_dec = Optimiser(e, rms(1e-5)), Optimiser(dec, rms(1e-5))
    unit = lambda x: x / 2 + 0.5

    def batch(j):
        a, b = (pictures(random, N, SIDE, 3).to(dtype) for _ in range(2))
        end = f".{j}" if j else ""
        case.batch(**{f"a{end}": a, f"b{end}": b})
        return a, b

    def family(a, b, follow):
        (bg_a, x), (bg_b, null) = (e(unit(p), follow).split([2 * W - OBJECT, OBJECT], 1) for p in (a, b))
        zero = torch.zeros_like(x)
        return [dec(torch.cat(parts, 1), follow) for parts in ((bg_a, x), (bg_b, zero), (bg_b, x), (bg_a, zero))], null

    for k in range(2):
        a, b = batch(0)
        (_, _, given, taken), _ = family(a, b, False)
        moves = []
        for name, d, optimiser, real, fake in zip(("with", "without"), critics, of_critics, (a, b), (given, taken)):
            on_real = d(unit(real), True)
            loss = d(unit(fake.detach()), True).mean() - on_real.mean()
            case.loss(f"D/{name}", loss)
            moves.append((d, optimiser, loss))
        case.move("D", moves)
        a, b = batch(1)
        (a2, b2, given, taken), null = family(a, b, True)
        l1 = lambda x, y: (unit(x) - unit(y)).abs().mean()
        parts = {
            "reconstruction": l1(a2, a) + l1(b2, b),
            "nulling": NULLING * null.abs().mean(),
            "given": -critics[0](unit(given), False).mean(),
            "taken": -critics[1](unit(taken), False).mean(),
            "parallelogram": PARALLELOGRAM * (unit(a) + unit(b) - unit(given) - unit(taken)).abs().mean(),
        }
        for name, value in parts.items():
            case.loss(f"G/{name}", value)
        total = sum(parts.values())
        case.move("G", [(e, of_e, total), (dec, of_dec, total)])
        case.finish_iteration(draws, e, dec, *critics)
    return case


if __name__ == "__main__":
    main(__file__, train)
