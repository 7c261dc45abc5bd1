"""Three iterations of StarGAN (Choi et al. 2018), tiny, in plain PyTorch: writes stargan_update.safetensors beside itself.

8 x 8 x 3, batch 4, the attributes b (a bit) and one of a, d out of the data's a, b, c, d. The target is the labels in the order that sorts noise. D moves
every iteration down mean D(G(x, c)) - mean D(x) + 10 GP + BCE summed over attributes and averaged over the batch; G in iterations 0 and 2
down -mean D(G(x, c)) + BCE + 10 |x - G(G(x, c), c')|. Adam 1e-4, 0.5, 0.999.
"""

import numpy as np
import torch
from torch.nn import functional as F

from label_update import LabelDraws, Net, adam
from reference import Optimiser, float32_exact
from update_case import Case, main, pictures

N, SIDE, A, W, DW = 4, 8, 3, 2, 2


class Generator(Net):
    def __init__(self, *args):
        super().__init__("G", *args)
        self.count = 0
        self.normed("conv1", 3 + A, W, 7)
        self.normed("conv2", W, 2 * W, 4)
        self.normed("conv3", 2 * W, 4 * W, 4)
        for i in (1, 2):
            self.conv(f"block1.main.conv{i}", 4 * W, 4 * W, 3, False)
            self.gains(f"block1.main.norm{i}", 4 * W)
        self.normed("deconv1", 4 * W, 2 * W, 4, True)
        self.normed("deconv2", 2 * W, W, 4, True)
        self.conv("conv4", W, 3, 7, False)

    def gains(self, name, channels):
        self.parameter(f"{name}.weight", self.random.normal(1, 0.2, channels))
        self.parameter(f"{name}.bias", self.random.normal(0, 0.2, channels))

    def normed(self, name, i, o, k, transposed=False):
        self.conv(name, i, o, k, False, transposed)
        self.count += 1
        self.gains(f"norm{self.count}", o)

    def norm_of(self, name, h):
        return F.instance_norm(h, weight=self.parameters[f"{name}.weight"], bias=self.parameters[f"{name}.bias"], eps=1e-5)

    def __call__(self, x, c):
        w = lambda name: self.of(name)[0]
        h = torch.cat([x, c[:, :, None, None].expand(-1, -1, SIDE, SIDE)], 1)
        h = F.relu(self.norm_of("norm1", F.conv2d(h, w("conv1"), padding=3)))
        h = F.relu(self.norm_of("norm2", F.conv2d(h, w("conv2"), stride=2, padding=1)))
        h = F.relu(self.norm_of("norm3", F.conv2d(h, w("conv3"), stride=2, padding=1)))
        inner = F.relu(self.norm_of("block1.main.norm1", F.conv2d(h, w("block1.main.conv1"), padding=1)))
        h = h + self.norm_of("block1.main.norm2", F.conv2d(inner, w("block1.main.conv2"), padding=1))
        h = F.relu(self.norm_of("norm4", F.conv_transpose2d(h, w("deconv1"), stride=2, padding=1)))
        h = F.relu(self.norm_of("norm5", F.conv_transpose2d(h, w("deconv2"), stride=2, padding=1)))
        return torch.tanh(F.conv2d(h, w("conv4"), padding=3))


class Discriminator(Net):
    def __init__(self, *args):
        super().__init__("D", *args)
        self.conv("trunk.conv1", 3, DW, 4)
        self.conv("trunk.conv2", DW, 2 * DW, 4)
        self.conv("source", 2 * DW, 1, 3, False)
        self.conv("attributes.conv1", 2 * DW, A, 2, False)

    def __call__(self, h):
        for i in (1, 2):
            h = F.leaky_relu(F.conv2d(h, *self.of(f"trunk.conv{i}"), stride=2, padding=1), 0.01)
        return F.conv2d(h, self.of("source")[0], padding=1), F.conv2d(h, self.of("attributes.conv1")[0]).flatten(1)


def attributes_loss(logits, y):
    return F.binary_cross_entropy_with_logits(logits, y, reduction="sum") / len(y)


def train(dtype):
    random = np.random.RandomState(20171124)
    draws = LabelDraws(random, dtype)
    g, d = Generator(dtype, random), Discriminator(dtype, random)
    by_g, by_d = Optimiser(g, adam(1e-4)), Optimiser(d, adam(1e-4))
    settings = f"attributes=b,d/a width={W} blocks=1 d_width={DW} d_layers=2 critic_steps=2 rate=1e-4 constant_part=1"
    case = Case("stargan", settings, attributes="a b c d")
    case.start(g, d)
    for k in range(3):
        x = pictures(random, N, SIDE, 3).to(dtype)
        of_data = float32_exact(random.randint(0, 2, (N, 4))).to(dtype)
        case.batch(image=x, attributes=of_data)
        y = of_data[:, [1, 3, 0]]
        u = draws.uniform(N, 1).flatten()
        c = y[u.argsort().argsort()]
        fake = g(x, c).detach()
        (on_real, classes), (on_fake, _) = d(x), d(fake)
        a = draws.uniform(N, 1, 1, 1)
        mixed = (a * x + (1 - a) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(d(mixed)[0].sum(), mixed, create_graph=True)
        parts = {
            "adv": on_fake.mean() - on_real.mean(),
            "gp": 10 * (((slope.flatten(1) ** 2).sum(1) + 1e-12).sqrt() - 1).square().mean(),
            "attributes": attributes_loss(classes, y),
        }
        for name, value in parts.items():
            case.loss(f"D/{name}", value)
        case.move("D", [(d, by_d, sum(parts.values()))])
        if k % 2 == 0:
            fake = g(x, c)
            score, classes = d(fake)
            parts = {"adv": -score.mean(), "attributes": attributes_loss(classes, c), "back": 10 * (x - g(fake, y)).abs().mean()}
            for name, value in parts.items():
                case.loss(f"G/{name}", value)
            case.move("G", [(g, by_g, sum(parts.values()))])
        case.finish_iteration(draws, g, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
