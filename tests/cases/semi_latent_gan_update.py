"""Two iterations of SL-GAN (Yin et al. 2017), tiny, in plain PyTorch: writes semi_latent_gan_update.safetensors beside itself.

16 x 16 x 3, batch 4, the attributes b (a bit) and one of a, d out of the data's a, b, c, d; two latents. The attributes for g and x' are the labels in the
order that sorts noise. D moves down BCE (real 1; g and x' 0, half each) + BCE of attributes, summed over them, of x and of g + mean squared error of the
latents of g; then Dec down BCE of g to 1 + the same two terms of g; then Enc and Dec, on new noise, down 10 |x~ - x| + squared error of the trunk's
features (x a target) + KL, the mean over latents + BCE of Enc's attributes + BCE of x' to 1 + BCE of its attributes, and Enc alone down the squared error of
the latents that it reads off g as it was. All terms but the adversarial ones have weights of their own. Adam 2e-4, 0.5, 0.999.
"""

import numpy as np
import torch
from torch.nn import functional as F

from label_update import LabelDraws, Net, adam, bce, rows
from reference import Optimiser, float32_exact
from update_case import Case, main, pictures

N, SIDE, A, M, W, R, EPS = 4, 16, 3, 2, 2, 3, 1e-5
WEIGHTS = {"attribute_weight": 0.9, "modified_weight": 1.2, "latent_weight": 0.8, "pixels": 9, "features": 1.5, "kl": 0.7, "encoder_weight": 1.1, "cycle": 0.6}


class Halving(Net):
    def trunk(self, prefix):
        self.conv(f"{prefix}conv1", 3, W, 4, False)
        self.conv(f"{prefix}conv2", W, 2 * W, 4, False)
        self.norm(f"{prefix}norm1", self.random, 2 * W)

    def halved(self, prefix, x, follow):
        h = F.leaky_relu(F.conv2d(x, self.of(f"{prefix}conv1")[0], stride=2, padding=1), 0.2)
        h = F.conv2d(h, self.of(f"{prefix}conv2")[0], stride=2, padding=1)
        return rows(F.leaky_relu(self.normalise(f"{prefix}norm1", h, follow, EPS), 0.2))


class Encoder(Halving):
    def __init__(self, *args):
        super().__init__("Enc", *args)
        self.trunk("")
        self.linear("linear1", 32 * W, A + 2 * M)

    def __call__(self, x, follow):
        return F.linear(self.halved("", x, follow), *self.of("linear1")).split([A, M, M], 1)


class Decoder(Net):
    def __init__(self, *args):
        super().__init__("Dec", *args)
        for i, (a, b) in enumerate(((A + M, 2 * W), (2 * W, W), (W, 3)), 1):
            self.conv(f"deconv{i}", a, b, 4, False, True)
            if i < 3:
                self.norm(f"norm{i}", self.random, b)

    def __call__(self, a, z, follow):
        h = F.conv_transpose2d(torch.cat([a, z], 1)[:, :, None, None], self.of("deconv1")[0])
        h = F.relu(self.normalise("norm1", h, follow, EPS))
        h = F.conv_transpose2d(h, self.of("deconv2")[0], stride=2, padding=1)
        h = F.relu(self.normalise("norm2", h, follow, EPS))
        return torch.tanh(F.conv_transpose2d(h, self.of("deconv3")[0], stride=2, padding=1))


class Discriminator(Halving):
    def __init__(self, *args):
        super().__init__("D", *args)
        self.trunk("trunk.")
        self.linear("source", 32 * W, 1)
        self.linear("rec.linear1", 32 * W, R, False)
        self.norm("rec.norm1", self.random, R)
        self.linear("rec.linear2", R, A + M)

    def __call__(self, x, follow):
        h = self.halved("trunk.", x, follow)
        said = self.normalise("rec.norm1", F.linear(h, *self.of("rec.linear1")), follow, EPS)
        said = F.linear(F.leaky_relu(said, 0.2), *self.of("rec.linear2"))
        return F.linear(h, *self.of("source")), said[:, :A], said[:, A:], h


def attributes_loss(logits, y):
    return F.binary_cross_entropy_with_logits(logits, y, reduction="sum") / len(y)


def train(dtype):
    random = np.random.RandomState(20170406)
    draws = LabelDraws(random, dtype)
    enc, dec, d = Encoder(dtype, random), Decoder(dtype, random), Discriminator(dtype, random)
    by_d, by_dec, by_enc, by_dec_again = (Optimiser(n, adam(2e-4)) for n in (d, dec, enc, dec))
    weights = " ".join(f"{k}={v}" for k, v in WEIGHTS.items())
    case = Case("semi-latent-gan", f"attributes=b,d/a width={W} latent={M} rec_width={R} rate=2e-4 {weights}", attributes="a b c d")
    case.start(enc, dec, d)
    w = WEIGHTS

    def note(update, parts):
        for name, value in parts.items():
            case.loss(f"{update}/{name}", value)
        return sum(parts.values())

    for k in range(2):
        x = pictures(random, N, SIDE, 3).to(dtype)
        of_data = float32_exact(random.randint(0, 2, (N, 4))).to(dtype)
        case.batch(image=x, attributes=of_data)
        y = of_data[:, [1, 3, 0]]
        a = y[draws.uniform(N, 1).flatten().argsort().argsort()]
        z = draws.normal(N, M)
        g = dec(a, z, True)
        with torch.no_grad():
            _, mean, logvar = enc(x, False)
            changed = dec(a, mean + torch.exp(logvar / 2) * draws.normal(N, M), False)

        on_x, on_g, on_changed = d(x, True), d(g.detach(), True), d(changed, True)
        parts = {
            "adv": bce(on_x[0], 1.0) + bce(on_g[0], 0.0) / 2 + bce(on_changed[0], 0.0) / 2,
            "real": w["attribute_weight"] * attributes_loss(on_x[1], y),
            "attributes": w["attribute_weight"] * attributes_loss(on_g[1], a),
            "latents": w["latent_weight"] * ((on_g[2] - z) ** 2).mean(),
        }
        case.move("D", [(d, by_d, note("D", parts))])

        source, said, latents, _ = d(g, False)
        parts = {
            "adv": bce(source, 1.0),
            "attributes": w["attribute_weight"] * attributes_loss(said, a),
            "latents": w["latent_weight"] * ((latents - z) ** 2).mean(),
        }
        case.move("generation", [(dec, by_dec, note("generation", parts))])

        read, mean, logvar = enc(x, True)
        latents = mean + torch.exp(logvar / 2) * draws.normal(N, M)
        same, changed = dec(y, latents, True), dec(a, latents, True)
        on_changed = d(changed, False)
        parts = {
            "pixels": w["pixels"] * (same - x).abs().mean(),
            "features": w["features"] * ((d(same, False)[3] - d(x, False)[3].detach()) ** 2).mean(),
            "kl": w["kl"] * -0.5 * (1 + logvar - mean**2 - logvar.exp()).mean(),
            "reads": w["encoder_weight"] * attributes_loss(read, y),
            "adv": bce(on_changed[0], 1.0),
            "attributes": w["modified_weight"] * attributes_loss(on_changed[1], a),
        }
        both = note("modification", parts)
        cycle = {"cycle": w["cycle"] * ((enc(g.detach(), True)[1] - z) ** 2).mean()}
        case.move("modification", [(enc, by_enc, both + note("modification", cycle)), (dec, by_dec_again, both)])
        case.record.add(f"{k}.kept.attributes", y)
        case.finish_iteration(draws, enc, dec, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
