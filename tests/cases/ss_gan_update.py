"""Four iterations of S2-GAN (Wang and Gupta 2016), one of each stage: writes ss_gan_update.safetensors.

The estimator of normals by SGD; structure, D1 and then G1; style, D2 and then G2 with the frozen estimator's cross entropy; all together, where G1
also follows 0.1 of G2's adversarial loss through G2. D sees one half of the first batch as it is and one half as fakes, G the second batch. 16 px,
normals of 16 px, width 1, estimator 1, three words, batch 4. The kept words are given, not clustered.
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import Optimiser, float32_exact
from update_case import Case, Draws, Layers, main, pictures

N, S, L, W, K, LAMBDA, THROUGH, LOW, HIGH = 4, 16, 3, 1, 3, 0.1, 0.1, 0.3, 0.9
EPS = 1e-5


def same(i, o, k, stride, *f):
    return [("conv", i, o, k, stride, k // 2, False), ("norm", o, EPS), f or ("leaky", 0.2)]


def relu_same(i, o, k, stride):
    return [("conv", i, o, k, stride, k // 2, False), ("norm", o, EPS), ("relu",)]


def doubled(i, o, *f):
    return [("deconv", i, o, 4, 2, 1, 0, False), ("norm", o, EPS), f or ("leaky", 0.2)]


def from_vector(o, side):
    return [("vector",), ("deconv", L, o, side, 1, 0, 0, False), ("norm", o, EPS), ("relu",)]


def judge(channels, second, side):
    leaky = ("leaky", 0.2)
    return [("conv", channels, W, 5, 2, 2, True), leaky, ("conv", W, 2 * W, 5, second, 2, True), leaky, ("conv", 2 * W, 4 * W, 3, 2, 1, True), leaky, ("maps", 0.8),
            ("conv", 4 * W, 8 * W, 3, 2, 1, True), leaky, ("maps", 0.8), ("conv", 8 * W, 2 * W, 3, 1, 1, True), leaky, ("flatten",), ("dropout", 0.5), ("linear", 2 * W * side * side, 1, True)]


def networks(*args):
    relu = ("relu",)
    g1 = (from_vector(2 * W, 2) + doubled(2 * W, 2 * W, *relu) + relu_same(2 * W, 2 * W, 3, 1) + relu_same(2 * W, 4 * W, 3, 1) + relu_same(4 * W, 8 * W, 3, 1) + same(8 * W, 8 * W, 3, 1)
          + doubled(8 * W, 4 * W) + same(4 * W, 2 * W, 3, 1) + doubled(2 * W, W) + [("conv", W, 3, 5, 1, 2, True), ("tanh",)])
    g2 = {"left": relu_same(3, W, 5, 2) + relu_same(W, 2 * W, 5, 2), "right.layers": from_vector(W, 1) + doubled(W, W, *relu) + doubled(W, W, *relu),
          "join": relu_same(3 * W, 4 * W, 3, 1) + relu_same(4 * W, 8 * W, 3, 2) + same(8 * W, 8 * W, 3, 1) + doubled(8 * W, 4 * W) + doubled(4 * W, 2 * W) + doubled(2 * W, W)
          + [("conv", W, 1, 5, 1, 2, True), ("tanh",)]}

    def next(i, o, k, stride, padding, *f):
        return [("conv", i, o, k, stride, padding, False), ("norm", o, EPS), f or relu]

    fcn = ([("up", 4)] + next(1, 1, 11, 4, 68, "leaky", 0.2) + [("pool", 3, 2)] + next(1, 2, 5, 1, 2) + [("pool", 3, 2)] + next(2, 4, 3, 1, 1) + next(4, 4, 3, 1, 1) + next(4, 2, 3, 1, 1) + [("pool", 3, 2)]
           + next(2, 10, 6, 1, 1) + doubled(10, 5, *relu) + [("conv", 5, K, 3, 1, 1, True)])
    return (Layers("FCN", *args, {"": fcn}), Layers("G1", *args, {"": g1}), Layers("D1", *args, {"": judge(3, 1, 2)}), Layers("G2", *args, g2), Layers("D2", *args, {"": judge(4, 2, 1)}))


def unit(n):
    return n / (n.square().sum(1, keepdim=True) + 1e-30).sqrt()


def bce(logit, target):
    return F.binary_cross_entropy_with_logits(logit, torch.full_like(logit, target))


def train(dtype):
    random = np.random.RandomState(1603)
    draws = Draws(random, dtype)
    fcn, g1, d1, g2, d2 = nets = networks(dtype, random, draws)
    words = float32_exact(random.normal(0, 1, (K, 3))).to(dtype)
    case = Case("ss-gan", f"width={W} fcn_width=1 latent={L} words={K} high={HIGH} fcn_steps=1 structure_steps=1 style_steps=1", steps=4)
    case.start(*nets)
    case.record.add("initial.kept.words", words)

    def noise(n):
        return draws.uniform(n, L, low=-1, high=1)

    def render(n, z, follow):
        return g2(torch.cat([g2(n, follow, "left"), g2(z, follow, "right.layers")], 1), follow, "join")

    def labels(n):
        low = unit(F.interpolate(n, (S // 4, S // 4), mode="bilinear", align_corners=False))
        return (low.permute(0, 2, 3, 1) @ words.T).argmax(-1)

    def sides(d, on_real, on_fake):
        real, fake = bce(on_real, 1.0), bce(on_fake, 0.0)
        d_waits, g_waits = min(real.item(), fake.item()) < LOW, max(real.item(), fake.item()) > HIGH
        if d_waits and g_waits:
            d_waits = g_waits = False
        if dtype == torch.float64:
            print(f"{d.name}: {real.item():.4f} {fake.item():.4f}, D {'waits' if d_waits else 'moves'}, G {'waits' if g_waits else 'moves'}")
        return real, fake, d_waits, g_waits

    def adam(net, rate):
        return Optimiser(net, lambda p: torch.optim.Adam(p, lr=rate, betas=(0.5, 0.999), eps=1e-8))

    def update_d(update, d, optimiser, on_real, on_fake):
        real, fake, d_waits, g_waits = sides(d, on_real, on_fake)
        case.loss(f"{update}/real", real)
        case.loss(f"{update}/fake", fake)
        case.loss(f"{update}/adv", 0.5 * (real + fake))
        case.move(update, [(d, None if d_waits else optimiser, 0.5 * (real + fake))])
        return g_waits

    half = N // 2
    for iteration in range(4):
        batches = []
        for j in range(2):
            x, a = pictures(random, N, S).to(dtype), float32_exact(random.normal(0, 0.3, (N, 3, S, S)) + np.array([0, 0, 0.5])[None, :, None, None]).to(dtype)
            batches.append((x, unit(a)))
            suffix = f".{j}" if j else ""
            case.batch(**{f"a{suffix}": a, f"b{suffix}": x})
        x, n = batches[0]
        if iteration == 0:
            loss = F.cross_entropy(fcn(x, True), labels(n))
            case.loss("FCN/words", loss)
            case.move("FCN", [(fcn, Optimiser(fcn, lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=5e-4)), loss)])
        elif iteration == 1:
            fake = unit(g1(noise(half), False)).detach()
            g_waits = update_d("D1", d1, adam(d1, 2e-4 / 50), d1(n[:half], True), d1(fake, True))
            loss = bce(d1(unit(g1(noise(N), True)), False), 1.0)
            case.loss("G1/adv", loss)
            case.move("G1", [(g1, None if g_waits else adam(g1, 2e-4 / 50), loss)])
        elif iteration == 2:
            fake = render(n[half:], noise(half), False).detach()
            g_waits = update_d("D2", d2, adam(d2, 2e-4 / 50), d2(torch.cat([x[:half], n[:half]], 1), True), d2(torch.cat([fake, n[half:]], 1), True))
            _, n = batches[1]
            x = render(n, noise(N), True)
            adv = bce(d2(torch.cat([x, n], 1), False), 1.0)
            fcn.frozen = True
            constraint = LAMBDA * F.cross_entropy(fcn(x, False), labels(n))
            case.loss("G2/adv", adv)
            case.loss("G2/fcn", constraint)
            case.move("G2", [(g2, None if g_waits else adam(g2, 2e-4 / 50), adv + constraint)])
        else:
            fake = unit(g1(noise(half), False)).detach()
            g1_waits = update_d("D1", d1, adam(d1, 1e-7), d1(n[:half], True), d1(fake, True))
            made = unit(g1(noise(half), False)).detach()
            fake = render(made, noise(half), False).detach()
            g2_waits = update_d("D2", d2, adam(d2, 1e-6), d2(torch.cat([x[:half], n[:half]], 1), True), d2(torch.cat([fake, made], 1), True))
            n = unit(g1(noise(N), True))
            adv = bce(d2(torch.cat([render(n, noise(N), True), n.detach()], 1), False), 1.0)
            structure = bce(d1(n, False), 1.0)
            case.loss("G/structure", structure)
            case.loss("G/style", adv)
            case.loss("G/through", THROUGH * adv)
            case.move("G", [(g1, None if g1_waits else adam(g1, 1e-7), structure + THROUGH * adv), (g2, None if g2_waits else adam(g2, 1e-6), adv)])
        case.finish_iteration(draws, *nets)
    return case


if __name__ == "__main__":
    main(__file__, train)
