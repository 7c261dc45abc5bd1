"""Improved GAN (Salimans et al. 2016), tiny, in plain PyTorch: writes improved_gan_update.safetensors and improved_gan_labels_update.safetensors.

16 x 16 x 1, width 2, latent 3, batch 3; D without weight normalisation. The first: minibatch discrimination (2 kernels of 2), targets 0.9 and
0, virtual batch norm in G with a reference batch of 2, historical averaging of weight 0.1, dropout in D; three iterations, as the history acts
from the third on. The second: 4 labelled pictures of 2 classes, D a classifier whose class "fake" has logit 0, G by feature matching
(mean absolute difference, on other pictures than D's), batch norm with a bias only in G, Gaussian noise of 0.2 and dropout in D.
"""

import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from reference import Optimiser, float32_exact
from update_case import Case, Draws, Layers, main, pictures

W, L, N, REFERENCE, KERNELS, SIZE = 2, 3, 3, 2, 2, 2
CHANNELS = [(1, W, 1, 1), (W, W, 1, 1), (W, W, 2, 1), (W, 2 * W, 1, 1), (2 * W, 2 * W, 1, 1), (2 * W, 2 * W, 2, 1), (2 * W, 2 * W, 1, 0)]


class Generator(Layers):
    """virtual: [reference rows; live rows] in, live rows out."""

    def __init__(self, random, dtype, draws, virtual):
        self.virtual = virtual
        super().__init__("G", dtype, random, draws, {"": [
            ("linear", L, 64, False), ("norm", 64, 1e-5), ("relu",), ("picture", 4, 4, 4), ("deconv", 4, 2, 5, 2, 2, 1, False), ("norm", 2, 1e-5), ("relu",),
            ("deconv", 2, 1, 5, 2, 2, 1, True), ("tanh",)]})

    def norm(self, name, random, channels):
        self.parameter(f"{name}.bias", random.normal(0, 0.1, channels))
        if self.virtual:
            self.parameter(f"{name}.weight", random.normal(0, 0.1, channels))
        else:
            self.statistics[f"{name}.running_mean"] = torch.zeros(channels, dtype=self.dtype)
            self.statistics[f"{name}.running_var"] = torch.ones(channels, dtype=self.dtype)

    def normalise(self, name, h, follow, eps, momentum=0.1):
        bias = self.parameters[f"{name}.bias"]
        shape = (1, -1) + (1,) * (h.dim() - 2)
        if not self.virtual:
            kept = [self.statistics[f"{name}.running_{kind}"] for kind in ("mean", "var")]
            if not follow:
                kept = [s.clone() for s in kept]
            return F.batch_norm(h, *kept, None, bias, True, momentum, eps)
        rows = []
        reference = h[:REFERENCE]
        m = reference.mean(dim=(0,) + tuple(range(2, h.dim())))
        q = (reference**2).mean(dim=(0,) + tuple(range(2, h.dim())))
        for i, row in enumerate(h):
            flat = row.reshape(len(row), -1)
            if i < REFERENCE:
                mean, square = m, q
            else:
                w = 1 / (REFERENCE + 1)
                mean, square = w * flat.mean(1) + (1 - w) * m, w * (flat**2).mean(1) + (1 - w) * q
            y = (flat - mean[:, None]) / torch.sqrt(eps + square - mean**2)[:, None]
            y = y * torch.exp(self.parameters[f"{name}.weight"])[:, None] + bias[:, None]
            rows.append(y.reshape(row.shape))
        return torch.stack(rows)


class Discriminator(Layers):
    def __init__(self, random, dtype, draws, minibatch, outputs, gaussian):
        self.minibatch, self.gaussian = minibatch, gaussian
        body = [] if gaussian else [("dropout", 0.8)]
        for i, o, stride, padding in CHANNELS:
            body += [("conv", i, o, 3, stride, padding, True), ("leaky", 0.2)] + ([("dropout", 0.5)] if stride == 2 else [])
        for _ in range(2):
            body += [("conv", 2 * W, 2 * W, 1, 1, 0, True), ("leaky", 0.2)]
        super().__init__("D", dtype, random, draws, {"features": body, "head": [("linear", 2 * W + (KERNELS if minibatch else 0), outputs, True)]})
        if minibatch:
            self.parameter("head.minibatch1.weight", random.normal(0, 0.5, (KERNELS * SIZE, 2 * W)))

    def features(self, x):
        if self.gaussian:
            x = x + 0.2 * self.draws.normal(*x.shape)
        return super().__call__(x, True, "features").mean(dim=(2, 3))

    def __call__(self, x):
        f = self.features(x)
        if self.minibatch:
            m = (f @ self.parameters["head.minibatch1.weight"].T).reshape(len(f), KERNELS, SIZE)
            o = torch.stack([sum(torch.exp(-(m[i] - m[j]).abs().sum(1)) for j in range(len(f)) if j != i) for i in range(len(f))])
            f = torch.cat([f, o], 1)
        return super().__call__(f, True, "head")


class History:
    def __init__(self, network):
        self.network, self.seen = network, []

    def loss(self):
        if not self.seen:
            return torch.zeros((), dtype=self.network.dtype)
        return 0.1 * sum(((p - torch.stack([s[n] for s in self.seen]).mean(0)) ** 2).sum() for n, p in self.network.parameters.items())

    def note(self):
        self.seen.append({n: p.detach().clone() for n, p in self.network.parameters.items()})


def adam(p):
    return torch.optim.Adam(p, lr=3e-4, betas=(0.5, 0.999), eps=1e-8)


def bce(logits, target):
    return (F.softplus(logits) - target * logits).mean()


def unconditional(dtype):
    random = np.random.RandomState(20160610)
    draws = Draws(random, dtype)
    g, d = Generator(random, dtype, draws, True), Discriminator(random, dtype, draws, True, 1, False)
    case = Case("improved-gan", f"width={W} latent={L} kernels={KERNELS} kernel_size={SIZE} virtual_norm=true reference={REFERENCE} historical=0.1")
    case.start(g, d)
    reference = float32_exact(random.uniform(0, 1, (REFERENCE, L)))
    case.record.add("initial.kept.reference", reference)
    sample = lambda: g(torch.cat([reference.to(dtype), draws.uniform(N, L)]), True)[REFERENCE:]
    of, history = {n.name: Optimiser(n, adam) for n in (g, d)}, {n.name: History(n) for n in (g, d)}
    for _ in range(3):
        x = pictures(random, N, 16).to(dtype)
        case.batch(image=x)
        real = d(x)
        fake = d(sample().detach())
        adv, past = 0.5 * bce(real, 0.9) + 0.5 * bce(fake, 0.0), history["D"].loss()
        case.loss("D/adv", adv)
        case.loss("D/history", past)
        case.move("D", [(d, of["D"], adv + past)])
        history["D"].note()
        adv, past = bce(d(sample()), 1.0), history["G"].loss()
        case.loss("G/adv", adv)
        case.loss("G/history", past)
        case.move("G", [(g, of["G"], adv + past)])
        history["G"].note()
        case.finish_iteration(draws, g, d)
    return case


def labelled(dtype):
    random = np.random.RandomState(20160611)
    draws = Draws(random, dtype)
    g, d = Generator(random, dtype, draws, False), Discriminator(random, dtype, draws, False, 2, True)
    case = Case("improved-gan", f"width={W} latent={L} labels=4 noise=gaussian", classes=2)
    case.start(g, d)
    few, classes = pictures(random, 4, 16), torch.tensor([0.0, 1.0, 1.0, 0.0], dtype=torch.float64)
    case.record.add("initial.kept.labelled", few)
    case.record.add("initial.kept.labels", classes)
    of = {n.name: Optimiser(n, adam) for n in (g, d)}
    for _ in range(2):
        x, other = pictures(random, N, 16).to(dtype), pictures(random, N, 16).to(dtype)
        case.batch(**{"image": x, "image.1": other})
        real = torch.logsumexp(d(x), 1)
        fake = torch.logsumexp(d(g(draws.uniform(N, L), False).detach()), 1)
        adv = 0.5 * bce(real, 0.9) + 0.5 * bce(fake, 0.0)
        rows = draws.keep(random.randint(0, 4, N)).long()
        supervised = F.cross_entropy(d(few.to(dtype)[rows]), classes.long()[rows])
        case.loss("D/adv", adv)
        case.loss("D/labelled", supervised)
        case.move("D", [(d, of["D"], adv + supervised)])
        y = g(draws.uniform(N, L), True)
        goal = d.features(other).mean(0).detach()
        matching = (goal - d.features(y).mean(0)).abs().mean()
        case.loss("G/features", matching)
        case.move("G", [(g, of["G"], matching)])
        case.finish_iteration(draws, g, d)
    return case


if __name__ == "__main__":
    main(__file__, unconditional)
    main(str(pathlib.Path(__file__).with_name("improved_gan_labels_update.py")), labelled)
