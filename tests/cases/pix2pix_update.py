"""Two iterations of pix2pix in plain PyTorch: python3 pix2pix_update.py  writes pix2pix_update.safetensors beside itself.

Isola et al. 2017, tiny: 16 x 16, input 1 channel, target 3, width 2, four halvings, no dropout (its draws are the engine's own),
PatchGAN of two halvings (patches of 34) on pairs, batch 2. Rules of an iteration:
  - fake = G(a) once; D moves first, on 1/2 [BCE(D(a, b), 1) + BCE(D(a, fake), 0)], real and fake as batches of their own;
  - G moves on BCE(D(a, fake), 1) + 100 mean|b - fake|, judged by the D that has moved;
  - convolutions without biases; no norm on the first encoder step and the bottleneck; concat(decoder, skip), ReLU after it.

Tensors (PyTorch's layouts): initial.NET.PARAMETER, K.a, K.b, K.NET.loss, K.NET.grad.PARAMETER, K.NET.step.PARAMETER (of the last iteration).
"""

import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser, Record, float32_exact, norm_of_difference, without_first_steps, write

WIDTH, BATCH, SIZE, LEVELS, ITERATIONS = 2, 2, 16, 4, 2


class Generator(Network):
    def __init__(self, random, dtype):
        super().__init__("G", dtype)
        widths = [WIDTH * min(2**i, 8) for i in range(LEVELS)]
        for i in range(LEVELS):
            inputs = widths[i - 1] if i else 1
            self.parameter(f"e{i + 1}.weight", random.normal(0, 0.2, (widths[i], inputs, 4, 4)))
            if 0 < i < LEVELS - 1:
                self.norm(f"e{i + 1}_norm", random, widths[i])
        for j in range(LEVELS):
            inputs = widths[LEVELS - 1 - j] * (2 if j else 1)
            outputs = widths[LEVELS - 2 - j] if j < LEVELS - 1 else 3
            self.parameter(f"d{j + 1}.weight", random.normal(0, 0.2, (inputs, outputs, 4, 4)))
            if j < LEVELS - 1:
                self.norm(f"d{j + 1}_norm", random, outputs)

    def __call__(self, x, follow):
        p, skips, h = self.parameters, [], x
        for i in range(1, LEVELS + 1):
            h = F.conv2d(h if i == 1 else F.leaky_relu(h, 0.2), p[f"e{i}.weight"], stride=2, padding=1)
            if 1 < i < LEVELS:
                h = self.batch_norm(f"e{i}_norm", h, follow)
            skips.append(h)
        for j in range(1, LEVELS + 1):
            h = F.conv_transpose2d(F.relu(h), p[f"d{j}.weight"], stride=2, padding=1)
            if j < LEVELS:
                h = torch.cat([self.batch_norm(f"d{j}_norm", h, follow), skips[LEVELS - 1 - j]], 1)
        return torch.tanh(h)


class Discriminator(Network):
    def __init__(self, random, dtype):
        super().__init__("D", dtype)
        for i, (inputs, outputs) in enumerate([(4, WIDTH), (WIDTH, 2 * WIDTH), (2 * WIDTH, 4 * WIDTH), (4 * WIDTH, 1)]):
            self.parameter(f"conv{i + 1}.weight", random.normal(0, 0.2, (outputs, inputs, 4, 4)))
            if i in (1, 2):
                self.norm(f"norm{i}", random, outputs)

    def __call__(self, x, y, follow):
        h = F.leaky_relu(F.conv2d(torch.cat([x, y], 1), self.parameters["conv1.weight"], stride=2, padding=1), 0.2)
        for i, stride in ((2, 2), (3, 1)):
            h = F.conv2d(h, self.parameters[f"conv{i}.weight"], stride=stride, padding=1)
            h = F.leaky_relu(self.batch_norm(f"norm{i - 1}", h, follow), 0.2)
        return F.conv2d(h, self.parameters["conv4.weight"], padding=1)


def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def train(dtype):
    random = np.random.RandomState(20161121)
    g, d = Generator(random, dtype), Discriminator(random, dtype)
    adam = lambda parameters: torch.optim.Adam(parameters, lr=2e-4, betas=(0.5, 0.999), eps=1e-8)
    g_adam, d_adam = Optimiser(g, adam), Optimiser(d, adam)
    record = Record()
    for network in (g, d):
        record.weights(network, "initial")
    for k in range(ITERATIONS):
        a = float32_exact(random.uniform(-1, 1, (BATCH, 1, SIZE, SIZE))).to(dtype)
        b = float32_exact(random.uniform(-1, 1, (BATCH, 3, SIZE, SIZE))).to(dtype)
        record.add(f"{k}.a", a)
        record.add(f"{k}.b", b)
        fake = g(a, follow=True)
        record.update(f"{k}.D", d, 0.5 * (bce(d(a, b, True), 1.0) + bce(d(a, fake.detach(), True), 0.0)), d_adam)
        record.update(f"{k}.G", g, bce(d(a, fake, False), 1.0) + 100 * (b - fake).abs().mean(), g_adam)
    return record.tensors


def main():
    torch.set_num_threads(1)
    exact, rough = train(torch.float64), train(torch.float32)
    for k in range(ITERATIONS):
        for name in "DG":
            print(f"iteration {k}, {name}: float32 gradients differ by {norm_of_difference(exact, rough, f'{k}.{name}'):.1e}")
    write(pathlib.Path(__file__).with_suffix(".safetensors"), {"reference_of": "pix2pix", "width": WIDTH, "batch": BATCH}, without_first_steps(exact))


if __name__ == "__main__":
    main()
