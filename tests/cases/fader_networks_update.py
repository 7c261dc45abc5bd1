"""Two iterations of Fader networks (Lample et al. 2017), tiny, in plain PyTorch: writes fader_networks_update.safetensors beside itself.

8 x 8 x 3, batch 4, a bit and one of three exclusive attributes, coded as 2 + 3 channels before every layer of the decoder. On a first batch D moves down the
sum of the attributes' cross entropies of codes by running statistics; on a second one E and Dec move down the squared error + lambda t / ramp times
that of the other attributes by D's running statistics, without dropout; t = 0, 1. Adam 2e-4, 0.5, 0.999; gradients no longer than 0.05 a network.
"""

import numpy as np
import torch
from torch.nn import functional as F

from label_update import LabelDraws, Net, adam, rows
from reference import Optimiser, float32_exact
from update_case import Case, main, pictures

N, SIDE, W, H, CODED, CLIP, LAMBDA, RAMP, EPS = 4, 8, 2, 3, 5, 0.05, 0.5, 2, 1e-5


class Part(Net):
    def seen(self, name, h, mode):
        """Batch norm: by running statistics ("infer"), or by the batch's, which they follow or not."""
        if mode != "infer":
            return self.normalise(name, h, mode == "follow", EPS)
        kept = [self.statistics[f"{name}.running_{kind}"] for kind in ("mean", "var")]
        return F.batch_norm(h, *kept, *self.of(name), False, 0.1, EPS)


class Encoder(Part):
    def __init__(self, *args):
        super().__init__("E", *args)
        self.conv("conv1", 3, W, 4)

    def __call__(self, x):
        return F.leaky_relu(F.conv2d(x, *self.of("conv1"), stride=2, padding=1), 0.2)


class Decoder(Part):
    def __init__(self, *args):
        super().__init__("Dec", *args)
        self.conv("deconv1", W + CODED, 3, 4, False, True)

    def __call__(self, code, y):
        h = torch.cat([code, y[:, :, None, None].expand(-1, -1, *code.shape[2:])], 1)
        return torch.tanh(F.conv_transpose2d(h, self.of("deconv1")[0], stride=2, padding=1))


class Reader(Part):
    def __init__(self, *args):
        super().__init__("D", *args)
        for i, channels in ((1, W), (2, H)):
            self.conv(f"conv{i}", channels, H, 4)
            self.norm(f"norm{i}", self.random, H)
        self.linear("linear1", H, H)
        self.linear("linear2", H, CODED)

    def __call__(self, h, mode):
        for i in (1, 2):
            h = F.conv2d(h, *self.of(f"conv{i}"), stride=2, padding=1)
            h = F.leaky_relu(self.seen(f"norm{i}", h, mode), 0.2)
            if mode != "infer":
                h = h * self.draws.bernoulli((len(h), h.shape[2], h.shape[3], h.shape[1]), 0.7, 1 / 0.7).permute(0, 3, 1, 2)
        return F.linear(F.leaky_relu(F.linear(rows(h), *self.of("linear1")), 0.2), *self.of("linear2"))


class Masks(LabelDraws):
    """The engine's masks are channels last; a file's tensors of rank 4 are channels first."""

    def bernoulli(self, shape, probability, value=1):
        mask = super().bernoulli(shape, probability, value)
        self.made[-1] = self.made[-1].permute(0, 3, 1, 2)
        return mask


class Clipped(Optimiser):
    def step(self, gradients):
        length = torch.sqrt(sum((g**2).sum() for g in gradients.values())).item()
        return super().step({n: g * min(1.0, CLIP / (length + 1e-6)) for n, g in gradients.items()})


def coded(y):
    return torch.cat([1 - y[:, :1], y], 1)


def cross_entropy(logits, y):
    """Of the pair and of the three."""
    parts = [(logits[:, a:b].log_softmax(1) * y[:, a:b]).sum() for a, b in ((0, 2), (2, 5))]
    return -sum(parts) / len(y)


def train(dtype):
    random = np.random.RandomState(20170602)
    draws = Masks(random, dtype)
    e, dec, d = (kind(dtype, random, draws) for kind in (Encoder, Decoder, Reader))
    by = {n.name: Clipped(n, adam(2e-4)) for n in (e, dec, d)}
    settings = f"attributes=d,a/b/c width={W} d_width={H} lambda={LAMBDA} ramp={RAMP} norm_clip={CLIP} rate=2e-4"
    case = Case("fader-networks", settings, attributes="a b c d")
    case.start(e, dec, d)

    def batch(j):
        x = pictures(random, N, SIDE, 3).to(dtype)
        groups = np.concatenate([np.eye(3)[random.randint(0, 3, N)], random.randint(0, 2, (N, 1))], 1)
        of_data = float32_exact(groups).to(dtype)
        end = f".{j}" if j else ""
        case.batch(**{f"image{end}": x, f"attributes{end}": of_data})
        return x, of_data[:, [3, 0, 1, 2]]

    for k in range(2):
        x, y = batch(0)
        read = cross_entropy(d(e(x).detach(), "follow"), coded(y))
        case.loss("D/read", read)
        case.move("D", [(d, by["D"], read)])
        x, y = batch(1)
        turn = draws.labels(N, bound=2)
        others = torch.cat([1 - y[:, :1], torch.stack([torch.roll(r, int(t) + 1) for r, t in zip(y[:, 1:], turn)])], 1)
        code = e(x)
        parts = {
            "reconstruction": ((dec(code, coded(y)) - x) ** 2).mean(),
            "hidden": LAMBDA * min(k / RAMP, 1) * cross_entropy(d(code, "infer"), coded(others)),
        }
        for name, value in parts.items():
            case.loss(f"AE/{name}", value)
        total = sum(parts.values())
        case.move("AE", [(e, by["E"], total), (dec, by["Dec"], total)])
        case.finish_iteration(draws, e, dec, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
