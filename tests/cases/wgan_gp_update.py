"""Two iterations of WGAN-GP in plain PyTorch: python3 wgan_gp_update.py  writes wgan_gp_update.safetensors beside itself.

Gulrajani et al. 2017, the DCGAN-like pair of their CIFAR script, tiny: 32 x 32 x 1, width 4, latent 10, batch 3, two
critic steps an iteration. Rules of an iteration:
  - the critic moves twice, each time on a batch, noise and mixing numbers of its own, down
    mean f(G(z)) - mean f(x) + 10 mean (|d f(x^) / d x^| - 1)^2,  x^ = a x + (1 - a) G(z) a constant, one a a sample;
  - then G moves down -mean f(G(z)) on fresh noise;
  - G's batch norm uses batch statistics; the running ones follow only in G's own update;
  - Adam 1e-4, 0.5, 0.9, eps 1e-8 for each network.

Tensors (layouts are PyTorch's, but for the linear layers, which meet 4 x 4 maps in the order row, column, channel):
  initial.NET.PARAMETER             weights, and running statistics, before
  K.J.x, K.J.z, K.J.a               batch, noise and mixing numbers of critic step J of iteration K; K.z: noise of G's
  K.J.D.loss, .penalty, .grad.P, .step.P   of critic step J; loss with the penalty times 10, penalty without
  K.G.loss, .grad.P, .step.P
  K.after.G.STATISTIC
"""

import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser, Record, float32_exact, norm_of_difference, write

WIDTH, LATENT, BATCH, ITERATIONS, CRITIC_STEPS, LAMBDA = 4, 10, 3, 2, 2, 10.0


def glorot(random, shape, fan_in, fan_out, square=2.0):
    """Uniform with standard deviation sqrt(square / (fan_in + fan_out)); square is 4 for the convolutions."""
    bound = np.sqrt(3 * square / (fan_in + fan_out))
    return random.uniform(-bound, bound, shape)


class Generator(Network):
    def __init__(self, random, dtype):
        super().__init__("G", dtype)
        channels = [4 * WIDTH, 2 * WIDTH, WIDTH, 1]
        self.parameter("linear1.weight", glorot(random, (channels[0] * 16, LATENT), LATENT, channels[0] * 16))
        self.parameter("linear1.bias", random.normal(0, 0.05, channels[0] * 16))
        self.norm("norm1", random, channels[0] * 16)
        for i in range(3):
            fans = channels[i] * 25, channels[i + 1] * 25 / 4
            self.parameter(
                f"deconv{i + 1}.weight", glorot(random, (channels[i], channels[i + 1], 5, 5), *fans, 4.0)
            )
            self.parameter(f"deconv{i + 1}.bias", random.normal(0, 0.05, channels[i + 1]))
            if i < 2:
                self.norm(f"norm{i + 2}", random, channels[i + 1])

    def __call__(self, z, follow):
        p = self.parameters
        h = self.batch_norm("norm1", F.linear(z, p["linear1.weight"], p["linear1.bias"]), follow)
        h = F.relu(h).reshape(-1, 4, 4, 4 * WIDTH).permute(0, 3, 1, 2)
        for i in (1, 2, 3):
            h = F.conv_transpose2d(
                h, p[f"deconv{i}.weight"], p[f"deconv{i}.bias"], stride=2, padding=2, output_padding=1
            )
            if i < 3:
                h = F.relu(self.batch_norm(f"norm{i + 1}", h, follow))
        return torch.tanh(h)


class Critic(Network):
    def __init__(self, random, dtype):
        super().__init__("D", dtype)
        channels = [1, WIDTH, 2 * WIDTH, 4 * WIDTH]
        for i in range(3):
            fans = channels[i] * 25, channels[i + 1] * 25 / 4
            self.parameter(
                f"conv{i + 1}.weight", glorot(random, (channels[i + 1], channels[i], 5, 5), *fans, 4.0)
            )
            self.parameter(f"conv{i + 1}.bias", random.normal(0, 0.05, channels[i + 1]))
        self.parameter("linear1.weight", glorot(random, (1, channels[3] * 16), channels[3] * 16, 1))
        self.parameter("linear1.bias", random.normal(0, 0.05, 1))

    def __call__(self, x):
        h = x
        for i in (1, 2, 3):
            h = F.conv2d(
                h, self.parameters[f"conv{i}.weight"], self.parameters[f"conv{i}.bias"], stride=2, padding=2
            )
            h = F.leaky_relu(h, 0.2)
        rows = h.permute(0, 2, 3, 1).flatten(1)
        return F.linear(rows, self.parameters["linear1.weight"], self.parameters["linear1.bias"])[:, 0]


def penalty(critic, x, y, a):
    mixed = (a[:, None, None, None] * x + (1 - a[:, None, None, None]) * y).detach().requires_grad_()
    (g,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    return ((g.flatten(1).norm(dim=1) - 1) ** 2).mean()


def train(dtype):
    random = np.random.RandomState(20170401)
    g, d = Generator(random, dtype), Critic(random, dtype)
    adam = lambda parameters: torch.optim.Adam(parameters, lr=1e-4, betas=(0.5, 0.9), eps=1e-8)
    g_adam, d_adam = Optimiser(g, adam), Optimiser(d, adam)
    record = Record()

    def draw(name, values):
        record.add(name, float32_exact(values).to(dtype))
        return record.tensors[name]

    record.weights(g, "initial")
    record.weights(d, "initial")
    for k in range(ITERATIONS):
        for j in range(CRITIC_STEPS):
            x = draw(f"{k}.{j}.x", np.tanh(random.normal(0, 1, (BATCH, 1, 32, 32)).cumsum(2).cumsum(3) / 8))
            z = draw(f"{k}.{j}.z", random.normal(0, 1, (BATCH, LATENT)))
            a = draw(f"{k}.{j}.a", random.uniform(0, 1, BATCH))
            fake = g(z, follow=False).detach()
            gp = penalty(d, x, fake, a)
            record.add(f"{k}.{j}.D.penalty", gp)
            record.update(f"{k}.{j}.D", d, d(fake).mean() - d(x).mean() + LAMBDA * gp, d_adam)
        z = draw(f"{k}.z", random.normal(0, 1, (BATCH, LATENT)))
        record.update(f"{k}.G", g, -d(g(z, follow=True)).mean(), g_adam)
        for name, value in g.statistics.items():
            record.add(f"{k}.after.G.{name}", value)
    return record.tensors


def main():
    torch.set_num_threads(1)
    exact, rough = train(torch.float64), train(torch.float32)
    for k in range(ITERATIONS):
        for name in [f"{k}.{j}.D" for j in range(CRITIC_STEPS)] + [f"{k}.G"]:
            print(
                f"{name}: loss {exact[f'{name}.loss']:.6f}, gradients in float32 differ by "
                f"{norm_of_difference(exact, rough, name):.1e} of their norm"
            )
    metadata = {
        "model": "wgan-gp",
        "width": WIDTH,
        "latent": LATENT,
        "batch": BATCH,
        "iterations": ITERATIONS,
        "critic_steps": CRITIC_STEPS,
        "lambda": LAMBDA,
    }
    write(pathlib.Path(__file__).with_suffix(".safetensors"), metadata, exact)


if __name__ == "__main__":
    main()
