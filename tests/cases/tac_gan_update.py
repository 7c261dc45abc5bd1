"""Two iterations of TAC-GAN (Dash et al. 2017) at 8 and 16 px of two colours: writes tac_gan_update.safetensors.

A frozen encoder of words; D on pairs that fit, drawn ones and wrong ones, each with the sigmoid cross entropy of its class head (a wrong picture's is the
picture's own class); then two steps of G with the same z and captions. D sees pictures in [0, 1]. Norms have no gain, eps 1e-3 and a decay of 0.999.
"""

import numpy as np
import torch
from torch.nn import functional as F

from gan_int_cls_update import leaky
from label_update import LabelDraws, Net, adam, bce, labels_of, maps, rows
from reference import Optimiser
from stackgan_update import Words, TEXT, WORDS
from update_case import Case, main, pictures

N, SIDE, COLOURS, W, V, LATENT, P, CLASSES = 4, 16, 2, 4, 2, 3, 3, 5


class Biased(Net):
    """Norms without a gain."""

    def biased(self, name, channels):
        self.bias(f"{name}.bias", channels)
        self.plain_norm(name, channels)

    def by_bias(self, name, h, follow):
        kept = [self.statistics[f"{name}.running_{kind}"] for kind in ("mean", "var")]
        kept = kept if follow else [k.clone() for k in kept]
        return F.batch_norm(h, *kept, None, self.parameters[f"{name}.bias"], True, 0.001, 1e-3)

    def text(self, t):
        return leaky(F.linear(t, *self.of("text1")))


class Generator(Biased):
    def __init__(self, *args):
        super().__init__("G", *args)
        self.linear("text1", TEXT, P)
        self.linear("linear1", LATENT + P, 16 * 2 * W, False)
        self.biased("norm1", 2 * W)
        self.conv("deconv1", 2 * W, W, 5, False, True)
        self.biased("norm2", W)
        self.conv("deconv2", W, COLOURS, 5, True, True)

    def twice(self, name, h):
        return F.conv_transpose2d(h, *self.of(name), stride=2, padding=2, output_padding=1)

    def __call__(self, z, t, follow):
        h = maps(F.linear(torch.cat([z, self.text(t)], 1), *self.of("linear1")), 4)
        h = F.relu(self.by_bias("norm1", h, follow))
        h = F.relu(self.by_bias("norm2", self.twice("deconv1", h), follow))
        return torch.tanh(self.twice("deconv2", h)) / 2 + 0.5


class Discriminator(Biased):
    def __init__(self, *args):
        super().__init__("D", *args)
        self.conv("trunk.conv1", COLOURS, V, 5)
        self.conv("trunk.conv2", V, 2 * V, 5, False)
        self.biased("trunk.norm1", 2 * V)
        self.linear("trunk.text1", TEXT, P)
        self.conv("trunk.conv3", 2 * V + P, 2 * V, 1, False)
        self.biased("trunk.norm2", 2 * V)
        self.linear("source", 16 * 2 * V, 1)
        self.linear("label", 16 * 2 * V, CLASSES)

    def half(self, name, h):
        return F.conv2d(h, *self.of(name), stride=2, padding=2)

    def __call__(self, x, t, follow):
        h = leaky(self.half("trunk.conv1", x))
        h = leaky(self.by_bias("trunk.norm1", self.half("trunk.conv2", h), follow))
        words = leaky(F.linear(t, *self.of("trunk.text1")))
        h = torch.cat([h, words[:, :, None, None].expand(-1, -1, *h.shape[2:])], 1)
        h = rows(leaky(self.by_bias("trunk.norm2", F.conv2d(h, *self.of("trunk.conv3")), follow)))
        return F.linear(h, *self.of("source")), F.linear(h, *self.of("label"))


def classes(logits, labels):
    return F.binary_cross_entropy_with_logits(logits, F.one_hot(labels, CLASSES).to(logits.dtype))


def train(dtype):
    random = np.random.RandomState(3)
    draws = LabelDraws(random, dtype)
    text, g, d = (make(dtype, random, draws) for make in (Words, Generator, Discriminator))
    by_g, by_d = (Optimiser(n, adam(2e-4)) for n in (g, d))
    settings = f"width={W} d_width={V} latent={LATENT} projected={P} norm_decay=0.999 rate=2e-4 text_width=4 text_length={TEXT} text_steps=0"
    case = Case("tac-gan", settings, integers="tokens label", words=WORDS, classes=CLASSES)
    case.start(text, g, d)
    for iteration in range(2):
        x, y = pictures(random, N, SIDE, COLOURS).to(dtype), labels_of(random, N, CLASSES)
        words = torch.tensor([[1, 2, 0], [3, 4, 5], [6, 1, 0], [2, 2, 6]]).roll(iteration, 0)
        case.batch(image=x, label=y, tokens=words)
        # G's second step gets a batch of its own and looks at none.
        case.batch(**{"image.1": pictures(random, N, SIDE, COLOURS).to(dtype), "label.1": labels_of(random, N, CLASSES), "tokens.1": words.flip(0)})
        z, t = draws.uniform(N, LATENT, low=-1, high=1), text(words).detach()
        real = (x + 1) / 2
        fake = g(z, t, False).detach()
        on_real, on_fake, on_wrong = (d(p, t, True) for p in (real, fake, real.roll(1, 0)))
        parts = {"real": bce(on_real[0], 1.0), "fake": bce(on_fake[0], 0.0), "wrong": bce(on_wrong[0], 0.0), "class": classes(on_real[1], y),
                 "fake_class": classes(on_fake[1], y), "wrong_class": classes(on_wrong[1], y.roll(1, 0))}
        for name, value in parts.items():
            case.loss(f"D/{name}", value)
        case.move("D", [(d, by_d, sum(parts.values()))])
        for turn in range(2):
            said = d(g(z, t, True), t, False)
            parts = {"adv": bce(said[0], 1.0), "class": classes(said[1], y)}
            if turn == 1:
                for name, value in parts.items():
                    case.loss(f"G/{name}", value)
            case.move("G.1" if turn else "G", [(g, by_g, sum(parts.values()))])
        case.finish_iteration(draws, text, g, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
