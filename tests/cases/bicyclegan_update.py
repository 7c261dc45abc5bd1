"""Two iterations of BicycleGAN in plain PyTorch: python3 bicyclegan_update.py  writes bicyclegan_update.safetensors beside itself.

Zhu et al. 2017b, tiny: 16 x 16, both sides 1 channel, width 2, codes of 2 at every encoder step, E_ResNet with one block, two
discriminators of one halving at two scales, batch 2, no dropout. Rules of an iteration:
  - the first sample is translated, with z = mu + exp(logvar / 2) eps of its own partner and with a random z; the second sample's
    partner is what D2 takes for real;
  - G and E: LSGAN of both (sum over scales), 10 |B_enc - B|, 0.01 KL (a sum), and 0.5 mean|mu(B_rnd) - z| for G alone;
  - then D and D2 on (D(real) - 1)^2 + D(fake)^2 with the fakes made before.

Tensors (PyTorch's layouts): initial.NET.PARAMETER, K.a, K.b, K.eps, K.z, K.NET.loss, K.NET.grad.PARAMETER, K.NET.step.PARAMETER (of the last iteration).
"""

import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser, Record, float32_exact, without_first_steps, write

WIDTH, SIZE, LEVELS, NZ, ITERATIONS = 2, 16, 4, 2, 2


def norm(h):
    return F.instance_norm(h, eps=1e-5)


class Net(Network):
    def layer(self, name, random, shape, bias):
        self.parameter(f"{name}.weight", random.normal(0, 0.2, shape))
        if bias:
            self.parameter(f"{name}.bias", random.normal(0, 0.2, bias))

    def conv(self, name, h, **how):
        return F.conv2d(h, self.parameters[f"{name}.weight"], self.parameters.get(f"{name}.bias"), **how)


class Generator(Net):
    def __init__(self, random, dtype):
        super().__init__("G", dtype)
        widths = [WIDTH * min(2**i, 8) for i in range(LEVELS)]
        for i in range(LEVELS):
            bias = widths[i] if i in (0, LEVELS - 1) else 0
            self.layer(f"e{i + 1}", random, (widths[i], (widths[i - 1] if i else 1) + NZ, 4, 4), bias)
        for j in range(LEVELS):
            inputs = widths[LEVELS - 1 - j] * (2 if j else 1)
            outputs = widths[LEVELS - 2 - j] if j < LEVELS - 1 else 1
            self.layer(f"d{j + 1}", random, (inputs, outputs, 4, 4), 1 if j == LEVELS - 1 else 0)

    def __call__(self, x, z):
        p, skips, h = self.parameters, [], x
        for i in range(1, LEVELS + 1):
            h = torch.cat([h, z[:, :, None, None].expand(-1, -1, *h.shape[2:])], 1)
            h = self.conv(f"e{i}", h if i == 1 else F.leaky_relu(h, 0.2), stride=2, padding=1)
            if 1 < i < LEVELS:
                h = norm(h)
            skips.append(h)
        for j in range(1, LEVELS + 1):
            h = F.conv_transpose2d(F.relu(h), p[f"d{j}.weight"], p.get(f"d{j}.bias"), stride=2, padding=1)
            if j < LEVELS:
                h = torch.cat([norm(h), skips[LEVELS - 1 - j]], 1)
        return torch.tanh(h)


class Encoder(Net):
    def __init__(self, random, dtype):
        super().__init__("E", dtype)
        w = WIDTH
        self.layer("trunk.conv1", random, (w, 1, 4, 4), w)
        self.layer("trunk.block1.main.conv1", random, (w, w, 3, 3), 0)
        self.layer("trunk.block1.main.conv2", random, (2 * w, w, 3, 3), 2 * w)
        self.layer("trunk.block1.shortcut.conv1", random, (2 * w, w, 1, 1), 2 * w)
        self.layer("mean", random, (NZ, 2 * w), NZ)
        self.layer("log_variance", random, (NZ, 2 * w), NZ)

    def __call__(self, x):
        h = self.conv("trunk.conv1", x, stride=2, padding=1)
        main = self.conv("trunk.block1.main.conv1", F.leaky_relu(norm(h), 0.2), padding=1)
        main = self.conv("trunk.block1.main.conv2", F.leaky_relu(norm(main), 0.2), padding=1)
        h = F.avg_pool2d(main, 2) + self.conv("trunk.block1.shortcut.conv1", F.avg_pool2d(h, 2))
        h = F.leaky_relu(h, 0.2).mean((2, 3))
        return [F.linear(h, self.parameters[f"{n}.weight"], self.parameters[f"{n}.bias"]) for n in ("mean", "log_variance")]


class Discriminator(Net):
    def __init__(self, name, random, dtype):
        super().__init__(name, dtype)
        for scale, w in ((1, WIDTH), (2, WIDTH // 2)):
            self.layer(f"scale{scale}.conv1", random, (w, 1, 4, 4), w)
            self.layer(f"scale{scale}.conv2", random, (2 * w, w, 4, 4), 0)
            self.layer(f"scale{scale}.conv3", random, (1, 2 * w, 4, 4), 1)

    def __call__(self, x):
        maps = []
        for scale in (1, 2):
            if scale == 2:
                x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
            h = F.leaky_relu(self.conv(f"scale{scale}.conv1", x, stride=2, padding=1), 0.2)
            h = F.leaky_relu(norm(self.conv(f"scale{scale}.conv2", h, padding=1)), 0.2)
            maps.append(self.conv(f"scale{scale}.conv3", h, padding=1))
        return maps


def towards(maps, value):
    return sum(((m - value) ** 2).mean() for m in maps)


def train(dtype):
    random = np.random.RandomState(20171130)
    g, e = Generator(random, dtype), Encoder(random, dtype)
    d, d2 = Discriminator("D", random, dtype), Discriminator("D2", random, dtype)
    nets = (g, e, d, d2)
    adams = {n.name: Optimiser(n, lambda q: torch.optim.Adam(q, lr=2e-4, betas=(0.5, 0.999), eps=1e-8)) for n in nets}
    record = Record()
    for network in nets:
        record.weights(network, "initial")
    for k in range(ITERATIONS):
        draw = lambda low, *shape: float32_exact(random.uniform(low, 1, shape)).to(dtype)
        a, b = draw(-1, 2, 1, SIZE, SIZE), draw(-1, 2, 1, SIZE, SIZE)
        eps, z = (float32_exact(random.normal(0, 1, (1, NZ))).to(dtype) for _ in range(2))
        for name, value in (("a", a), ("b", b), ("eps", eps), ("z", z)):
            record.add(f"{k}.{name}", value)
        mu, logvar = e(b[:1])
        b_enc, b_rnd = g(a[:1], mu + torch.exp(logvar / 2) * eps), g(a[:1], z)
        common = towards(d(b_enc), 1) + towards(d2(b_rnd), 1) + 10 * (b_enc - b[:1]).abs().mean()
        common = common - 0.005 * (1 + logvar - mu**2 - logvar.exp()).sum()
        code = 0.5 * (e(b_rnd)[0] - z).abs().mean()
        for network, loss in ((g, common + code), (e, common)):
            names, leaves = zip(*network.parameters.items())
            found = dict(zip(names, torch.autograd.grad(loss, leaves, retain_graph=True)))
            for name, value in found.items():
                record.add(f"{k}.{network.name}.grad.{name}", value)
            network.found = found
        for network in (g, e):
            for name, step in adams[network.name].step(network.found).items():
                record.add(f"{k}.{network.name}.step.{name}", step)
        record.add(f"{k}.generator.loss", common + code)
        for net, real, fake in ((d, b[:1], b_enc), (d2, b[1:], b_rnd)):
            record.update(f"{k}.{net.name}", net, towards(net(real), 1) + towards(net(fake.detach()), 0), adams[net.name])
    return record.tensors


def main():
    torch.set_num_threads(1)
    write(pathlib.Path(__file__).with_suffix(".safetensors"), {"reference_of": "bicyclegan", "width": WIDTH}, without_first_steps(train(torch.float64)))


if __name__ == "__main__":
    main()
