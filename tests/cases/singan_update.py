"""SinGAN over two scales in plain PyTorch: python3 singan_update.py  writes singan_update.safetensors beside itself.

Rott Shaham, Dekel, Michaeli 2019, tiny: a picture of 16 x 18, coarsest scale 12 pixels, width 3. Two iterations of scale 0,
then two of scale 1, which begins with the trained weights of scale 0. Rules of an iteration:
  - one noise map for all of its steps (one channel at scale 0, three at scale 1), batch 1;
  - two steps of D, each on a new sample of the scales below: -mean D(real) + mean D(fake) + 0.1 GP, where GP is the mean over
    pixels of (|g| - 1)^2, g the gradient of the summed scores at a mixture of real and fake, |.| over the colours, with
    1e-12 under the root; through batch norm in training mode;
  - two steps of G on -mean D(fake) + 10 MSE(reconstruction, real), the fake from the same noise and from D's last sample of
    the scales below, computed afresh each step;
  - G(z, before) = before + five 3x3 convolutions of pad(amp z + before, 5), without a bias before batch norms;
  - running statistics follow every forward pass of the network that an update moves; scales below use theirs;
  - Adam 5e-4, 0.5, 0.999, eps 1e-8, fresh at each scale.
Between scales: clamp to [-1, 1], cubic a = -1/2 (kernel stretched when shrinking), pixel centres, mirrored borders.

Tensors: picture [1, 3, 16, 18]; z_star; initial.NET.*; draws.K in the order in which they are used; S.K.UPDATE.TERM losses of
the last step of an update in iteration K of scale S; S.K.NET.*, S.K.m.NET.* weights and first moments after it; amp, before.
"""

import math
import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Record, float32_exact, write

WIDTH, HEIGHT, BREADTH, LEAST, STEPS, ITERATIONS = 3, 16, 18, 12, 2, 2
FACTOR = (LEAST / HEIGHT) ** 0.5  # three scales; two are trained
SIZES = [(math.ceil(HEIGHT * FACTOR**k - 1e-9), math.ceil(BREADTH * FACTOR**k - 1e-9)) for k in (2, 1, 0)]


def cubic(x):
    x = np.abs(x)
    return np.where(x <= 1, 1.5 * x**3 - 2.5 * x**2 + 1, np.where(x <= 2, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 0))


def matrix(size, scale):
    out, squeeze = math.ceil(size * scale - 1e-9), min(scale, 1.0)
    m = np.zeros((out, size))
    for o in range(out):
        centre = (o + 0.5) / scale - 0.5
        taps = np.arange(math.floor(centre - 4 / squeeze), math.ceil(centre + 4 / squeeze) + 1)
        weights = cubic((centre - taps) * squeeze)
        for t, w in zip(taps, weights / weights.sum()):
            t %= 2 * size
            m[o, t if t < size else 2 * size - 1 - t] += w
    return torch.from_numpy(m)


def resize(x, scale):
    return torch.einsum("ah,bw,nchw->ncab", matrix(x.shape[2], scale), matrix(x.shape[3], scale), x)


def enlarge(x, size):
    return resize(x.clamp(-1, 1), 1 / FACTOR)[:, :, : size[0], : size[1]]


class Trunk(Network):
    def __init__(self, name, random, out, tail_bias):
        super().__init__(name, torch.float64)
        for i in range(1, 6):
            a, b = 3 if i == 1 else WIDTH, out if i == 5 else WIDTH
            self.parameter(f"conv{i}.weight", random.normal(0, 0.02, (b, a, 3, 3)))
            if i < 5:
                self.norm(f"norm{i}", random, b)
        if tail_bias:
            self.parameter("conv5.bias", random.uniform(-0.1, 0.1, out))

    def __call__(self, x, follow, frozen=False):
        for i in range(1, 5):
            x = F.conv2d(x, self.parameters[f"conv{i}.weight"])
            if frozen:
                x = F.batch_norm(x, self.statistics[f"norm{i}.running_mean"], self.statistics[f"norm{i}.running_var"],
                                 self.parameters[f"norm{i}.weight"], self.parameters[f"norm{i}.bias"], False, 0.1, 1e-5)
            else:
                x = self.batch_norm(f"norm{i}", x, follow)
            x = F.leaky_relu(x, 0.2)
        return F.conv2d(x, self.parameters["conv5.weight"], self.parameters.get("conv5.bias"))

    def become(self, other):
        for name, p in self.parameters.items():
            p.data.copy_(other.parameters[name].data)
        for name, s in self.statistics.items():
            s.copy_(other.statistics[name])


def generate(g, z, before, follow=False, frozen=False):
    made = torch.tanh(g(F.pad(z + before, (5, 5, 5, 5)), follow, frozen))
    return made + before


def main():
    torch.set_num_threads(1)
    random, record = np.random.RandomState(20190501), Record()
    draws = []

    def drawn(*shape, uniform=False):
        x = float32_exact(random.uniform(0, 1, shape) if uniform else random.normal(0, 1, shape))
        draws.append(x)
        return x

    rows, columns = np.mgrid[0:HEIGHT, 0:BREADTH] / 17.0
    picture = np.stack([np.sin(5 * rows + c) * np.cos((4 + c) * columns) for c in range(3)]) * 0.8
    picture = float32_exact(picture[None] + random.uniform(-0.2, 0.2, (1, 3, HEIGHT, BREADTH)))
    record.add("picture", picture)
    reals = [resize(picture, FACTOR ** (2 - i)).clamp(-1, 1) if i < 2 else picture for i in range(3)]
    z_star = drawn(1, 1, *SIZES[0])
    g = [Trunk(f"G{i}", random, 3, True) for i in range(2)]
    d = [Trunk(f"D{i}", random, 1, False) for i in range(2)]
    for net in (*g, *d):
        record.weights(net, "initial")
    amp, before_rec = torch.ones(()), torch.zeros(1, 3, *SIZES[0])
    for s in range(2):
        if s:
            g[1].become(g[0])
            d[1].become(d[0])
            with torch.no_grad():
                before_rec = enlarge(generate(g[0], z_star.expand(1, 3, -1, -1), torch.zeros(1, 3, *SIZES[0]), frozen=True), SIZES[1])
            amp = 0.1 * ((before_rec - reals[1]) ** 2).mean().sqrt()
            record.add("before1", before_rec)
            record.add("amp1", amp)
        optimisers = {n.name: torch.optim.Adam(list(n.parameters.values()), lr=5e-4, betas=(0.5, 0.999), eps=1e-8) for n in (g[s], d[s])}

        def move(net, loss):
            optimisers[net.name].zero_grad()
            leaves = list(net.parameters.values())
            for p, grad in zip(leaves, torch.autograd.grad(loss, leaves)):
                p.grad = grad
            optimisers[net.name].step()

        for k in range(ITERATIONS):
            noise = amp * drawn(1, 3 if s else 1, *SIZES[s]).expand(1, 3, -1, -1)
            for _ in range(STEPS):
                before = torch.zeros(1, 3, *SIZES[s])
                if s:
                    with torch.no_grad():
                        below = generate(g[0], drawn(1, 1, *SIZES[0]).expand(1, 3, -1, -1), torch.zeros(1, 3, *SIZES[0]), frozen=True)
                        before = enlarge(below, SIZES[1])
                fake = generate(g[s], noise, before).detach()
                a = drawn(1, 1, 1, 1, uniform=True)
                mixed = (a * reals[s] + (1 - a) * fake).requires_grad_()
                adv = d[s](fake, True).mean() - d[s](reals[s], True).mean()
                slope = torch.autograd.grad(d[s](mixed, True).sum(), mixed, create_graph=True)[0]
                gp = 0.1 * (((slope**2).sum(1) + 1e-12).sqrt() - 1).pow(2).mean()
                move(d[s], adv + gp)
            record.add(f"{s}.{k}.D.adv", adv)
            record.add(f"{s}.{k}.D.gp", gp)
            for _ in range(STEPS):
                fake = generate(g[s], noise, before, follow=True)
                adv = -d[s](fake, False).mean()
                z = torch.zeros(()) if s else z_star.expand(1, 3, -1, -1)
                rec = 10 * F.mse_loss(generate(g[s], z, before_rec, follow=True), reals[s])
                move(g[s], adv + rec)
            record.add(f"{s}.{k}.G.adv", adv)
            record.add(f"{s}.{k}.G.rec", rec)
            for net in (g[s], d[s]):
                record.weights(net, f"{s}.{k}")
                for name, p in net.parameters.items():
                    record.add(f"{s}.{k}.m.{net.name}.{name}", optimisers[net.name].state[p]["exp_avg"])
    for k, x in enumerate(draws):
        record.add(f"draws.{k}", x)
    metadata = {"model": "singan", "width": WIDTH, "iterations": ITERATIONS, "steps": STEPS, "draws": len(draws)}
    path = pathlib.Path(__file__).with_suffix(".safetensors")
    write(path, metadata, record.tensors)
    print(f"{path.name}: {path.stat().st_size} bytes; amp {amp:.6f}, losses {adv:.6f} {rec:.6f} {gp:.6f}")


if __name__ == "__main__":
    main()
