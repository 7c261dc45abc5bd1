"""Three iterations of StarGAN v2 (Choi et al. 2020), tiny, in plain PyTorch: writes stargan_v2_update.safetensors beside itself.

8 x 8 x 3, batch 5, three domains (attributes b, d, a), widths 2 and 3, one halving in G. The reference of a picture is the one before it; the second reference is the reference of the next
picture of the same domain on a circle of random order. D by z, D by the reference, G, F and E by z, G by the reference. lambda_ds falls to 0 in 2 iterations. Adam 0, 0.99, its decay
part of the gradient; averages of G (after each of its two steps), F and E.
"""

import math

import numpy as np
import torch
from torch.nn import functional as F

from label_update import LabelDraws, Net, adam, bce
from reference import Optimiser, float32_exact
from update_case import Case, main, pictures

N, SIDE, K, W, W2, STYLE, LATENT, HIDDEN, DECAY = 5, 8, 3, 2, 3, 4, 2, 5, 0.9
REG, STY, DS, CYC, DS_STEPS = 0.7, 0.6, 1.5, 0.8, 2


def leaky(h):
    return F.leaky_relu(h, 0.2)


class Blocks(Net):
    def gains(self, name, channels):
        self.parameter(f"{name}.weight", self.random.normal(1, 0.2, channels))
        self.parameter(f"{name}.bias", self.random.normal(0, 0.2, channels))

    def down(self, name, i, o, norms):
        if norms:
            self.gains(f"{name}.main.norm1", i)
        self.conv(f"{name}.main.conv1", i, i, 3)
        if norms:
            self.gains(f"{name}.main.norm2", i)
        self.conv(f"{name}.main.conv2", i, o, 3)
        if i != o:
            self.conv(f"{name}.shortcut.conv1", i, o, 1, False)

    def conv3(self, name, h):
        return F.conv2d(h, *self.of(name), padding=1)

    def by_down(self, name, x, norms, halved):
        norm = lambda k, h: F.instance_norm(h, weight=self.parameters[f"{name}.main.norm{k}.weight"], bias=self.parameters[f"{name}.main.norm{k}.bias"]) if norms else h
        h = self.conv3(f"{name}.main.conv1", leaky(norm(1, x)))
        h = F.avg_pool2d(h, 2) if halved else h
        h = self.conv3(f"{name}.main.conv2", leaky(norm(2, h)))
        if f"{name}.shortcut.conv1.weight" in self.parameters:
            x = F.conv2d(x, self.of(f"{name}.shortcut.conv1")[0])
        return (h + (F.avg_pool2d(x, 2) if halved else x)) / math.sqrt(2)


class Generator(Blocks):
    def __init__(self, *args):
        super().__init__("G", *args)
        self.conv("conv1", 3, W, 3)
        self.down("block1", W, W2, True)
        self.down("block2", W2, W2, True)
        self.down("block3", W2, W2, True)
        self.up("block4", W2, W2)
        self.up("block5", W2, W2)
        self.up("block6", W2, W)
        self.gains("norm1", W)
        self.conv("conv2", W, 3, 1)

    def up(self, name, i, o):
        self.linear(f"{name}.main.norm1.style", STYLE, 2 * i)
        self.conv(f"{name}.main.conv1", i, o, 3)
        self.linear(f"{name}.main.norm2.style", STYLE, 2 * o)
        self.conv(f"{name}.main.conv2", o, o, 3)
        if i != o:
            self.conv(f"{name}.shortcut.conv1", i, o, 1, False)

    def adain(self, name, h, s):
        gamma, beta = F.linear(s, *self.of(f"{name}.style"))[:, :, None, None].chunk(2, 1)
        return (1 + gamma) * F.instance_norm(h) + beta

    def by_up(self, name, x, s, doubled):
        larger = lambda h: F.interpolate(h, scale_factor=2, mode="nearest") if doubled else h
        h = self.conv3(f"{name}.main.conv1", larger(leaky(self.adain(f"{name}.main.norm1", x, s))))
        h = self.conv3(f"{name}.main.conv2", leaky(self.adain(f"{name}.main.norm2", h, s)))
        x = larger(x)
        if f"{name}.shortcut.conv1.weight" in self.parameters:
            x = F.conv2d(x, self.of(f"{name}.shortcut.conv1")[0])
        return (h + x) / math.sqrt(2)

    def __call__(self, x, s):
        h = self.by_down("block1", self.conv3("conv1", x), True, True)
        h = self.by_down("block3", self.by_down("block2", h, True, False), True, False)
        h = self.by_up("block6", self.by_up("block5", self.by_up("block4", h, s, False), s, False), s, True)
        h = leaky(F.instance_norm(h, weight=self.parameters["norm1.weight"], bias=self.parameters["norm1.bias"]))
        return F.conv2d(h, *self.of("conv2"))


class Mapping(Net):
    def __init__(self, *args):
        super().__init__("F", *args)
        for i in range(4):
            self.linear(f"linear{i + 1}", HIDDEN if i else LATENT, HIDDEN)
        for k in range(K):
            for i in range(4):
                self.linear(f"by_domain1.domain{k + 1}.linear{i + 1}", HIDDEN, STYLE if i == 3 else HIDDEN)

    def __call__(self, z, y):
        for i in range(4):
            z = F.relu(F.linear(z, *self.of(f"linear{i + 1}")))
        said = []
        for k in range(K):
            h = z
            for i in range(4):
                h = F.linear(h, *self.of(f"by_domain1.domain{k + 1}.linear{i + 1}"))
                h = F.relu(h) if i < 3 else h
            said.append(h)
        return torch.stack(said, 1)[torch.arange(len(y)), y]


class Looking(Blocks):
    def __init__(self, name, out, *args):
        super().__init__(name, *args)
        self.conv("conv1", 3, W, 3)
        self.down("block1", W, W2, False)
        self.conv("conv2", W2, W2, 4)
        for k in range(K):
            self.linear(f"by_domain1.domain{k + 1}", W2, out)

    def __call__(self, x, y):
        h = leaky(self.by_down("block1", self.conv3("conv1", x), False, True))
        h = leaky(F.conv2d(h, *self.of("conv2"))).flatten(1)
        said = [F.linear(h, *self.of(f"by_domain1.domain{k + 1}")) for k in range(K)]
        return torch.stack(said, 1)[torch.arange(len(y)), y]


def next_of_domain(y, place):
    found = []
    for i in range(len(y)):
        others = [j for j in range(len(y)) if y[j] == y[i]]
        others.sort(key=lambda j: (place[j] - place[i]) % 1 if j != i else 1)
        found.append(others[0])
    return torch.tensor(found)


def train(dtype):
    random = np.random.RandomState(20191206)
    draws = LabelDraws(random, dtype)
    g, f = Generator(dtype, random), Mapping(dtype, random)
    e, d = Looking("E", STYLE, dtype, random), Looking("D", 1, dtype, random)
    make = lambda rate: adam(rate, 0, 0.99, 0.01)
    by_g, by_f, by_e, by_d = Optimiser(g, make(1e-3)), Optimiser(f, make(1e-4)), Optimiser(e, make(1e-3)), Optimiser(d, make(1e-3))
    settings = f"attributes=b/d/a width={W} most_width={W2} halvings=1 style={STYLE} latent={LATENT} hidden={HIDDEN} ema={DECAY}"
    settings += f" lambda_reg={REG} lambda_sty={STY} lambda_ds={DS} lambda_cyc={CYC} ds_steps={DS_STEPS} rate=1e-3 rate_f=1e-4 weight_decay=0.01"
    case = Case("stargan-v2", settings, attributes="a b c d")
    case.start(g, f, e, d)
    averages = {net: {n: p.detach().clone() for n, p in net.parameters.items()} for net in (g, f, e)}

    def follow(net):
        for n, p in net.parameters.items():
            averages[net][n] = DECAY * averages[net][n] + (1 - DECAY) * p.detach()

    for k in range(3):
        x = pictures(random, N, SIDE, 3).to(dtype)
        y = torch.from_numpy(random.randint(0, K, N))
        of_data = torch.zeros(N, 4, dtype=torch.float64)
        of_data[torch.arange(N), torch.tensor([1, 3, 0])[y]] = 1
        of_data[:, 2] = float32_exact(random.randint(0, 2, N))   # an attribute that tells no domain
        case.batch(image=x, attributes=of_data)
        place = draws.uniform(N, 1).flatten().tolist()
        z, z2 = draws.normal(N, LATENT), draws.normal(N, LATENT)
        to, ref = y.roll(1), x.roll(1, 0)
        ref2 = x[next_of_domain(y, place)].roll(1, 0)

        def judge(name, style):
            fake = g(x, style).detach()
            real = x.clone().requires_grad_()
            scores = d(real, y)
            (slope,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
            parts = {"adv": bce(scores, 1.0) + bce(d(fake, to), 0.0), "r1": REG * 0.5 * (slope**2).flatten(1).sum(1).mean()}
            for term, value in parts.items():
                case.loss(f"{name}/{term}", value)
            case.move(name, [(d, by_d, sum(parts.values()))])

        def bring(name, s1, s2, moves):
            fake, other = g(x, s1), g(x, s2).detach()
            parts = {
                "adv": bce(d(fake, to), 1.0),
                "style": STY * (e(fake, to) - s1).abs().mean(),
                "diversity": -DS * max(0, 1 - k / DS_STEPS) * (fake - other).abs().mean(),
                "cycle": CYC * (g(fake, e(x, y)) - x).abs().mean(),
            }
            for term, value in parts.items():
                case.loss(f"{name}/{term}", value)
            case.move(name, [(net, by, sum(parts.values())) for net, by in moves])
            for net, _ in moves:
                follow(net)

        judge("D", f(z, to))
        judge("D_style", e(ref, to))
        bring("G", f(z, to), f(z2, to), [(g, by_g), (f, by_f), (e, by_e)])
        bring("G_style", e(ref, to), e(ref2, to), [(g, by_g)])
        for net, kept in averages.items():
            for n, value in kept.items():
                case.record.add(f"{k}.average.{net.name}.{n}", value)
        case.finish_iteration(draws, g, f, e, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
