"""Two iterations of Pixel-Level Domain Transfer (Yoo et al. 2016), tiny, in plain PyTorch: writes pldt_update.safetensors, pldt_one_update.safetensors, pldt_without_update.safetensors
and pldt_apart_update.safetensors beside itself.

16 x 16, a source of 3 channels and a target of 1, batch 4, widths 2, a code of 3. 5 x 5 convolutions of stride 2 down to 4 x 4, one of 4 x 4 to the code, the same back; batch norm but behind the
first and the last layer, no bias. D_R of targets, then D_A of sources and targets, then C, which has the halves of both opinions. In the first case each discriminator sees its three pictures
as one batch, in C's step too, and averages; in the last (apart) each is a batch of its own. In the second (one) it learns from one of them for each sample, drawn; SGD with momentum 0.5; L1 with weight 3 beside; from targets to sources. In the third
(without) D_A alone, without targets of others. The rate falls to a tenth at no step of these.
"""

import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from label_update import adam
from reference import Optimiser
from update_case import Case, Draws, Layers, main, pictures

N, SIDE, W, CODE = 4, 16, 2, 3


def down(i):
    return [("conv", i, W, 5, 2, 2, False), ("leaky", 0.2), ("conv", W, 2 * W, 5, 2, 2, False), ("norm", 2 * W, 1e-5), ("leaky", 0.2)]


def converter(i, o):
    return down(i) + [("conv", 2 * W, CODE, 4, 1, 0, False), ("norm", CODE, 1e-5), ("leaky", 0.2),
                      ("deconv", CODE, 2 * W, 4, 1, 0, 0, False), ("norm", 2 * W, 1e-5), ("relu",),
                      ("deconv", 2 * W, W, 5, 2, 2, 1, False), ("norm", W, 1e-5), ("relu",), ("deconv", W, o, 5, 2, 2, 1, False), ("tanh",)]


def discriminator(i):
    return down(i) + [("conv", 2 * W, 1, 4, 1, 0, False)]


def bce(logits, target):
    target = torch.as_tensor(target, dtype=logits.dtype).expand_as(logits)
    return F.binary_cross_entropy_with_logits(logits, target)


def train(dtype, kind=""):
    random = np.random.RandomState(20160324)
    draws = Draws(random, dtype)
    one, negatives, both = kind == "one", kind != "without", kind != "without"
    i, o = (1, 3) if one else (3, 1)
    c = Layers("C", dtype, random, None, {"": converter(i, o)})
    judges = {}
    if both:
        judges["D_R"] = Layers("D_R", dtype, random, None, {"": discriminator(o)})
    judges["D_A"] = Layers("D_A", dtype, random, None, {"": discriminator(i + o)})
    make = (lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.5)) if one else adam(2e-4)
    optimisers = {n.name: Optimiser(n, make) for n in [c, *judges.values()]}
    extra = {"": "", "apart": " statistics=apart", "one": " images=one loss=l1+real+domain lambda=3 optimiser=sgd rate=0.05 direction=BtoA", "without": " loss=domain negatives=false"}[kind]
    case = Case("pldt", f"width={W} d_width={W} code={CODE} last_part=0" + ("" if one else " rate=2e-4") + extra)
    case.start(c, *judges.values())
    for _ in range(2):
        fields = {name: pictures(random, N, SIDE, channels).to(dtype) for name, channels in (("a", 3), ("b", 1), ("a_other", 3), ("b_other", 1))}
        case.batch(**fields)
        x, y, other = (fields[name] for name in (("b", "a", "a_other") if one else ("a", "b", "b_other")))
        fake = c(x, True)
        for name, judge in judges.items():
            seen = (lambda t: t) if name == "D_R" else (lambda t: torch.cat([x, t], 1))
            label = {"own": 1.0, "fake": 0.0, "other": 1.0 if name == "D_R" else 0.0}
            shown = {"own": y, "fake": fake.detach()} | ({"other": other} if negatives else {})
            if kind == "apart":
                said = {k: judge(seen(t), True) for k, t in shown.items()}
            else:
                said = dict(zip(shown, judge(torch.cat([seen(t) for t in shown.values()]), True).split(N)))
            if one:
                chosen = {"fake": draws.bernoulli((N, 1, 1, 1), 1 / 3)}
                chosen["other"] = (1 - chosen["fake"]) * draws.bernoulli((N, 1, 1, 1), 0.5)
                chosen["own"] = 1 - chosen["fake"] - chosen["other"]
            else:
                chosen = {k: torch.full((N, 1, 1, 1), 1 / len(said), dtype=dtype) for k in said}
            each = lambda logits, right: F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, right), reduction="none")
            loss = sum((chosen[k] * each(s, label[k])).mean() for k, s in said.items())
            for k, s in said.items():
                case.loss(f"{name}/{k}", torch.sigmoid(s).mean())
            case.loss(f"{name}/adv", loss)
            case.move(name, [(judge, optimisers[name], loss)])
        def of_made(name):
            seen = (lambda t: t) if name == "D_R" else (lambda t: torch.cat([x, t], 1))
            if kind == "apart":
                return judges[name](seen(fake), False)
            return judges[name](torch.cat([seen(t) for t in [y, fake] + ([other] if negatives else [])]), False)[N : 2 * N]

        parts = {}
        if both:
            parts["real"] = 0.5 * bce(of_made("D_R"), 1.0)
        parts["domain"] = (0.5 if both else 1.0) * bce(of_made("D_A"), 1.0)
        if one:
            parts["l1"] = 3 * (fake - y).abs().mean()
        for name, value in parts.items():
            case.loss(f"C/{name}", value)
        case.move("C", [(c, optimisers["C"], sum(parts.values()))])
        case.finish_iteration(draws, c, *judges.values())
    return case


if __name__ == "__main__":
    main(__file__, train)
    for kind in ("one", "without", "apart"):
        main(pathlib.Path(__file__).with_name(f"pldt_{kind}_update.py"), lambda dtype: train(dtype, kind))
