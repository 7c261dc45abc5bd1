"""SinGAN's super-resolution by the procedure of the authors' program (SR.py of the repository tamarott/SinGAN), written anew in PyTorch: what
`ganymede train singan --set sr_factor=N` and `apply RUN super-resolution` are compared with.

    python3 bench/super_resolution.py LOW ORIGINAL OUT [--factor 2] [--iterations 2000] [--width 32] [--seed 1]

LOW is a picture, ORIGINAL the same FACTOR times as large; OUT gets the enlargement. Prints root mean square errors to ORIGINAL, in [-1, 1]:
of this, of nearest neighbours and of bicubic interpolation. check_singan FOLDER leaves sr_low.png and sr_original.png there.
Needs PyTorch, NumPy and Pillow. One thread.
"""

import argparse
import math

import numpy as np
import torch
from PIL import Image
from torch import nn

REACH = 5  # pixels that five 3x3 convolutions take off each side


def cubic(x):
    a = np.abs(x)
    near, far = 1.5 * a**3 - 2.5 * a**2 + 1, -0.5 * a**3 + 2.5 * a**2 - 4 * a + 2
    return near * (a <= 1) + far * ((1 < a) & (a <= 2))


def resizing_matrix(n, m, scale):
    """[m, n]: MATLAB's imresize of n pixels to m."""
    shrink = min(scale, 1.0)
    centre = (np.arange(m) + 0.5) / scale - 0.5
    first = np.floor(centre - 2 / shrink).astype(int)
    index = first[:, None] + np.arange(math.ceil(4 / shrink) + 2)
    weight = cubic((centre[:, None] - index) * shrink)
    weight /= weight.sum(1, keepdims=True)
    mirrored = np.concatenate([np.arange(n), np.arange(n)[::-1]])[np.mod(index, 2 * n)]
    matrix = np.zeros((m, n))
    for row in range(m):
        np.add.at(matrix[row], mirrored[row], weight[row])
    return matrix


def resized(picture, scale):
    """A picture [H, W, C]; sizes are rounded up."""
    h, w = picture.shape[:2]
    rows = resizing_matrix(h, math.ceil(h * scale - 1e-9), scale)
    columns = resizing_matrix(w, math.ceil(w * scale - 1e-9), scale)
    return np.einsum("ij,jkc,lk->ilc", rows, picture, columns)


def to_tensor(picture):
    return torch.from_numpy(picture.transpose(2, 0, 1)[None] / 127.5 - 1).float()


def to_picture(x):
    return ((x[0].permute(1, 2, 0).numpy() + 1) * 127.5).clip(0, 255)


def enlarged(x, scale):
    """A tensor [1, 3, H, W] in [-1, 1], through whole numbers of 0 to 255 as in the authors' program."""
    return to_tensor(resized(np.floor(to_picture(x)), scale).clip(0, 255))


def trunk(width, out):
    layers, channels = [], 3
    for _ in range(4):
        layers += [nn.Conv2d(channels, width, 3), nn.BatchNorm2d(width), nn.LeakyReLU(0.2)]
        channels = width
    return layers + [nn.Conv2d(width, out, 3)]


class Generator(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.net = nn.Sequential(*trunk(width, 3), nn.Tanh())

    def forward(self, noisy, before):
        return self.net(noisy) + before[:, :, REACH:-REACH, REACH:-REACH]


def first_weights(module):
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, 0, 0.02)
    if isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1, 0.02)


def noise(scale, h, w):
    drawn = torch.randn(1, 1, h, w).expand(1, 3, h, w) if scale == 0 else torch.randn(1, 3, h, w)
    return nn.functional.pad(drawn, [REACH] * 4)


class Pyramid:
    def __init__(self, reals, factor):
        self.reals, self.factor = reals, factor
        self.generators, self.stars, self.amplitudes = [], [], []

    def below(self, random):
        """What the finished scales make, padded, at the size of the next one."""
        h, w = self.reals[0].shape[2:]
        x = torch.zeros(1, 3, h, w)
        for i, generator in enumerate(self.generators):
            h, w = self.reals[i].shape[2:]
            before = nn.functional.pad(x, [REACH] * 4)
            z = noise(i, h, w) if random else self.stars[i]
            with torch.no_grad():
                x = generator(self.amplitudes[i] * z + before, before)
            h, w = self.reals[i + 1].shape[2:]
            x = enlarged(x, 1 / self.factor)[:, :, :h, :w]
        return nn.functional.pad(x, [REACH] * 4)

    def train_scale(self, generator, critic, iterations):
        scale = len(self.generators)
        real = self.reals[scale]
        h, w = real.shape[2:]
        optimisers = [torch.optim.Adam(n.parameters(), 5e-4, (0.5, 0.999)) for n in (critic, generator)]
        star = torch.zeros(1, 3, h + 2 * REACH, w + 2 * REACH)
        before = self.below(random=False)
        amplitude = 1.0
        if scale > 0:
            amplitude = 0.1 * (real - before[:, :, REACH:-REACH, REACH:-REACH]).square().mean().sqrt().item()
        for iteration in range(iterations):
            if iteration + 1 == iterations * 4 // 5:
                for o in optimisers:
                    o.param_groups[0]["lr"] *= 0.1
            if scale == 0:
                star = noise(0, h, w)
            z = noise(scale, h, w)
            for _ in range(3):
                prev = self.below(random=True)
                with torch.no_grad():
                    fake = generator(amplitude * z + prev, prev)
                share = torch.rand(1)
                between = (share * real + (1 - share) * fake).requires_grad_(True)
                slope = torch.autograd.grad(critic(between).sum(), between, create_graph=True)[0]
                loss = critic(fake).mean() - critic(real).mean() + 0.1 * (slope.norm(2, dim=1) - 1).square().mean()
                critic.zero_grad()
                loss.backward()
                optimisers[0].step()
            for _ in range(3):
                rebuilt = generator(amplitude * star + before, before)
                loss = 100 * (rebuilt - real).square().mean() - critic(generator(amplitude * z + prev, prev)).mean()
                generator.zero_grad()
                loss.backward()
                optimisers[1].step()
        self.generators.append(generator.eval().requires_grad_(False))
        self.stars.append(star)
        self.amplitudes.append(amplitude)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("low")
    parser.add_argument("original")
    parser.add_argument("out")
    parser.add_argument("--factor", type=int, default=2)
    parser.add_argument("--iterations", type=int, default=2000, help="a scale")
    parser.add_argument("--width", type=int, default=32, help="channels of the four coarsest scales")
    parser.add_argument("--seed", type=int, default=1)
    o = parser.parse_args()
    torch.manual_seed(o.seed)
    torch.set_num_threads(1)
    low, original = (np.asarray(Image.open(p).convert("RGB")).astype(float) for p in (o.low, o.original))
    if original.shape[:2] != (low.shape[0] * o.factor, low.shape[1] * o.factor):
        parser.error(f"{o.original} is {original.shape[1]}x{original.shape[0]}, not {o.factor} times {o.low}, {low.shape[1]}x{low.shape[0]}")
    # Scales a factor of about 2^(1/3) apart, from 18 pixels on.
    passes = round(math.log2(o.factor) * 3)
    step = o.factor ** (1 / passes)
    finest = int(math.log(min(low.shape[:2]) / 18) / math.log(step)) + 1
    factor = (18 / min(low.shape[:2])) ** (1 / finest)
    pyramid = Pyramid([to_tensor(resized(low, factor ** (finest - i)).clip(0, 255)) for i in range(finest + 1)], factor)
    width = 0
    for i in range(finest + 1):
        before, width = width, min(o.width * 2 ** (i // 4), 128)
        generator, critic = (n.apply(first_weights) for n in (Generator(width), nn.Sequential(*trunk(width, 1))))
        if width == before:
            generator.load_state_dict(pyramid.generators[-1].state_dict())
            critic.load_state_dict(last.state_dict())
        pyramid.train_scale(generator, critic, o.iterations)
        last = critic
        print(f"scale {i} of {finest}: {tuple(pyramid.reals[i].shape[2:])}, amplitude {pyramid.amplitudes[-1]:.4g}", flush=True)
    x = to_tensor(low)
    for k in range(passes):
        x = enlarged(x, step)
        before = nn.functional.pad(x, [REACH] * 4)
        with torch.no_grad():
            x = pyramid.generators[-1](pyramid.amplitudes[-1] * noise(k, *x.shape[2:]) + before, before)
    made = to_picture(x).round()[: original.shape[0], : original.shape[1]]
    Image.fromarray(made.astype(np.uint8)).save(o.out)
    nearest = np.repeat(np.repeat(low, o.factor, 0), o.factor, 1)
    for name, picture in (("this", made), ("nearest", nearest), ("bicubic", resized(low, o.factor).clip(0, 255))):
        print(f"{name}: {np.sqrt(np.square(picture - original).mean()) / 127.5:.4f}")


if __name__ == "__main__":
    main()
