"""S2-GAN (Wang, Gupta 2016), tiny, in plain PyTorch: writes ss_gan_update.safetensors beside itself.

Pictures and normals of 16 x 16, drawn normals of 8 x 8, batch 6, widths of 1, five words. One iteration of the FCN (SGD 0.01, momentum 0.9, decay 5e-4, 3 samples), two of
the structure, two of the style with the fixed FCN, of four samples, two of both. Adam 2e-4, 6e-4 for the style (a 50th of it at first), then 1e-6 and 1e-7; D or G wait by D's losses, R and F, of the bounds
0.615 and 0.78.
"""

import numpy as np
import torch
from torch.nn import functional as F

from label_update import adam
from reference import Optimiser, float32_exact
from update_case import Case, Draws, Layers, main, pictures

N, STYLE_N, SIDE, SMALL, W, FCN_W, LATENT, WORDS, FCN_BATCH = 6, 4, 16, 8, 1, 2, 3, 5, 3
LAMBDA, LOW, HIGH, DECAY = 0.3, 0.615, 0.78, 1e-2


def block(kind, i, o, k, stride, pad, active):
    conv = (kind, i, o, k, stride, pad, False) if kind == "conv" else (kind, i, o, k, stride, pad, 0, False)
    return [conv, ("norm", o, 1e-5), ("relu",) if active == "relu" else ("leaky", 0.2)]


def double(i, o, active):
    return block("deconv", i, o, 4, 2, 1, active)


def structure_layers():
    return [("picture", 1, 1, LATENT), *block("deconv", LATENT, 2 * W, 1, 1, 0, "relu"), *double(2 * W, 2 * W, "relu"), *block("conv", 2 * W, 2 * W, 3, 1, 1, "relu"),
            *block("conv", 2 * W, 4 * W, 3, 1, 1, "relu"), *block("conv", 4 * W, 8 * W, 3, 1, 1, "relu"), *block("conv", 8 * W, 8 * W, 3, 1, 1, "leaky"),
            *double(8 * W, 4 * W, "leaky"), *block("conv", 4 * W, 2 * W, 3, 1, 1, "leaky"), *double(2 * W, W, "leaky"), ("conv", W, 3, 5, 1, 2, True), ("tanh",)]


def style_layers():
    return {"normals": block("conv", 3, W, 5, 2, 2, "relu") + block("conv", W, 2 * W, 5, 2, 2, "relu"),
            "noise": [("picture", 1, 1, LATENT)] + block("deconv", LATENT, W, 1, 1, 0, "relu") + double(W, W, "relu") + double(W, W, "relu"),
            "both": block("conv", 3 * W, 4 * W, 3, 1, 1, "relu") + block("conv", 4 * W, 8 * W, 3, 2, 1, "relu") + block("conv", 8 * W, 8 * W, 3, 1, 1, "leaky")
            + double(8 * W, 4 * W, "leaky") + double(4 * W, 2 * W, "leaky") + double(2 * W, W, "leaky") + [("conv", W, 3, 5, 1, 2, True), ("tanh",)]}


def judge_layers(channels, second, side):
    conv = lambda i, o, k, stride: [("conv", i, o, k, stride, k // 2, True), ("leaky", 0.2)]
    return [*conv(channels, W, 5, 2), *conv(W, 2 * W, 5, second), *conv(2 * W, 4 * W, 3, 2), ("map_dropout", 0.8), *conv(4 * W, 8 * W, 3, 2), ("map_dropout", 0.8),
            *conv(8 * W, 2 * W, 3, 1), ("flatten",), ("dropout", 0.5), ("linear", side * side * 2 * W, 1, True)]


def estimator_layers():
    a, b, c, d, e, f, g = (n * FCN_W // 96 for n in (96, 256, 384, 384, 256, 1024, 512))
    return [*block("conv", 3, a, 11, 4, 68, "leaky"), ("pool", 3, 2), *block("conv", a, b, 5, 1, 2, "relu"), ("pool", 3, 2), *block("conv", b, c, 3, 1, 1, "relu"),
            *block("conv", c, d, 3, 1, 1, "relu"), *block("conv", d, e, 3, 1, 1, "relu"), ("pool", 3, 2), *block("conv", e, f, 6, 1, 1, "relu"), *double(f, g, "relu"),
            ("conv", g, WORDS, 3, 1, 1, True)]


def unit(x):
    return x / (x**2).sum(1, keepdim=True).sqrt()


def resized(n, side):
    return n if n.shape[2] == side else unit(F.interpolate(n, (side, side), mode="bilinear", align_corners=False, antialias=n.shape[2] > side))


def train(dtype):
    random = np.random.RandomState(20160334)
    draws = Draws(random, dtype)
    make = lambda name, parts: Layers(name, dtype, random, draws, parts if isinstance(parts, dict) else {"": parts})
    fcn, g1, d1 = make("FCN", estimator_layers()), make("G1", structure_layers()), make("D1", judge_layers(3, 1, SMALL // 8))
    g2, d2 = make("G2", style_layers()), make("D2", judge_layers(6, 2, SIDE // 16))
    nets = (fcn, g1, d1, g2, d2)
    words = float32_exact(random.normal(0, 1, (WORDS, 3))).to(dtype)
    words = float32_exact(words.double() / words.double().norm(dim=1, keepdim=True)).to(dtype)
    case = Case("ss-gan", f"width={W} d_width={W} style_d_width={W} gates=all fcn_width={FCN_W} latent={LATENT} structure_size={SMALL} words={WORDS} fcn_batch={FCN_BATCH} fcn_steps=1 structure_steps=2 style_steps=2 "
                f"lambda={LAMBDA} decay={DECAY} fcn_rate=0.01 style_batch={STYLE_N} style_halvings=3 style_dropout=true rate=2e-4 style_rate=6e-4 low={LOW} high={HIGH}")
    case.start(*nets)
    case.record.add("initial.kept.words", words)

    def structure(z, follow):
        return unit(g1(z, follow))

    def style(n, z, follow):
        return g2(torch.cat([g2(n, follow, "normals"), g2(z, follow, "noise")], 1), follow, "both")

    def spelled(x, n, mode):
        logits = fcn(F.interpolate(x, scale_factor=4, mode="nearest"), mode)
        label = torch.einsum("nchw,kc->nkhw", resized(n, SIDE // 4), words).argmax(1)
        return F.cross_entropy(logits, label)

    def noise(n):
        return draws.uniform(n, LATENT, low=-1, high=1)

    def bce(logits, target):
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))

    def half(x, which):
        return x[which * (len(x) // 2):(which + 1) * (len(x) // 2)]

    def judge(d, rule, real, drawn):
        """D's update, unless it waits; whether G moves."""
        logits = d(torch.cat([real, drawn.detach()]), True)
        on_real, on_drawn = bce(half(logits, 0), 1.0), bce(half(logits, 1), 0.0)
        loss = (on_real + on_drawn) / 2
        for name, value in (("adv", loss), ("real", on_real), ("fake", on_drawn)):
            case.loss(f"{d.name}/{name}", value)
        d_ready, g_ready = min(on_real, on_drawn) >= LOW, max(on_real, on_drawn) <= HIGH
        case.move(d.name, [(d, rule if d_ready or not g_ready else None, loss)])
        print(f"{dtype} {case.iteration} {d.name}: R {on_real:.3f} F {on_drawn:.3f}, moves: D {d_ready or not g_ready}, G {g_ready or not d_ready}")
        case.record.add(f"{case.iteration}.kept.losses.{d.name}", torch.stack([on_real, on_drawn]))
        return bool(g_ready or not d_ready)

    def step():
        batches = []
        for j in ("", ".1"):
            a, b = pictures(random, N, SIDE, 3), pictures(random, N, SIDE, 3)
            case.batch(**{f"a{j}": a, f"b{j}": b})
            batches.append((unit(a.to(dtype)), b.to(dtype)))
        return batches

    def by(rate, *networks, decay=0):
        return [Optimiser(n, lambda p: torch.optim.Adam(p, rate, (0.5, 0.999), weight_decay=decay)) for n in networks]

    (n, x), _ = step()
    loss = spelled(x[:FCN_BATCH], n[:FCN_BATCH], True)
    case.loss("FCN/word", loss)
    case.move("FCN", [(fcn, Optimiser(fcn, lambda p: torch.optim.SGD(p, 0.01, 0.9, weight_decay=5e-4)), loss)])
    case.finish_iteration(draws, *nets)

    of_d, of_g = by(2e-4 / 50, d1, g1)
    for _ in range(2):
        (n, x), _ = step()
        moves = judge(d1, of_d, half(resized(n, SMALL), 0), structure(noise(N // 2), False))
        loss = bce(d1(structure(noise(N), True), True), 1.0)
        case.loss("G1/adv", loss)
        case.move("G1", [(g1, of_g if moves else None, loss)])
        case.finish_iteration(draws, *nets)

    of_d, of_g = by(6e-4 / 50, d2, g2, decay=DECAY)
    for _ in range(2):
        (n, x), (other, _) = step()
        n, x, other = n[:STYLE_N], x[:STYLE_N], other[:STYLE_N]
        told = half(n, 1)
        moves = judge(d2, of_d, torch.cat([half(x, 0), half(n, 0)], 1), torch.cat([style(told, noise(STYLE_N // 2), False), told], 1))
        made = style(other, noise(STYLE_N), True)
        parts = {"adv": bce(d2(torch.cat([made, other], 1), True), 1.0), "word": LAMBDA * spelled(made, other, "infer")}
        for name, value in parts.items():
            case.loss(f"G2/{name}", value)
        case.move("G2", [(g2, of_g if moves else None, sum(parts.values()))])
        case.finish_iteration(draws, *nets)

    of_d1, of_g1 = by(1e-7, d1, g1)
    of_d2, of_g2 = by(1e-6, d2, g2)
    for _ in range(2):
        (n, x), _ = step()
        moves1 = judge(d1, of_d1, half(resized(n, SMALL), 0), structure(noise(N // 2), False))
        told = resized(structure(noise(N // 2), False), SIDE)
        moves2 = judge(d2, of_d2, torch.cat([half(x, 0), half(n, 0)], 1), torch.cat([style(told, noise(N // 2), False), told], 1))
        drawn = structure(noise(N), True)
        large = resized(drawn, SIDE)
        # G1's part of the gradient is put together from its two ways: what D1 says, and a tenth of what D2 says of the picture.
        given = large.detach().requires_grad_()
        made = style(given, noise(N), True)
        verdict = bce(d1(drawn, True), 1.0)
        approval = bce(d2(torch.cat([made, given.detach()], 1), True), 1.0)
        through, = torch.autograd.grad(approval, given, retain_graph=True)
        case.loss("G/structure", verdict)
        case.loss("G/style", approval)
        case.move("G", [(g1, of_g1 if moves1 else None, verdict + 0.1 * (large * through).sum()), (g2, of_g2 if moves2 else None, approval)])
        case.finish_iteration(draws, *nets)
    return case


if __name__ == "__main__":
    main(__file__, train)
