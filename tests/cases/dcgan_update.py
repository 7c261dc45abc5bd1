"""Two iterations of DCGAN in plain PyTorch: python3 dcgan_update.py  writes dcgan_update.safetensors beside itself.

Radford, Metz, Chintala 2016 in the form of the authors' Torch code (kernels of 4), tiny: 32 x 32 x 1, width 8, latent
10, batch 4. Rules of an iteration:
  - the generator's forward pass is computed once; both updates use it, D's as data, G's to differentiate through;
  - D moves first, on BCE(D(x), 1) + BCE(D(G(z)), 0); real and fake pass through D as batches of their own;
  - G moves on BCE(D(G(z)), 1) with the same fakes, judged afresh by the D that has moved;
  - running statistics follow every forward pass of the network that an update moves, and no other;
  - Adam 2e-4, 0.5, 0.999, eps 1e-8 for each network.

Tensors (layouts are PyTorch's; the generator starts from z as [N, latent, 1, 1], D ends in a 4 x 4 convolution):
  initial.NET.PARAMETER         weights, and running statistics, before
  K.x, K.z                      batch [4, 1, 32, 32] and noise [4, 10] of iteration K
  K.D.loss, K.D.grad.PARAMETER  loss and its gradients; K.D.step.PARAMETER = p_new - p_old; the same for G
  K.after.NET.STATISTIC         running statistics after iteration K
"""

import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser, Record, float32_exact, norm_of_difference, write

WIDTH, LATENT, BATCH, ITERATIONS = 8, 10, 4, 2


class Generator(Network):
    def __init__(self, random, dtype):
        super().__init__("G", dtype)
        channels = [LATENT, 4 * WIDTH, 2 * WIDTH, WIDTH, 1]
        for i in range(4):
            self.parameter(
                f"deconv{i + 1}.weight", random.normal(0, 0.02, (channels[i], channels[i + 1], 4, 4))
            )
            if i < 3:
                self.norm(f"norm{i + 1}", random, channels[i + 1])

    def __call__(self, z, follow):
        h = F.conv_transpose2d(z[:, :, None, None], self.parameters["deconv1.weight"])
        for i in (1, 2, 3):
            h = F.relu(self.batch_norm(f"norm{i}", h, follow))
            h = F.conv_transpose2d(h, self.parameters[f"deconv{i + 1}.weight"], stride=2, padding=1)
        return torch.tanh(h)


class Discriminator(Network):
    def __init__(self, random, dtype):
        super().__init__("D", dtype)
        channels = [1, WIDTH, 2 * WIDTH, 4 * WIDTH]
        for i in range(3):
            self.parameter(
                f"conv{i + 1}.weight", random.normal(0, 0.02, (channels[i + 1], channels[i], 4, 4))
            )
            if i > 0:
                self.norm(f"norm{i}", random, channels[i + 1])
        self.parameter("linear1.weight", random.normal(0, 0.02, (1, 4 * WIDTH, 4, 4)))

    def __call__(self, x, follow):
        h = F.leaky_relu(F.conv2d(x, self.parameters["conv1.weight"], stride=2, padding=1), 0.2)
        for i in (1, 2):
            h = F.conv2d(h, self.parameters[f"conv{i + 1}.weight"], stride=2, padding=1)
            h = F.leaky_relu(self.batch_norm(f"norm{i}", h, follow), 0.2)
        return F.conv2d(h, self.parameters["linear1.weight"]).flatten()


def bce(logits, target):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def picture(random):
    """Smooth blobs, so that the batch has structure."""
    rows, columns = np.mgrid[0:32, 0:32] / 31.0
    total = np.full((BATCH, 1, 32, 32), -1.0)
    for n in range(BATCH):
        for _ in range(3):
            y, x, size = random.uniform(0.2, 0.8), random.uniform(0.2, 0.8), random.uniform(0.05, 0.3)
            total[n, 0] += random.uniform(0.5, 1.5) * np.exp(
                -((rows - y) ** 2 + (columns - x) ** 2) / size**2
            )
    return np.clip(total, -1.0, 1.0)


def train(dtype):
    random = np.random.RandomState(20160107)
    g, d = Generator(random, dtype), Discriminator(random, dtype)
    adam = lambda parameters: torch.optim.Adam(parameters, lr=2e-4, betas=(0.5, 0.999), eps=1e-8)
    g_adam, d_adam = Optimiser(g, adam), Optimiser(d, adam)
    record = Record()
    record.weights(g, "initial")
    record.weights(d, "initial")
    for k in range(ITERATIONS):
        x, z = float32_exact(picture(random)).to(dtype), float32_exact(
            random.normal(0, 1, (BATCH, LATENT))
        ).to(dtype)
        record.add(f"{k}.x", x)
        record.add(f"{k}.z", z)
        fake = g(z, follow=True)
        d_loss = bce(d(x, follow=True), 1.0) + bce(d(fake.detach(), follow=True), 0.0)
        record.update(f"{k}.D", d, d_loss, d_adam)
        record.update(f"{k}.G", g, bce(d(fake, follow=False), 1.0), g_adam)
        for network in (g, d):
            for name, value in network.statistics.items():
                record.add(f"{k}.after.{network.name}.{name}", value)
    return record.tensors


def main():
    torch.set_num_threads(1)
    exact, rough = train(torch.float64), train(torch.float32)
    for k in range(ITERATIONS):
        for name in "DG":
            print(
                f"iteration {k}, {name}: loss {exact[f'{k}.{name}.loss']:.6f}, gradients in float32 differ by "
                f"{norm_of_difference(exact, rough, f'{k}.{name}'):.1e} of their norm"
            )
    metadata = {"model": "dcgan", "width": WIDTH, "latent": LATENT, "batch": BATCH, "iterations": ITERATIONS}
    write(pathlib.Path(__file__).with_suffix(".safetensors"), metadata, exact)


if __name__ == "__main__":
    main()
