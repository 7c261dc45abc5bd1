"""Two iterations of CUT (Park et al. 2020), tiny, in plain PyTorch: writes cut_update.safetensors beside itself.

16 x 16 of one channel, batch 2, width 2, three residual blocks (two of them the encoder's), PatchGAN of one halving, no pool. D moves down 1/2 [mean (D(y) - 1)^2 + mean D(G(x))^2], then G and the
H of five layers (the pixels, both strided convolutions before their norms, the first two blocks) down mean (D(G(x)) - 1)^2 + 2 PatchNCE(x, G(x)) + 0.5 PatchNCE(y, G(y)). PatchNCE: logits are
the products with the keys of the query's own picture over 0.2, keys detached; 20 drawn places where a layer has more (one of them drawn twice: neither is the other's negative), else all; mean
over places and layers. Adam 2e-4, 0.5, 0.999.
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser
from update_case import Case, Draws, main, pictures

W, N, SIDE, PLACES, LENGTH, TAU = 2, 2, 16, 20, 3, 0.2


def norm(h):
    return F.instance_norm(h, eps=1e-5)


def reflect(h, n):
    return F.pad(h, (n, n, n, n), mode="reflect")


class Part(Network):
    def __init__(self, name, dtype, random, weights, biases=()):
        super().__init__(name, dtype)
        for key, shape in weights.items():
            self.parameter(f"{key}.weight", random.normal(0, 0.3, shape))
            if key in biases:
                self.parameter(f"{key}.bias", random.normal(0, 0.3, shape[0]))

    def conv(self, key, h, **options):
        return F.conv2d(h, self.parameters[f"{key}.weight"], self.parameters.get(f"{key}.bias"), **options)

    def block(self, key, h):
        inner = F.relu(norm(self.conv(f"{key}.main.conv1", reflect(h, 1))))
        return h + norm(self.conv(f"{key}.main.conv2", reflect(inner, 1)))


def block_weights(key):
    return {f"{key}.main.conv{i}": (4 * W, 4 * W, 3, 3) for i in (1, 2)}


class Encoder(Part):
    def __init__(self, dtype, random):
        super().__init__("encoder", dtype, random, {"stage1.conv1": (W, 1, 7, 7), "stage1.conv2": (2 * W, W, 3, 3), "stage2.conv1": (4 * W, 2 * W, 3, 3)} | block_weights("stage3.block1") | block_weights("head.block1"))

    def __call__(self, x):
        first = self.conv("stage1.conv2", F.relu(norm(self.conv("stage1.conv1", reflect(x, 3)))), stride=2, padding=1)
        second = self.conv("stage2.conv1", F.relu(norm(first)), stride=2, padding=1)
        third = self.block("stage3.block1", F.relu(norm(second)))
        return self.block("head.block1", third), first, second, third, x


class Decoder(Part):
    def __init__(self, dtype, random):
        super().__init__("decoder", dtype, random, block_weights("block1") | {"deconv1": (4 * W, 2 * W, 3, 3), "deconv2": (2 * W, W, 3, 3), "conv1": (1, W, 7, 7)}, ["conv1"])

    def __call__(self, code):
        h = self.block("block1", code)
        for key in ("deconv1", "deconv2"):
            h = F.relu(norm(F.conv_transpose2d(h, self.parameters[f"{key}.weight"], stride=2, padding=1, output_padding=1)))
        return torch.tanh(self.conv("conv1", reflect(h, 3)))


class Discriminator(Part):
    def __init__(self, dtype, random):
        super().__init__("D", dtype, random, {"conv1": (W, 1, 4, 4), "conv2": (2 * W, W, 4, 4), "conv3": (1, 2 * W, 4, 4)}, ["conv1", "conv3"])

    def __call__(self, x):
        h = F.leaky_relu(self.conv("conv1", x, stride=2, padding=1), 0.2)
        return self.conv("conv3", F.leaky_relu(norm(self.conv("conv2", h, padding=1)), 0.2), padding=1)


class Projection(Part):
    def __init__(self, number, channels, dtype, random):
        super().__init__(f"H{number}", dtype, random, {"linear1": (LENGTH, channels), "linear2": (LENGTH, LENGTH)}, ["linear1", "linear2"])

    def __call__(self, rows):
        p = self.parameters
        h = F.linear(F.relu(F.linear(rows, p["linear1.weight"], p["linear1.bias"])), p["linear2.weight"], p["linear2.bias"])
        return h / (h.norm(dim=1, keepdim=True) + 1e-7)


def patch_nce(h, of_made, of_given, places):
    """Of one picture's maps [C, h, w] and one layer."""
    q, k = (h(m.flatten(1).t()[places]) for m in (of_made, of_given))
    total = 0
    for s, place in enumerate(places):
        logits = torch.stack([q[s] @ k[s].detach() / TAU] + [q[s] @ k[r].detach() / TAU for r, other in enumerate(places) if other != place])
        total = total - logits.log_softmax(0)[0]
    return total / len(places)


def train(dtype):
    random = np.random.RandomState(20200730)
    draws = Draws(random, dtype)
    e, g, d = Encoder(dtype, random), Decoder(dtype, random), Discriminator(dtype, random)
    hs = [Projection(i + 1, c, dtype, random) for i, c in enumerate((4 * W, 2 * W, 4 * W, 4 * W, 1))]
    nets = (e, g, d, *hs)
    by = {n.name: Optimiser(n, lambda p: torch.optim.Adam(p, lr=2e-4, betas=(0.5, 0.999), eps=1e-8)) for n in nets}
    case = Case("cut", f"width={W} blocks=3 d_layers=1 rate=2e-4 patches={PLACES} projection={LENGTH} temperature={TAU} nce=2 nce_identity=0.5")
    case.start(*nets)
    for _ in range(2):
        x, y = pictures(random, N, SIDE).to(dtype), pictures(random, N, SIDE).to(dtype)
        case.batch(a=x, b=y)
        given = torch.cat([x, y])
        made = g(e(given)[0])
        of_d = 0.5 * (((d(y) - 1) ** 2).mean() + (d(made[:N].detach()) ** 2).mean())
        case.loss("D/adv", of_d)
        case.move("D", [(d, by["D"], of_d)])
        adv = ((d(made[:N]) - 1) ** 2).mean()
        queries, keys = e(made), e(given)
        nce = [0] * 2 * N
        for h, q, k in zip(hs, queries, keys):
            count = q.shape[2] * q.shape[3]
            places = list(range(count))
            if count > PLACES:
                places = list(random.permutation(count)[:PLACES])
                places[-1] = places[0]
                draws.keep(np.array(places))
            for n in range(2 * N):
                nce[n] = nce[n] + patch_nce(h, q[n], k[n], places) / len(hs)
        parts = {"adv": adv, "nce": 2 * sum(nce[:N]) / N, "nce_identity": 0.5 * sum(nce[N:]) / N}
        for name, value in parts.items():
            case.loss(f"G/{name}", value)
        total = sum(parts.values())
        case.move("G", [(n, by[n.name], total) for n in (e, g, *hs)])
        case.finish_iteration(draws, *nets)
    return case


if __name__ == "__main__":
    main(__file__, train)
