"""The stacks of bench/stacks.h in PyTorch, for bench/torch_steps.py: networks, losses and order of work as there.

    python3 bench/torch_stacks.py     prints how many parameters they have
"""

import torch
from torch import nn
from torch.nn import functional as F


def adam(networks, rate, device, captured, betas=(0.5, 0.999)):
    fused = dict(fused=True, capturable=captured) if device == "cuda" else dict(foreach=True)
    return torch.optim.Adam([p for n in networks for p in n.parameters()], rate, betas, **fused)


def descend(optimiser, loss):
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


def pixel_norm(x):
    return x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-8)


def neighbours_summed(w):
    w = F.pad(w, (1, 1, 1, 1))
    return w[..., 1:, 1:] + w[..., :-1, 1:] + w[..., 1:, :-1] + w[..., :-1, :-1]


class Equal(nn.Module):
    """A convolution with equalised learning rate; scale: "up" or "down" by two beside it, fused into one convolution of stride 2 or not."""

    def __init__(self, a, b, kernel, gain=2**0.5, padding=None, scale="", fused=False):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(b, a, kernel, kernel)), nn.Parameter(torch.zeros(b))
        self.factor, self.padding = gain / (a * kernel * kernel) ** 0.5, kernel // 2 if padding is None else padding
        self.scale, self.fused = scale, fused

    def forward(self, x):
        w = self.weight * self.factor
        if self.fused and self.scale == "up":
            return F.conv_transpose2d(x, neighbours_summed(w.transpose(0, 1).flip(2, 3)), self.bias, 2, 1)
        if self.fused and self.scale == "down":
            return F.conv2d(x, neighbours_summed(w) * 0.25, self.bias, 2, 1)
        if self.scale == "up":
            x = F.interpolate(x, scale_factor=2)
        x = F.conv2d(x, w, self.bias, padding=self.padding)
        return F.avg_pool2d(x, 2) if self.scale == "down" else x


class ProganFirst(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(c, c, 4, 4)), nn.Parameter(torch.zeros(c))
        self.factor = 2**0.5 / (16 * c) ** 0.5

    def forward(self, z):
        return F.conv_transpose2d(z[:, :, None, None], self.weight * self.factor, self.bias)


def progan_width(side):
    return min(512, 16384 // side)


class ProganGenerator(nn.Module):
    def __init__(self, size, fused):
        super().__init__()
        c = progan_width(4)
        self.convs = nn.ModuleList([ProganFirst(c), Equal(c, c, 3)])
        side = 8
        while side <= size:
            out = progan_width(side)
            self.convs += [Equal(c, out, 3, scale="up", fused=fused), Equal(out, out, 3)]
            c, side = out, 2 * side
        self.to_rgb = Equal(c, 3, 1, 1)

    def forward(self, z):
        x = pixel_norm(z)
        for conv in self.convs:
            x = pixel_norm(F.leaky_relu(conv(x), 0.2))
        return self.to_rgb(x)


class ProganDiscriminator(nn.Module):
    def __init__(self, size, fused):
        super().__init__()
        c = progan_width(size)
        self.convs = nn.ModuleList([Equal(3, c, 1)])
        while size > 4:
            out = progan_width(size // 2)
            self.convs += [Equal(c, c, 3), Equal(c, out, 3, scale="down", fused=fused)]
            c, size = out, size // 2
        self.last = nn.ModuleList([Equal(c + 1, c, 3), Equal(c, c, 4, padding=0)])
        self.out, self.out_bias = nn.Parameter(torch.randn(1, c)), nn.Parameter(torch.zeros(1))

    def forward(self, x):
        for conv in self.convs:
            x = F.leaky_relu(conv(x), 0.2)
        n, c, h, w = x.shape
        deviation = (x.float().view(4, n // 4, c, h, w).var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
        x = torch.cat((x, deviation.repeat(4).view(n, 1, 1, 1).expand(n, 1, h, w).to(x.dtype)), 1)
        for conv in self.last:
            x = F.leaky_relu(conv(x), 0.2)
        return F.linear(x.flatten(1), self.out * self.out.shape[1] ** -0.5, self.out_bias)


class ProganStep:
    def __init__(self, size, fused, batch, device, layout, compile_networks, captured):
        make = lambda n: n.to(device, memory_format=layout)  # noqa: E731
        self.g, self.d = make(ProganGenerator(size, fused)), make(ProganDiscriminator(size, fused))
        self.g_step, self.d_step = (adam([n], 1e-3, device, captured, (0.0, 0.99)) for n in (self.g, self.d))
        self.average = [p.detach().clone() for p in self.g.parameters()]
        self.batch, self.device = batch, device
        self.real = (torch.rand(batch, 3, size, size, device=device) * 2 - 1).to(memory_format=layout)

    def fake(self):
        return self.g(torch.randn(self.batch, progan_width(4), device=self.device)).float()

    def __call__(self, autocast):
        with autocast():
            with torch.no_grad():
                fake = self.fake()
            on_fake, on_real = self.d(fake).float(), self.d(self.real).float()
            mixing = torch.rand(self.batch, 1, 1, 1, device=self.device)
            between = (mixing * self.real + (1 - mixing) * fake).requires_grad_(True)
            slope, = torch.autograd.grad(self.d(between).float().sum(), between, create_graph=True)
            penalty = 10 * (slope.float().flatten(1).norm(2, 1) - 1).square().mean()
            loss = on_fake.mean() - on_real.mean() + penalty + 0.001 * on_real.square().mean()
        descend(self.d_step, loss)
        self.d.requires_grad_(False)
        with autocast():
            loss = -self.d(self.fake()).float().mean()
        descend(self.g_step, loss)
        with torch.no_grad():
            torch._foreach_lerp_(self.average, list(self.g.parameters()), 0.001)
        self.d.requires_grad_(True)


class Block(nn.Module):
    def __init__(self, w):
        super().__init__()
        half = lambda: [nn.Conv2d(w, w, 3, 1, 1, bias=False), nn.BatchNorm2d(w)]  # noqa: E731
        self.body = nn.Sequential(*half(), nn.PReLU(), *half())

    def forward(self, x):
        return x + self.body(x)


class Srresnet(nn.Module):
    def __init__(self, w=64):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, w, 9, 1, 4), nn.PReLU())
        self.body = nn.Sequential(*(Block(w) for _ in range(16)), nn.Conv2d(w, w, 3, 1, 1, bias=False), nn.BatchNorm2d(w))
        up = lambda: [nn.Conv2d(w, 4 * w, 3, 1, 1), nn.PixelShuffle(2), nn.PReLU()]  # noqa: E731
        self.last = nn.Sequential(*up(), *up(), nn.Conv2d(w, 3, 9, 1, 4))

    def forward(self, x):
        x = self.first(x)
        return self.last(x + self.body(x))


def srgan_discriminator(size, w=64):
    layers, a = [], 3
    for i in range(8):
        b, stride = w << i // 2, 1 + i % 2
        layers += [nn.Conv2d(a, b, 3, stride, 1, bias=not i)] + ([nn.BatchNorm2d(b)] if i else []) + [nn.LeakyReLU(0.2, True)]
        a, size = b, (size - 1) // stride + 1
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(size * size * a, 16 * w), nn.LeakyReLU(0.2, True), nn.Linear(16 * w, 1))


def vgg_features():
    layers, a = [], 3
    for convolutions, b in ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512)):
        layers += [nn.MaxPool2d(2)] if layers else []
        for _ in range(convolutions):
            layers += [nn.Conv2d(a, b, 3, 1, 1), nn.ReLU(True)]
            a = b
    return nn.Sequential(*layers).requires_grad_(False)


class SrresnetStep:
    size = 24

    def __init__(self, batch, device, layout, compile_networks, captured):
        self.g = Srresnet().to(device, memory_format=layout)
        self.g_step = adam([self.g], 1e-4, device, captured, (0.9, 0.999))
        self.low, self.high = ((torch.rand(batch, 3, s, s, device=device) * 2 - 1).to(memory_format=layout) for s in (24, 96))
        if compile_networks:
            self.g = torch.compile(self.g)

    def __call__(self, autocast):
        with autocast():
            loss = F.mse_loss(self.g(self.low).float(), self.high)
        descend(self.g_step, loss)


class SrganStep(SrresnetStep):
    def __init__(self, batch, device, layout, compile_networks, captured):
        super().__init__(batch, device, layout, compile_networks, captured)
        self.d, self.vgg = (n.to(device, memory_format=layout) for n in (srgan_discriminator(96), vgg_features()))
        self.d_step = adam([self.d], 1e-4, device, captured, (0.9, 0.999))
        mean, deviation = (torch.tensor(v, device=device).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
        self.scale, self.shift = 0.5 / deviation, (0.5 - mean) / deviation
        if compile_networks:
            self.d, self.vgg = torch.compile(self.d), torch.compile(self.vgg)

    def features(self, x):
        return self.vgg(x * self.scale + self.shift).float()

    def __call__(self, autocast):
        with autocast():
            fake = self.g(self.low)
            loss = F.softplus(-self.d(self.high).float()).mean() + F.softplus(self.d(fake.detach()).float()).mean()
        descend(self.d_step, loss)
        self.d.requires_grad_(False)
        with autocast():
            with torch.no_grad():
                wanted = self.features(self.high)
            loss = F.mse_loss(self.features(fake), wanted) / 12.75**2 + 1e-3 * F.softplus(-self.d(fake).float()).mean()
        descend(self.g_step, loss)
        self.d.requires_grad_(True)


if __name__ == "__main__":
    count = lambda *nets: sum(p.numel() for n in nets for p in n.parameters())  # noqa: E731
    for size in (16, 64, 128, 1024):
        print(f"progan {size}: G {count(ProganGenerator(size, False))}, D {count(ProganDiscriminator(size, False))}")
    print(f"srresnet: G {count(Srresnet())}")
    print(f"srgan: G {count(Srresnet())}, D {count(srgan_discriminator(96))}, VGG {count(vgg_features())}")
