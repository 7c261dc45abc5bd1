"""Three iterations of a progressive GAN (Karras et al. 2018): writes progressive_gan_update.safetensors.

8 x 8 x 2, batch 4: one iteration at 4 x 4, then two in which 8 x 8 is blended in, by weights 0 and 1/2. Equalised layers (weights of
deviation 1, times gain / sqrt(fan in) where they are used), pixel norm in G, the deviation of groups of two in D, whose members are
every second sample. Averages of 2 x 2 before D's second activation, as in the authors' fused layers. WGAN-GP with drift and a
target of 1.5 for the slope; Adam 0, 0.99, begun afresh with each phase.
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser
from update_case import Case, Draws, main, pictures

N, LATENT, COLOURS, GROUP = 4, 3, 2, 2
WIDTH = {8: 2, 4: 3}
LAMBDA, TARGET, DRIFT = 10.0, 1.5, 1e-3
ROOT2 = 2**0.5

up = lambda x: x.repeat_interleave(2, 2).repeat_interleave(2, 3)
down = lambda x: F.avg_pool2d(x, 2)
leaky = lambda x: F.leaky_relu(x, 0.2)
pixel_norm = lambda x: x / (x.square().mean(1, keepdim=True) + 1e-8).sqrt()


class Equalised(Network):
    def __init__(self, name, dtype, random):
        super().__init__(name, dtype)
        self.random, self.factors = random, {}

    def layer(self, name, shape, fan_in, outputs, gain=ROOT2):
        self.parameter(f"{name}.weight", self.random.normal(0, 1, shape))
        self.parameter(f"{name}.bias", self.random.normal(0, 0.1, outputs))
        self.factors[name] = gain / fan_in**0.5

    def conv(self, name, i, o, kernel, gain=ROOT2):
        self.layer(name, (o, i, kernel, kernel), i * kernel * kernel, o, gain)

    def of(self, name):
        return self.parameters[f"{name}.weight"] * self.factors[name], self.parameters[f"{name}.bias"]

    def apply(self, name, x, padding=0):
        w, b = self.of(name)
        return F.conv2d(x, w, b, padding=padding) if w.dim() == 4 else F.linear(x, w, b)


class Generator(Equalised):
    def __init__(self, *args):
        super().__init__("G", *args)
        # 4 x 4 pixels from a vector; the gain is that of a 4 x 4 convolution.
        self.layer("up4.deconv1", (LATENT, WIDTH[4], 4, 4), 16 * LATENT, WIDTH[4])
        self.conv("up4.conv1", WIDTH[4], WIDTH[4], 3)
        self.conv("up8.conv1", WIDTH[4], WIDTH[8], 3)
        self.conv("up8.conv2", WIDTH[8], WIDTH[8], 3)
        for side in (4, 8):
            self.conv(f"rgb{side}", WIDTH[side], COLOURS, 1, 1)

    def __call__(self, z, side, grown):
        step = lambda name, x: pixel_norm(leaky(self.apply(name, x, 1)))
        w, b = self.of("up4.deconv1")
        h = pixel_norm(leaky(F.conv_transpose2d(pixel_norm(z)[:, :, None, None], w, b)))
        h = step("up4.conv1", h)
        x = self.apply("rgb4", h)
        if side == 4:
            return x
        h = step("up8.conv2", step("up8.conv1", up(h)))
        return (1 - grown) * up(x) + grown * self.apply("rgb8", h)


class Discriminator(Equalised):
    def __init__(self, *args):
        super().__init__("D", *args)
        for side in (4, 8):
            self.conv(f"rgb{side}.conv1", COLOURS, WIDTH[side], 1)
        self.conv("down8.conv1", WIDTH[8], WIDTH[8], 3)
        self.conv("down8.conv2", WIDTH[8], WIDTH[4], 3)
        self.conv("last.conv1", WIDTH[4] + 1, WIDTH[4], 3)
        self.conv("last.conv2", WIDTH[4], WIDTH[4], 4)
        self.layer("last.linear1", (1, WIDTH[4]), WIDTH[4], 1, 1)

    def __call__(self, x, grown):
        if x.shape[2] == 4:
            h = leaky(self.apply("rgb4.conv1", x))
        else:
            h = leaky(self.apply("down8.conv1", leaky(self.apply("rgb8.conv1", x)), 1))
            h = leaky(down(self.apply("down8.conv2", h, 1)))
            h = (1 - grown) * leaky(self.apply("rgb4.conv1", down(x))) + grown * h
        y = h.reshape(GROUP, N // GROUP, *h.shape[1:])
        deviation = ((y - y.mean(0)).square().mean(0) + 1e-8).sqrt().mean((1, 2, 3))
        h = torch.cat((h, deviation.repeat(GROUP)[:, None, None, None].expand(N, 1, 4, 4)), 1)
        h = leaky(self.apply("last.conv1", h, 1))
        h = leaky(self.apply("last.conv2", h))
        return self.apply("last.linear1", h.flatten(1))


def train(dtype):
    random = np.random.RandomState(20171027)
    draws = Draws(random, dtype)
    g, d = Generator(dtype, random), Discriminator(dtype, random)
    settings = f"start=4 width={WIDTH[8]} most_width={WIDTH[4]} latent={LATENT} stddev_group={GROUP} stable_images={N} blend_images={2 * N} gp_target={TARGET}"
    # The root of a small variance makes the last iteration sensitive: PyTorch's own gradient in float32 is 7e-5 off there.
    case = Case("progressive-gan", settings, f32_gradient=5e-4)
    case.start(g, d)
    adam = lambda p: torch.optim.Adam(p, lr=1e-3, betas=(0.0, 0.99), eps=1e-8)
    for side, weights in ((4, (None,)), (8, (0.0, 0.5))):
        of_g, of_d = Optimiser(g, adam), Optimiser(d, adam)
        for grown in weights:
            image = pictures(random, N, 8, COLOURS).to(dtype)
            case.batch(image=image)
            x = down(image) if side == 4 else grown * image + (1 - grown) * up(down(image))
            fake = g(draws.normal(N, LATENT), side, grown).detach()
            on_real, on_fake = d(x, grown), d(fake, grown)
            a = draws.uniform(N, 1, 1, 1)
            between = (a * x + (1 - a) * fake).requires_grad_()
            (slope,) = torch.autograd.grad(d(between, grown).sum(), between, create_graph=True)
            terms = {
                "adv": on_fake.mean() - on_real.mean(),
                "gp": LAMBDA / TARGET**2 * (slope.flatten(1).norm(dim=1) - TARGET).square().mean(),
                "drift": DRIFT * on_real.square().mean(),
            }
            for name, value in terms.items():
                case.loss(f"D/{name}", value)
            case.move("D", [(d, of_d, sum(terms.values()))])
            g_loss = -d(g(draws.normal(N, LATENT), side, grown), grown).mean()
            case.loss("G/adv", g_loss)
            case.move("G", [(g, of_g, g_loss)])
            case.finish_iteration(draws, g, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
