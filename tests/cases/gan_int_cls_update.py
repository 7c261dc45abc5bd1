"""Three iterations of GAN-INT-CLS (Reed et al. 2016), one of each stage: writes gan_int_cls_update.safetensors.

The char-CNN-RNN (captions of 93 characters, so two steps of its recurrence) and the network of pictures by the symmetric structured joint
embedding and RMSprop; then D and G with pairs that do not fit and means of captions, by Adam; then the style encoder, G frozen. 8 x 8 x 1,
G's widths 8, D's 8 (one halving to 4 x 4, so no norm before the residual block).
"""

import torch
from torch.nn import functional as F

from label_update import LabelDraws, Net, adam, bce, rows
from reference import Optimiser
from update_case import Case, main, pictures

SIDE, N, W, V, LATENT, LENGTH, ALPHABET, TEXT, PROJECTED, TW, IW = 8, 4, 8, 8, 3, 93, 70, 5, 3, 4, 2


class Characters(Net):
    def __init__(self, *args):
        super().__init__("text", *args)
        for i, (a, b) in enumerate([(ALPHABET, TW * 3 // 2), (TW * 3 // 2, 2 * TW), (2 * TW, TW)]):
            self.parameter(f"conv{i + 1}.weight", self.random.normal(0, 0.3, (b, a, 1, 4)))
            self.bias(f"conv{i + 1}.bias", b)
        for name in ("input", "state"):
            self.linear(name, TW, TW)
        self.linear("out", TW, TEXT)

    def __call__(self, letters):
        known = (letters >= 0)[:, :, None]
        h = (F.one_hot(letters.clamp(min=0), ALPHABET) * known).to(self.dtype).transpose(1, 2)
        for i, stride in enumerate((3, 3, 2)):
            w, b = self.of(f"conv{i + 1}")
            h = F.max_pool1d(F.relu(F.conv1d(h, w[:, :, 0], b)), 3, stride)
        state, total = torch.zeros(len(h), TW, dtype=self.dtype), 0
        for t in range(h.shape[2]):
            state = F.relu(F.linear(h[:, :, t], *self.of("input")) + F.linear(state, *self.of("state")))
            total = total + state
        assert h.shape[2] == 2
        return F.linear(total / h.shape[2], *self.of("out"))


class Pictures(Net):
    """DCGAN's halvings to features."""

    def __init__(self, *args):
        super().__init__("image", *args)
        self.conv("conv1", 1, IW, 4, False)
        self.linear("linear1", 16 * IW, TEXT)

    def __call__(self, x):
        return F.linear(rows(F.leaky_relu(F.conv2d(x, self.of("conv1")[0], stride=2, padding=1), 0.2)), *self.of("linear1"))


class Block(Net):
    """With the bottleneck that both players have: 1x1 and 3x3 to a quarter, 3x3 back."""

    def declare_block(self, name, c):
        for i, (a, b, k) in enumerate([(c, c // 4, 1), (c // 4, c // 4, 3), (c // 4, c, 3)]):
            self.conv(f"{name}.main.conv{i + 1}", a, b, k, False)
            self.norm(f"{name}.main.norm{i + 1}", self.random, b)

    def block(self, name, x, f, follow):
        h = x
        for i in range(3):
            h = F.conv2d(h, self.of(f"{name}.main.conv{i + 1}")[0], padding=int(i > 0))
            h = self.by_norm(f"{name}.main.norm{i + 1}", h, follow)
            h = f(h) if i < 2 else h
        return f(h + x)

    def by_norm(self, name, h, follow):
        if follow is None:  # frozen: running statistics
            return F.batch_norm(h, *(self.statistics[f"{name}.running_{k}"] for k in ("mean", "var")), *self.of(name), False, eps=1e-5)
        return self.normalise(name, h, follow, 1e-5)

    def tiled(self, t, name):
        return F.leaky_relu(F.linear(t, *self.of(name)), 0.2)


def leaky(h):
    return F.leaky_relu(h, 0.2)


class Generator(Block):
    def __init__(self, *args):
        super().__init__("G", *args)
        self.linear("text1", TEXT, PROJECTED)
        self.conv("deconv1", LATENT + PROJECTED, W, 4, False, True)
        self.norm("norm1", self.random, W)
        self.declare_block("block1", W)
        self.conv("deconv2", W, 1, 4, False, True)

    def __call__(self, z, t, follow):
        h = torch.cat([z, self.tiled(t, "text1")], 1)[:, :, None, None]
        h = self.by_norm("norm1", F.conv_transpose2d(h, self.of("deconv1")[0]), follow)
        h = self.block("block1", h, F.relu, follow)
        return torch.tanh(F.conv_transpose2d(h, self.of("deconv2")[0], stride=2, padding=1))


class Trunk(Block):
    def declare_trunk(self):
        self.conv("conv1", 1, V, 4, False)
        self.declare_block("block1", V)

    def trunk(self, x, follow):
        return self.block("block1", leaky(F.conv2d(x, self.of("conv1")[0], stride=2, padding=1)), leaky, follow)


class Discriminator(Trunk):
    def __init__(self, *args):
        super().__init__("D", *args)
        self.declare_trunk()
        self.linear("text1", TEXT, PROJECTED)
        self.conv("conv2", V + PROJECTED, V, 1, False)
        self.norm("norm1", self.random, V)
        self.conv("conv3", V, 1, 4, False)

    def __call__(self, x, t, follow):
        planes = self.tiled(t, "text1")[:, :, None, None].expand(-1, -1, 4, 4)
        h = F.conv2d(torch.cat([self.trunk(x, follow), planes], 1), self.of("conv2")[0])
        return F.conv2d(leaky(self.by_norm("norm1", h, follow)), self.of("conv3")[0]).flatten(1)


class Style(Trunk):
    def __init__(self, *args):
        super().__init__("S", *args)
        self.declare_trunk()
        self.linear("linear1", 16 * V, LATENT)

    def __call__(self, x):
        return F.linear(rows(self.trunk(x, True)), *self.of("linear1"))


def embedding(v, t):
    s, total = v @ t.T, 0
    for i in range(N):
        for j in range(N):
            if i != j:
                total = total + F.relu(1 + s[i, j] - s[i, i]) + F.relu(1 + s[j, i] - s[i, i])
    return total / N**2


def train(dtype):
    import numpy as np

    # With most seeds a unit lies so near the kink of its relu that float32 takes the other side; not with this one.
    random = np.random.RandomState(2)
    draws = LabelDraws(random, dtype)
    text, image, g, d, style = (make(dtype, random, draws) for make in (Characters, Pictures, Generator, Discriminator, Style))
    by_text, by_image = (Optimiser(n, lambda p: torch.optim.RMSprop(p, lr=7e-4, alpha=0.99, eps=1e-8)) for n in (text, image))
    by_g, by_d = (Optimiser(n, adam(2e-5)) for n in (g, d))
    by_s = Optimiser(style, adam(2e-4))
    settings = f"width={W} d_width={V} latent={LATENT} projected={PROJECTED} text_encoder=characters text_width={TW} text_length={TEXT} image_width={IW} text_steps=1 style_steps=1 text_rate=7e-4 rate=2e-5"
    case = Case("gan-int-cls", settings, steps=3, integers="characters tokens")
    case.start(text, image, g, d, style)
    for iteration in range(3):
        x = pictures(random, N, SIDE).to(dtype)
        letters = torch.from_numpy(random.randint(-1, ALPHABET, (N, LENGTH)))
        case.batch(image=x, characters=letters, tokens=torch.arange(N)[:, None] + torch.tensor([1, 2]))
        if iteration == 0:
            loss = embedding(image(x), text(letters))
            case.loss("text/embedding", loss)
            case.move("text", [(text, by_text, loss), (image, by_image, loss)])
        elif iteration == 1:
            t = text(letters).detach()
            fake = g(draws.normal(N, LATENT), t, False)
            said = [d(p, t, True) for p in (x, fake.detach(), x.roll(1, 0))]
            parts = {"D/real": bce(said[0], 1.0), "D/fake": 0.5 * bce(said[1], 0.0), "D/wrong": 0.5 * bce(said[2], 0.0)}
            for name, value in parts.items():
                case.loss(name, value)
            case.move("D", [(d, by_d, sum(parts.values()))])
            both = torch.cat([t, (t[: N // 2] + t[N // 2 :]) / 2])
            loss = bce(d(g(draws.normal(len(both), LATENT), both, True), both, False), 1.0)
            case.loss("G/adv", loss)
            case.move("G", [(g, by_g, loss)])
        else:
            z = draws.normal(N, LATENT)
            loss = F.mse_loss(style(g(z, text(letters).detach(), None).detach()), z)
            case.loss("S/style", loss)
            case.move("S", [(style, by_s, loss)])
        case.finish_iteration(draws, text, image, g, d, style)
    return case


if __name__ == "__main__":
    main(__file__, train)
