"""Two iterations of StyleGAN2 (Karras et al. 2020): writes stylegan2_update.safetensors.

8 x 8 x 2, batch 4, equalised layers, two layers of mapping. Each sample's own weights are made for a modulated convolution, by the
words of the paper's equations 1 and 3, and a grouped convolution applies them; to twice the size a transposed one, and the filter
[1 3 3 1]. Styles are mixed; D and G have their further losses in the first iteration, by the same Adam, whose rate and betas are
those of k / (k + 1) steps.
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser, float32_exact
from update_case import Case, Draws, main, pictures

N, LATENT, COLOURS, GROUP, DEPTH, EVERY = 4, 3, 2, 2, 2, 2
WIDTH = {8: 2, 4: 3}
R1, PATH, MIXING = 3.0, 2.0, 0.6
ROOT2 = 2**0.5
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 8

leaky = lambda x: F.leaky_relu(x, 0.2)


def filtered(x, up=1, down=1, before=0, after=0, gain=1.0):
    """Zeros between, padding, the filter, every down-th pixel."""
    n, c, h, w = x.shape
    wide = x.new_zeros(n, c, h * up, w * up)
    wide[:, :, ::up, ::up] = x
    wide = F.pad(wide, (before, after, before, after))
    kernel = (gain * torch.outer(TAPS, TAPS)).to(x.dtype).expand(c, 1, 4, 4)
    return F.conv2d(wide, kernel, groups=c)[:, :, ::down, ::down]


class Equalised(Network):
    def __init__(self, name, dtype, random):
        super().__init__(name, dtype)
        self.random = random

    def layer(self, name, shape, outputs=None, bias=0.0):
        self.parameter(f"{name}.weight", self.random.normal(0, 1, shape))
        if outputs:
            self.parameter(f"{name}.bias", bias + self.random.normal(0, 0.1, outputs))

    def conv(self, name, x, gain, **options):
        w = self.parameters[f"{name}.weight"]
        return F.conv2d(x, w * gain / w[0].numel() ** 0.5, self.parameters.get(f"{name}.bias"), **options)

    def linear(self, name, x, gain):
        w = self.parameters[f"{name}.weight"]
        return F.linear(x, w * gain / w.shape[1] ** 0.5, self.parameters[f"{name}.bias"])


class Mapping(Equalised):
    def __init__(self, *args):
        super().__init__("M", *args)
        for i in range(DEPTH):
            self.layer(f"linear{i + 1}", (LATENT, LATENT), LATENT)

    def __call__(self, z):
        h = z / (z.square().mean(1, keepdim=True) + 1e-8).sqrt()
        for i in range(DEPTH):
            h = leaky(self.linear(f"linear{i + 1}", h, ROOT2))
        return h


class Generator(Equalised):
    STYLES = 4

    def __init__(self, draws, *args):
        super().__init__("G", *args)
        self.draws = draws
        self.parameter("constant", self.random.normal(0, 1, (1, WIDTH[4], 4, 4)))
        for side in (4, 8):
            if side == 8:
                self.modulated("up8.conv", WIDTH[4], WIDTH[8], 3, up=True, noise="up8")
            self.modulated(f"conv{side}.conv", WIDTH[side], WIDTH[side], 3, noise=f"conv{side}")
            self.modulated(f"rgb{side}", WIDTH[side], COLOURS, 1)

    def modulated(self, name, i, o, k, up=False, noise=None):
        self.layer(f"{name}.style", (i, LATENT), i, bias=1.0)
        self.layer(name, (i, o, k, k) if up else (o, i, k, k), o)
        if noise:
            self.parameter(f"{noise}.noise", self.random.normal(0, 0.5, 1))
            side = int(noise.lstrip("convup"))
            self.statistics[f"{noise}.plane"] = float32_exact(self.random.normal(0, 1, (1, 1, side, side)))  # of samples, not of training

    def apply(self, name, x, w, up=False, demodulate=True):
        """Each sample's own filters, [N, out, in, k, k]."""
        s = self.linear(f"{name}.style", w, 1)
        v = self.parameters[f"{name}.weight"]
        v = v.transpose(0, 1) if up else v
        o, i, k, _ = v.shape
        own = s[:, None, :, None, None] * v[None] / (i * k * k) ** 0.5
        if demodulate:
            own = ROOT2 * own / (own.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()
        together = x.reshape(1, len(x) * i, *x.shape[2:])
        if up:
            y = F.conv_transpose2d(together, own.transpose(1, 2).reshape(len(x) * i, o, k, k), stride=2, groups=len(x))
        else:
            y = F.conv2d(together, own.reshape(len(x) * o, i, k, k), padding=k // 2, groups=len(x))
        y = y.reshape(len(x), o, *y.shape[2:])
        return filtered(y, before=1, after=1, gain=4.0) if up else y

    def styled(self, layer, x, w, up=False):
        y = self.apply(f"{layer}.conv", x, w, up)
        noise = self.draws.normal(len(x), 1, *y.shape[2:])
        return leaky(y + noise * self.parameters[f"{layer}.noise"] + self.bias(f"{layer}.conv"))

    def bias(self, name):
        return self.parameters[f"{name}.bias"][None, :, None, None]

    def picture(self, side, x, w):
        return self.apply(f"rgb{side}", x, w, demodulate=False) + self.bias(f"rgb{side}")

    def __call__(self, styles):
        h = self.parameters["constant"].expand(len(styles), -1, -1, -1)
        h = self.styled("conv4", h, styles[:, 0])
        x = self.picture(4, h, styles[:, 1])
        h = self.styled("up8", h, styles[:, 1], up=True)
        h = self.styled("conv8", h, styles[:, 2])
        return self.picture(8, h, styles[:, 3]) + filtered(x, up=2, before=2, after=1, gain=4.0)


class Discriminator(Equalised):
    def __init__(self, *args):
        super().__init__("D", *args)
        c, last = WIDTH[8], WIDTH[4]
        self.layer("conv1", (c, COLOURS, 1, 1), c)
        self.layer("block1.main.conv1", (c, c, 3, 3), c)
        self.layer("block1.main.conv2", (last, c, 3, 3), last)
        self.layer("block1.shortcut.conv1", (last, c, 1, 1))
        self.layer("conv2", (last, last + 1, 3, 3), last)
        self.layer("linear1", (last, 16 * last), last)
        self.layer("linear2", (1, last), 1)

    def __call__(self, x):
        h = leaky(self.conv("conv1", x, ROOT2))
        y = leaky(self.conv("block1.main.conv1", h, ROOT2, padding=1))
        y = leaky(self.conv("block1.main.conv2", filtered(y, before=2, after=2), 1, stride=2))
        h = y + self.conv("block1.shortcut.conv1", filtered(h, down=2, before=1, after=1), 1 / ROOT2)
        g = h.reshape(GROUP, N // GROUP, *h.shape[1:])
        deviation = ((g - g.mean(0)).square().mean(0) + 1e-8).sqrt().mean((1, 2, 3))
        h = torch.cat((h, deviation.repeat(GROUP)[:, None, None, None].expand(N, 1, 4, 4)), 1)
        h = leaky(self.conv("conv2", h, ROOT2, padding=1))
        h = leaky(self.linear("linear1", h.permute(0, 2, 3, 1).flatten(1), ROOT2))
        return self.linear("linear2", h, 1)


def train(dtype):
    random = np.random.RandomState(20191203)
    draws = Draws(random, dtype)
    m, g, d = Mapping(dtype, random), Generator(draws, dtype, random), Discriminator(dtype, random)
    settings = (
        f"width={WIDTH[8]} most_width={WIDTH[4]} latent={LATENT} depth={DEPTH} stddev_group={GROUP} mixing={MIXING} "
        f"r1={R1} r1_every={EVERY} path={PATH} path_every={EVERY} mapping_rate=0.05"
    )
    case = Case("stylegan2", settings)
    case.start(m, g, d)
    share = EVERY / (EVERY + 1)
    adam = lambda rate: lambda p: torch.optim.Adam(p, lr=rate * share, betas=(0.0, 0.99**share), eps=1e-8)
    of_m, of_g, of_d = Optimiser(m, adam(2e-3 * 0.05)), Optimiser(g, adam(2e-3)), Optimiser(d, adam(2e-3))
    centre, mean_path = torch.full((LATENT,), 0.25, dtype=dtype), torch.full((1,), 0.5, dtype=dtype)
    for name, value in {"mean_style": centre, "mean_path": mean_path}.items():
        case.record.add(f"initial.kept.{name}", value)

    def styles(n):
        nonlocal centre
        w = m(draws.normal(n, LATENT))
        centre = 0.995 * centre + 0.005 * w.mean(0).detach()
        first = draws.keep(random.randint(0, Generator.STYLES - 1, (n, 1)).astype(float)) + 1
        mixed = draws.bernoulli((n, 1), MIXING)
        other = m(draws.normal(n, LATENT))
        takes = (torch.arange(Generator.STYLES)[None] >= first).to(dtype) * mixed
        return w[:, None] + takes[:, :, None] * (other - w)[:, None]

    for iteration in range(2):
        image = pictures(random, N, 8, COLOURS).to(dtype)
        case.batch(image=image)
        fake = g(styles(N)).detach()
        adv = F.softplus(d(fake)).mean() + F.softplus(-d(image)).mean()
        case.loss("D/adv", adv)
        case.move("D", [(d, of_d, adv)])
        if iteration % EVERY == 0:
            x = image.clone().requires_grad_()
            (slope,) = torch.autograd.grad(d(x).sum(), x, create_graph=True)
            r1 = EVERY * R1 / 2 * slope.square().sum((1, 2, 3)).mean()
            case.loss("R1/r1", r1)
            case.move("R1", [(d, of_d, r1)])
        g_adv = F.softplus(-d(g(styles(N)))).mean()
        case.loss("G/adv", g_adv)
        case.move("G", [(m, of_m, g_adv), (g, of_g, g_adv)])
        if iteration % EVERY == 0:
            w = styles(N // 2)
            x = g(w)
            y = draws.keep(random.normal(0, 1 / 8, x.shape))
            (slope,) = torch.autograd.grad((x * y).sum(), w, create_graph=True)
            lengths = slope.square().sum(2).mean(1).sqrt()
            mean_path = 0.99 * mean_path + 0.01 * lengths.mean().detach()
            length = EVERY * PATH * (lengths - mean_path).square().mean()
            case.loss("path/length", length)
            case.move("path", [(m, of_m, length), (g, of_g, length)])
        for name, value in {"mean_style": centre, "mean_path": mean_path}.items():
            case.record.add(f"{iteration}.kept.{name}", value)
        case.finish_iteration(draws, m, g, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
