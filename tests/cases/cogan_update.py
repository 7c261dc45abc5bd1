"""Two iterations of CoGAN (Liu, Tuzel 2016), the networks for digits with adaptation: writes cogan_update.safetensors.

16 x 16 x 1 in [0, 1], G's widths 16, 8, 2, D's 1, 2, 25, 3 classes of a. Two logits by cross entropy over both domains, plus
10 CE(class(x_a)) + 0.01 mean sum (h_a - h_b)^2 over the fakes. Adam 2e-4, 0.5, 0.999 with L2 of 5e-4.
"""

import numpy as np
import torch
from torch.nn import functional as F

from label_update import LabelDraws, Net, adam, labels_of
from reference import Optimiser
from update_case import Case, main, pictures

SIDE, K, N, W, LATENT, D_W = 16, 3, 4, 2, 3, 1
G_CHANNELS = [LATENT, 8 * W, 4 * W, W]


class Generators(Net):
    def __init__(self, *args):
        super().__init__("G", *args)
        for i in range(3):
            k = 4 if i == 0 else 3
            self.conv(f"trunk.deconv{i + 1}", G_CHANNELS[i], G_CHANNELS[i + 1], k, False, True)
            self.plain_norm(f"trunk.norm{i + 1}", G_CHANNELS[i + 1])
            self.parameter(f"trunk.prelu{i + 1}.slope", [0.25])
        for domain in "ab":
            self.conv(f"{domain}.deconv1", W, 1, 6, True, True)

    def __call__(self, z, follow):
        h = z[:, :, None, None]
        for i in range(3):
            how = {} if i == 0 else {"stride": 2, "padding": 1}
            h = F.conv_transpose2d(h, self.of(f"trunk.deconv{i + 1}")[0], **how)
            h = self.by_plain_norm(f"trunk.norm{i + 1}", h, follow)
            h = F.prelu(h, self.parameters[f"trunk.prelu{i + 1}.slope"])
        return [torch.sigmoid(F.conv_transpose2d(h, *self.of(f"{d}.deconv1"), padding=1)) for d in "ab"]


class Discriminators(Net):
    def __init__(self, *args):
        super().__init__("D", *args)
        for domain in "ab":
            self.conv(f"{domain}.conv1", 1, D_W, 5)
        self.conv("trunk.conv1", D_W, D_W * 5 // 2, 5)
        self.conv("trunk.conv2", D_W * 5 // 2, 25 * D_W, 1)
        self.parameter("trunk.prelu1.slope", [0.25])
        self.linear("source", 25 * D_W, 2)
        self.linear("label", 25 * D_W, K)

    def __call__(self, pair):
        h = torch.cat([F.max_pool2d(F.conv2d(x, *self.of(f"{d}.conv1")), 2) for d, x in zip("ab", pair)])
        h = F.max_pool2d(F.conv2d(h, *self.of("trunk.conv1")), 2)
        h = F.prelu(F.conv2d(h, *self.of("trunk.conv2")), self.parameters["trunk.prelu1.slope"]).flatten(1)
        return F.linear(h, *self.of("source")), h, F.linear(h, *self.of("label"))


def verdict(logits, real):
    return F.cross_entropy(logits, torch.full((len(logits),), int(real)))


def train(dtype):
    random = np.random.RandomState(20160624)
    draws = LabelDraws(random, dtype)
    g, d = Generators(dtype, random), Discriminators(dtype, random)
    by_g, by_d = (Optimiser(n, adam(2e-4, decay=5e-4)) for n in (g, d))
    case = Case("cogan", f"width={W} d_width={D_W} latent={LATENT} adaptation=true", classes=K, integers="label")
    case.start(g, d)
    for _ in range(2):
        a, b, label = pictures(random, N, SIDE).to(dtype), pictures(random, N, SIDE).to(dtype), labels_of(random, N, K)
        case.batch(a=a, b=b, label=label)
        on_real, _, classes = d([(a + 1) / 2, (b + 1) / 2])
        on_fake, h, _ = d([x.detach() for x in g(draws.normal(N, LATENT), False)])
        parts = {
            "adv": verdict(on_real, True) + verdict(on_fake, False),
            "class": 10 * F.cross_entropy(classes[:N], label),
            "same": 0.01 * ((h[:N] - h[N:]) ** 2).sum(1).mean(),
        }
        for name, value in parts.items():
            case.loss(f"D/{name}", value)
        case.move("D", [(d, by_d, sum(parts.values()))])
        g_loss = verdict(d(g(draws.normal(N, LATENT), True))[0], True)
        case.loss("G/adv", g_loss)
        case.move("G", [(g, by_g, g_loss)])
        case.finish_iteration(draws, g, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
