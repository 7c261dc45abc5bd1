"""Two iterations of AC-GAN (Odena, Olah, Shlens 2017), the pair for 4 * 2^k pixels: writes acgan_update.safetensors.

8 x 8 x 1, 3 classes, G's widths 4, 2; D's six convolutions of 2, 4, ..., 64 channels with dropout 0.5, batch norm on all but the
first. D: real, then fake, each with its class; G with the same fakes, judged afresh. Adam 2e-4, 0.5, 0.999.
"""

import numpy as np
import torch
from torch.nn import functional as F

from label_update import LabelDraws, Net, adam, bce, labels_of
from reference import Optimiser
from update_case import Case, main, pictures

SIDE, K, N, WIDTH, LATENT = 8, 3, 4, 2, 3
CHANNELS = [1, 1, 2, 4, 8, 16, 32]


class Generator(Net):
    def __init__(self, *args):
        super().__init__("G", *args)
        self.linear("linear1", LATENT + K, 2 * WIDTH)
        self.conv("deconv1", 2 * WIDTH, WIDTH, 4, False, True)
        self.norm("norm1", self.random, WIDTH)
        self.conv("deconv2", WIDTH, 1, 4, False, True)

    def __call__(self, z, y):
        h = F.relu(F.linear(torch.cat([z, F.one_hot(y, K).to(z.dtype)], 1), *self.of("linear1")))
        h = F.conv_transpose2d(h[:, :, None, None], self.of("deconv1")[0])
        h = F.relu(self.normalise("norm1", h, True, 1e-5))
        return torch.tanh(F.conv_transpose2d(h, self.of("deconv2")[0], stride=2, padding=1))


class Discriminator(Net):
    def __init__(self, *args):
        super().__init__("D", *args)
        for i in range(6):
            self.conv(f"trunk.conv{i + 1}", CHANNELS[i], CHANNELS[i + 1], 3, False)
            if i > 0:
                self.norm(f"trunk.norm{i}", self.random, CHANNELS[i + 1])
        self.linear("source", CHANNELS[6], 1)
        self.linear("label", CHANNELS[6], K)

    def __call__(self, h, follow):
        for i in range(6):
            h = F.conv2d(h, self.of(f"trunk.conv{i + 1}")[0], stride=2 if i % 2 == 0 else 1, padding=1)
            if i > 0:
                h = self.normalise(f"trunk.norm{i}", h, follow, 1e-5)
            h = F.leaky_relu(h, 0.2)
            h = h * self.draws.bernoulli((len(h), h.shape[2], h.shape[3], h.shape[1]), 0.5, 2).permute(0, 3, 1, 2)
        h = h.flatten(1)
        return F.linear(h, *self.of("source")), F.linear(h, *self.of("label"))


class NhwcDraws(LabelDraws):
    """The engine's masks are channels last; a file's tensors of rank 4 are channels first."""

    def bernoulli(self, shape, probability, value=1):
        mask = super().bernoulli(shape, probability, value)
        if len(shape) == 4:
            self.made[-1] = self.made[-1].permute(0, 3, 1, 2)
        return mask


def train(dtype):
    random = np.random.RandomState(20161030)
    draws = NhwcDraws(random, dtype)
    g, d = Generator(dtype, random, draws), Discriminator(dtype, random, draws)
    by_g, by_d = Optimiser(g, adam(2e-4)), Optimiser(d, adam(2e-4))
    case = Case("acgan", f"width={WIDTH} d_width=1 latent={LATENT}", classes=K, integers="label")
    case.start(g, d)
    for _ in range(2):
        image, label = pictures(random, N, SIDE).to(dtype), labels_of(random, N, K)
        case.batch(image=image, label=label)
        c = draws.labels(N, bound=K)
        fake = g(draws.normal(N, LATENT), c)
        (real_source, real_class), (fake_source, fake_class) = d(image, True), d(fake.detach(), True)
        parts = {
            "D/adv": bce(real_source, 1.0) + bce(fake_source, 0.0),
            "D/class": F.cross_entropy(real_class, label),
            "D/fake_class": F.cross_entropy(fake_class, c),
        }
        for name, value in parts.items():
            case.loss(name, value)
        case.move("D", [(d, by_d, sum(parts.values()))])
        source, said = d(fake, False)
        parts = {"G/adv": bce(source, 1.0), "G/class": F.cross_entropy(said, c)}
        for name, value in parts.items():
            case.loss(name, value)
        case.move("G", [(g, by_g, sum(parts.values()))])
        case.finish_iteration(draws, g, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
