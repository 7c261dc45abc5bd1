"""Two iterations of CycleGAN in plain PyTorch: python3 cyclegan_update.py  writes cyclegan_update.safetensors beside itself.

Zhu et al. 2017, tiny: 16 x 16, both sides 1 channel, width 2, one residual block, PatchGAN of one halving, batch 1, pool off (its
draws are the engine's own). Rules of an iteration:
  - G and F move first and together, on mean (D(fake) - 1)^2 for both, 10 mean|cycle| for both, 5 mean|identity| for both;
  - then D_Y and D_X, each on 1/2 [mean (D(real) - 1)^2 + mean D(fake)^2] with the fakes made before G and F moved;
  - instance norms without gains; biases only where no norm follows.

Tensors (PyTorch's layouts): initial.NET.PARAMETER, K.a, K.b, K.NET.loss, K.NET.grad.PARAMETER, K.NET.step.PARAMETER (of the last iteration).
"""

import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser, Record, float32_exact, without_first_steps, write

WIDTH, BATCH, SIZE, ITERATIONS = 2, 1, 16, 2


def norm(h):
    return F.instance_norm(h, eps=1e-5)


class Generator(Network):
    def __init__(self, name, random, dtype):
        super().__init__(name, dtype)
        w = WIDTH
        draw = lambda *shape: random.normal(0, 0.2, shape)
        self.parameter("conv1.weight", draw(w, 1, 7, 7))
        self.parameter("conv2.weight", draw(2 * w, w, 3, 3))
        self.parameter("conv3.weight", draw(4 * w, 2 * w, 3, 3))
        self.parameter("block1.main.conv1.weight", draw(4 * w, 4 * w, 3, 3))
        self.parameter("block1.main.conv2.weight", draw(4 * w, 4 * w, 3, 3))
        self.parameter("deconv1.weight", draw(4 * w, 2 * w, 3, 3))
        self.parameter("deconv2.weight", draw(2 * w, w, 3, 3))
        self.parameter("conv4.weight", draw(1, w, 7, 7))
        self.parameter("conv4.bias", draw(1))

    def __call__(self, x):
        p = {k.removesuffix(".weight"): v for k, v in self.parameters.items()}
        reflect = lambda h, n: F.pad(h, (n, n, n, n), mode="reflect")
        h = F.relu(norm(F.conv2d(reflect(x, 3), p["conv1"])))
        for name in ("conv2", "conv3"):
            h = F.relu(norm(F.conv2d(h, p[name], stride=2, padding=1)))
        inner = F.relu(norm(F.conv2d(reflect(h, 1), p["block1.main.conv1"])))
        h = h + norm(F.conv2d(reflect(inner, 1), p["block1.main.conv2"]))
        for name in ("deconv1", "deconv2"):
            h = F.relu(norm(F.conv_transpose2d(h, p[name], stride=2, padding=1, output_padding=1)))
        return torch.tanh(F.conv2d(reflect(h, 3), p["conv4"], p["conv4.bias"]))


class Discriminator(Network):
    def __init__(self, name, random, dtype):
        super().__init__(name, dtype)
        self.parameter("conv1.weight", random.normal(0, 0.2, (WIDTH, 1, 4, 4)))
        self.parameter("conv1.bias", random.normal(0, 0.2, WIDTH))
        self.parameter("conv2.weight", random.normal(0, 0.2, (2 * WIDTH, WIDTH, 4, 4)))
        self.parameter("conv3.weight", random.normal(0, 0.2, (1, 2 * WIDTH, 4, 4)))
        self.parameter("conv3.bias", random.normal(0, 0.2, 1))

    def __call__(self, x):
        p = self.parameters
        h = F.leaky_relu(F.conv2d(x, p["conv1.weight"], p["conv1.bias"], stride=2, padding=1), 0.2)
        h = F.leaky_relu(norm(F.conv2d(h, p["conv2.weight"], padding=1)), 0.2)
        return F.conv2d(h, p["conv3.weight"], p["conv3.bias"], padding=1)


def train(dtype):
    random = np.random.RandomState(20170330)
    g, f = Generator("G", random, dtype), Generator("F", random, dtype)
    dx, dy = Discriminator("D_X", random, dtype), Discriminator("D_Y", random, dtype)
    nets = (g, f, dx, dy)
    adams = {n.name: Optimiser(n, lambda q: torch.optim.Adam(q, lr=2e-4, betas=(0.5, 0.999), eps=1e-8)) for n in nets}
    record = Record()
    for network in nets:
        record.weights(network, "initial")
    for k in range(ITERATIONS):
        x, y = (float32_exact(random.uniform(-1, 1, (BATCH, 1, SIZE, SIZE))).to(dtype) for _ in "ab")
        record.add(f"{k}.a", x)
        record.add(f"{k}.b", y)
        fake_y, fake_x = g(x), f(y)
        loss = ((dy(fake_y) - 1) ** 2).mean() + ((dx(fake_x) - 1) ** 2).mean()
        loss = loss + 10 * (f(fake_y) - x).abs().mean() + 10 * (g(fake_x) - y).abs().mean()
        loss = loss + 5 * (g(y) - y).abs().mean() + 5 * (f(x) - x).abs().mean()
        gradients = torch.autograd.grad(loss, list(g.parameters.values()) + list(f.parameters.values()))
        at = 0
        for network in (g, f):
            found = dict(zip(network.parameters, gradients[at : at + len(network.parameters)]))
            at += len(network.parameters)
            for name, value in found.items():
                record.add(f"{k}.{network.name}.grad.{name}", value)
            for name, step in adams[network.name].step(found).items():
                record.add(f"{k}.{network.name}.step.{name}", step)
        record.add(f"{k}.generators.loss", loss)
        for d, real, fake in ((dy, y, fake_y), (dx, x, fake_x)):
            record.update(f"{k}.{d.name}", d, 0.5 * (((d(real) - 1) ** 2).mean() + (d(fake.detach()) ** 2).mean()), adams[d.name])
    return record.tensors


def main():
    torch.set_num_threads(1)
    write(pathlib.Path(__file__).with_suffix(".safetensors"), {"reference_of": "cyclegan", "width": WIDTH, "batch": BATCH}, without_first_steps(train(torch.float64)))


if __name__ == "__main__":
    main()
