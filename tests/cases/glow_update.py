"""Two iterations of Glow (Kingma & Dhariwal 2018): writes glow_update.safetensors.

8 x 8 x 1, 5 bits, 2 levels of 2 steps, width 4, affine couplings, W = P L (U + diag(sign exp(log_s))), a top prior that is told one of 3
classes, the class read off the top latent with weight 0.01, batch 3. Adamax of the authors' code, rate 1e-3, 0.9, 0.99, eps 1e-8,
warm-up over 2 iterations. Layouts here are PyTorch's; convolutions see the edge indicator as one more input.
"""

import math

import numpy as np
import torch
from torch.nn import functional as F

from label_update import labels_of
from reference import Network, float32_exact
from update_case import Case, Draws, main, pictures

SIDE, BITS, LEVELS, DEPTH, W, N, CLASSES = 8, 5, 2, 2, 4, 3, 3
WEIGHT, BETA2, RATE, WARM_UP = 0.01, 0.99, 1e-3, 2


class Adamax:
    def __init__(self, network):
        self.network, self.t = network, 0
        self.m = {n: torch.zeros_like(p) for n, p in network.parameters.items()}
        self.u = {n: torch.zeros_like(p) for n, p in network.parameters.items()}

    def step(self, gradients):
        self.t += 1
        rate = RATE * min(1, self.t / WARM_UP) * math.sqrt(1 - BETA2**self.t) / (1 - 0.9**self.t)
        steps = {}
        for name, p in self.network.parameters.items():
            g = gradients[name]
            self.m[name] = 0.9 * self.m[name] + 0.1 * g
            self.u[name] = torch.maximum(BETA2 * self.u[name], g.abs())
            steps[name] = -rate * self.m[name] / (self.u[name] + 1e-8)
            with torch.no_grad():
                p += steps[name]
        return steps


class Flow(Network):
    def __init__(self, dtype, random):
        super().__init__("flow", dtype)
        self.kept, self.random = {}, random
        channels, side = 1, SIDE
        for level in range(1, LEVELS + 1):
            channels, side = 4 * channels, side // 2
            for k in range(1, DEPTH + 1):
                self.step_parameters(f"l{level}.step{k}", channels)
            if level < LEVELS:
                self.conv_parameters(f"l{level}.prior", channels // 2, channels, 3)
                channels //= 2
        self.conv_parameters("top", 0, 2 * channels, 3)
        self.parameter("class_prior", random.normal(0, 0.3, (2 * channels, CLASSES)))
        self.parameter("class.weight", random.normal(0, 0.5, (CLASSES, channels)))
        self.parameter("class.bias", random.normal(0, 0.5, CLASSES))

    def conv_parameters(self, name, inputs, outputs, kernel):
        if inputs:
            self.parameter(f"{name}.weight", self.random.normal(0, 0.5 / np.sqrt(inputs * kernel**2), (outputs, inputs, kernel, kernel)))
        if kernel > 1:
            self.parameter(f"{name}.edge", self.random.normal(0, 0.2, (outputs, 1, kernel, kernel)))
        self.parameter(f"{name}.bias", self.random.normal(0, 0.1, outputs))
        self.parameter(f"{name}.logs", self.random.normal(0, 0.05, outputs))

    def step_parameters(self, name, c):
        self.parameter(f"{name}.bias", self.random.normal(0, 0.1, c))
        self.parameter(f"{name}.logs", self.random.normal(0, 0.1, c))
        for part in ("lower", "upper"):  # what lies outside the triangles is to be ignored
            self.parameter(f"{name}.{part}", self.random.normal(0, 0.4, (c, c)))
        self.parameter(f"{name}.log_s", self.random.normal(0, 0.2, c))
        self.kept[f"{name}.permutation"] = torch.eye(c, dtype=self.dtype)[self.random.permutation(c)]
        self.kept[f"{name}.sign"] = torch.from_numpy(self.random.choice([-1.0, 1.0], c)).to(self.dtype)
        self.conv_parameters(f"{name}.conv1", c // 2, W, 3)
        self.conv_parameters(f"{name}.conv2", W, W, 1)
        self.conv_parameters(f"{name}.conv3", W, c, 3)

    def conv(self, name, x):
        p = self.parameters
        weight = [p[f"{name}.{part}"] for part in ("weight", "edge") if f"{name}.{part}" in p]
        if f"{name}.edge" in p:
            indicator = F.pad(torch.zeros_like(x[:, :1]), (1, 1, 1, 1), value=1)
            x = torch.cat([F.pad(x, (1, 1, 1, 1)), indicator], 1) if f"{name}.weight" in p else indicator
        y = F.conv2d(x, torch.cat(weight, 1)) + p[f"{name}.bias"].view(1, -1, 1, 1)
        return y * torch.exp(3 * p[f"{name}.logs"]).view(1, -1, 1, 1)

    def step(self, name, x):
        p, c, (height, width) = self.parameters, x.shape[1], x.shape[2:]
        x = (x + p[f"{name}.bias"].view(1, -1, 1, 1)) * torch.exp(3 * p[f"{name}.logs"]).view(1, -1, 1, 1)
        lower = torch.tril(p[f"{name}.lower"], -1) + torch.eye(c, dtype=self.dtype)
        upper = torch.triu(p[f"{name}.upper"], 1) + torch.diag(self.kept[f"{name}.sign"] * torch.exp(p[f"{name}.log_s"]))
        mixing = self.kept[f"{name}.permutation"] @ lower @ upper
        x = torch.einsum("oc,nchw->nohw", mixing, x)
        logdet = height * width * (3 * p[f"{name}.logs"].sum() + torch.linalg.slogdet(mixing)[1])
        x1, x2 = x.chunk(2, 1)
        h = self.conv(f"{name}.conv3", F.relu(self.conv(f"{name}.conv2", F.relu(self.conv(f"{name}.conv1", x1)))))
        scale = torch.sigmoid(h[:, 1::2] + 2)
        return torch.cat([x1, (x2 + h[:, 0::2]) * scale], 1), logdet + scale.log().sum((1, 2, 3))

    @staticmethod
    def gaussian(z, h):
        mean, logs = h[:, 0::2], h[:, 1::2]
        return torch.distributions.Normal(mean, logs.exp()).log_prob(z).sum((1, 2, 3))

    def __call__(self, x, label):
        total = 0
        for level in range(1, LEVELS + 1):
            x = F.pixel_unshuffle(x, 2)
            for k in range(1, DEPTH + 1):
                x, logdet = self.step(f"l{level}.step{k}", x)
                total = total + logdet
            if level < LEVELS:
                x, gone = x.chunk(2, 1)
                total = total + self.gaussian(gone, self.conv(f"l{level}.prior", x))
        told = self.conv("top", torch.zeros_like(x[:, :1])) + self.parameters["class_prior"].t()[label].view(len(x), -1, 1, 1)
        logits = F.linear(x.mean((2, 3)), self.parameters["class.weight"], self.parameters["class.bias"])
        return total + self.gaussian(x, told), logits


def train(dtype):
    random = np.random.RandomState(20180709)
    draws = Draws(random, dtype)
    flow = Flow(dtype, random)
    settings = f"levels={LEVELS} depth={DEPTH} width={W} bits={BITS} conditional=true class_weight={WEIGHT} rate={RATE} beta2={BETA2} warm_up={WARM_UP}"
    case = Case("glow", settings, classes=CLASSES, integers="label")
    case.start(flow)
    for name, value in flow.kept.items():
        case.record.add(f"initial.kept.{name}", value)
    optimiser = Adamax(flow)
    for _ in range(2):
        byte = torch.floor((pictures(random, N, SIDE) + 1) * 127.5)
        image, label = float32_exact(byte / 127.5 - 1).to(dtype), labels_of(random, N, CLASSES)
        case.batch(image=image, label=label)
        level = torch.floor(byte.to(dtype) / 2 ** (8 - BITS))
        x = level / 2**BITS - 0.5 + draws.uniform(N, 1, SIDE, SIDE) / 2**BITS
        density, logits = flow(x, label)
        count = SIDE * SIDE
        bits = -((density - math.log(2**BITS) * count) / (math.log(2) * count)).mean()
        read = WEIGHT * F.cross_entropy(logits, label)
        case.loss("flow/bits", bits)
        case.loss("flow/class", read)
        case.move("flow", [(flow, optimiser, bits + read)])
        case.finish_iteration(draws)
    return case


if __name__ == "__main__":
    main(__file__, train)
