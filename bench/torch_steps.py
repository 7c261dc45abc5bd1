"""The training steps of bench_steps in PyTorch: DCGAN at 64 pixels, WGAN-GP at 32, SinGAN's first scale at 25 to 120, CycleGAN at 128,
pix2pix at 256, and the stacks of bench/torch_stacks.py (ProGAN, SRResNet, SRGAN), in every way that PyTorch can run them.

    python3 bench/torch_steps.py [--device cpu|cuda] [--only TEXT] [--rounds N] [--seconds N] [--json FILE]

Ways: eager, channels_last, compile (torch.compile of the networks; not for WGAN-GP, SinGAN and ProGAN, whose penalties it cannot differentiate
twice), graphs (cuda: the whole step captured by hand as one CUDA graph, channels_last for DCGAN). Types: f32 (exact), tf32
(cuda), bf16 (autocast). The networks and updates are those of `ganymede train dcgan --size 64` and `train wgan-gp --size 32`:
DCGAN's generator pass is shared by both updates, real and fake pictures pass the discriminator apart; WGAN-GP takes five critic
steps and one of the generator; SinGAN three of each. Medians, after warm-up. Writes FILE, and beside it a table with the ending .md.
"""

import argparse
import json
import statistics
import time
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from torch_stacks import ProganStep, SrganStep, SrresnetStep, adam, descend


class Generator(nn.Sequential):
    def __init__(self, w=64, latent=100):
        layers = [nn.ConvTranspose2d(latent, 8 * w, 4, bias=False), nn.BatchNorm2d(8 * w), nn.ReLU(True)]
        for c in (8 * w, 4 * w, 2 * w):
            layers += [nn.ConvTranspose2d(c, c // 2, 4, 2, 1, bias=False), nn.BatchNorm2d(c // 2), nn.ReLU(True)]
        super().__init__(*layers, nn.ConvTranspose2d(w, 3, 4, 2, 1, bias=False), nn.Tanh())


class Discriminator(nn.Sequential):
    def __init__(self, w=64):
        layers = [nn.Conv2d(3, w, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
        for c in (w, 2 * w, 4 * w):
            layers += [nn.Conv2d(c, 2 * c, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * c), nn.LeakyReLU(0.2, True)]
        super().__init__(*layers, nn.Conv2d(8 * w, 1, 4, bias=False), nn.Flatten())


class CriticGenerator(nn.Sequential):
    def __init__(self, w=64, latent=128):
        layers = [nn.Linear(latent, 4 * w * 16), nn.BatchNorm1d(4 * w * 16), nn.ReLU(True), nn.Unflatten(1, (4 * w, 4, 4))]
        for c in (4 * w, 2 * w):
            layers += [nn.ConvTranspose2d(c, c // 2, 5, 2, 2, 1), nn.BatchNorm2d(c // 2), nn.ReLU(True)]
        super().__init__(*layers, nn.ConvTranspose2d(w, 3, 5, 2, 2, 1), nn.Tanh())


class Critic(nn.Sequential):
    def __init__(self, w=64):
        layers = []
        for a, b in ((3, w), (w, 2 * w), (2 * w, 4 * w)):
            layers += [nn.Conv2d(a, b, 5, 2, 2), nn.LeakyReLU(0.2)]
        super().__init__(*layers, nn.Flatten(), nn.Linear(4 * w * 16, 1))


class DcganStep:
    size = 64

    def __init__(self, batch, device, layout, compile_networks, captured):
        self.g, self.d = (n.to(device, memory_format=layout) for n in (Generator(), Discriminator()))
        self.batch, self.device = batch, device
        fused = dict(fused=True, capturable=captured) if device == "cuda" else dict(foreach=True)
        self.g_step = torch.optim.Adam(self.g.parameters(), 2e-4, (0.5, 0.999), **fused)
        self.d_step = torch.optim.Adam(self.d.parameters(), 2e-4, (0.5, 0.999), **fused)
        self.real = (torch.rand(batch, 3, 64, 64, device=device) * 2 - 1).to(memory_format=layout)
        self.run_g, self.run_d = (torch.compile(n) for n in (self.g, self.d)) if compile_networks else (self.g, self.d)

    def __call__(self, autocast):
        with autocast():
            fake = self.run_g(torch.randn(self.batch, 100, 1, 1, device=self.device))
            loss = F.softplus(-self.run_d(self.real).float()).mean() + F.softplus(self.run_d(fake.detach()).float()).mean()
        self.d_step.zero_grad(set_to_none=True)
        loss.backward()
        self.d_step.step()
        self.d.requires_grad_(False)
        with autocast():
            loss = F.softplus(-self.run_d(fake).float()).mean()
        self.g_step.zero_grad(set_to_none=True)
        loss.backward()
        self.g_step.step()
        self.d.requires_grad_(True)


class WganGpStep:
    size = 32

    def __init__(self, batch, device, layout, compile_networks, captured):
        self.g, self.f = (n.to(device, memory_format=layout) for n in (CriticGenerator(), Critic()))
        self.batch, self.device = batch, device
        fused = dict(fused=True, capturable=captured) if device == "cuda" else dict(foreach=True)
        self.g_step = torch.optim.Adam(self.g.parameters(), 1e-4, (0.5, 0.9), **fused)
        self.f_step = torch.optim.Adam(self.f.parameters(), 1e-4, (0.5, 0.9), **fused)
        self.real = (torch.rand(batch, 3, 32, 32, device=device) * 2 - 1).to(memory_format=layout)

    def __call__(self, autocast):
        for _ in range(5):
            with autocast():
                with torch.no_grad():
                    fake = self.g(torch.randn(self.batch, 128, device=self.device)).float()
                mixing = torch.rand(self.batch, 1, 1, 1, device=self.device)
                between = (mixing * self.real + (1 - mixing) * fake).requires_grad_(True)
                slope, = torch.autograd.grad(self.f(between).float().sum(), between, create_graph=True)
                penalty = 10 * (slope.float().flatten(1).norm(2, 1) - 1).square().mean()
                loss = self.f(fake).float().mean() - self.f(self.real).float().mean() + penalty
            self.f_step.zero_grad(set_to_none=True)
            loss.backward()
            self.f_step.step()
        self.f.requires_grad_(False)
        with autocast():
            loss = -self.f(self.g(torch.randn(self.batch, 128, device=self.device))).float().mean()
        self.g_step.zero_grad(set_to_none=True)
        loss.backward()
        self.g_step.step()
        self.f.requires_grad_(True)


class Patches(nn.Sequential):
    """SinGAN's networks: five 3x3 convolutions."""

    def __init__(self, out, bias, w=32):
        layers = []
        for i in range(4):
            layers += [nn.Conv2d(w if i else 3, w, 3, bias=False), nn.BatchNorm2d(w), nn.LeakyReLU(0.2)]
        super().__init__(*layers, nn.Conv2d(w, out, 3, bias=bias))


class SinganStep:
    def __init__(self, size, batch, device, layout, compile_networks, captured):
        self.g, self.d = (n.to(device, memory_format=layout) for n in (Patches(3, True), Patches(1, False)))
        self.size, self.device = size, device
        self.g_step, self.d_step = (adam([n], 5e-4, device, captured) for n in (self.g, self.d))
        self.real, self.z = ((torch.rand(1, 3, size, size, device=device) * 2 - 1).to(memory_format=layout) for _ in "xz")

    def generate(self, z):
        return torch.tanh(self.g(F.pad(z, (5, 5, 5, 5))))

    def __call__(self, autocast):
        noise = torch.randn(1, 1, self.size, self.size, device=self.device).expand(1, 3, -1, -1)
        for _ in range(3):
            with autocast():
                with torch.no_grad():
                    fake = self.generate(noise).float()
                mixing = torch.rand(1, 1, 1, 1, device=self.device)
                between = (mixing * self.real + (1 - mixing) * fake).requires_grad_(True)
                slope, = torch.autograd.grad(self.d(between).float().sum(), between, create_graph=True)
                penalty = 0.1 * ((slope.float().square().sum(1) + 1e-12).sqrt() - 1).square().mean()
                loss = self.d(fake).float().mean() - self.d(self.real).float().mean() + penalty
            descend(self.d_step, loss)
        self.d.requires_grad_(False)
        for _ in range(3):
            with autocast():
                loss = 10 * F.mse_loss(self.generate(self.z).float(), self.real) - self.d(self.generate(noise)).float().mean()
            descend(self.g_step, loss)
        self.d.requires_grad_(True)


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        half = lambda: [nn.ReflectionPad2d(1), nn.Conv2d(c, c, 3, bias=False), nn.InstanceNorm2d(c)]  # noqa: E731
        self.body = nn.Sequential(*half(), nn.ReLU(True), *half())

    def forward(self, x):
        return x + self.body(x)


class Resnet(nn.Sequential):
    def __init__(self, w=64, blocks=6):
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, w, 7, bias=False), nn.InstanceNorm2d(w), nn.ReLU(True)]
        for c in (w, 2 * w):
            layers += [nn.Conv2d(c, 2 * c, 3, 2, 1, bias=False), nn.InstanceNorm2d(2 * c), nn.ReLU(True)]
        layers += [Residual(4 * w) for _ in range(blocks)]
        for c in (4 * w, 2 * w):
            layers += [nn.ConvTranspose2d(c, c // 2, 3, 2, 1, 1, bias=False), nn.InstanceNorm2d(c // 2), nn.ReLU(True)]
        super().__init__(*layers, nn.ReflectionPad2d(3), nn.Conv2d(w, 3, 7), nn.Tanh())


def patch_judge(channels, norm, w=64):
    layers = [nn.Conv2d(channels, w, 4, 2, 1), nn.LeakyReLU(0.2, True)]
    for c, stride in ((w, 2), (2 * w, 2), (4 * w, 1)):
        layers += [nn.Conv2d(c, 2 * c, 4, stride, 1, bias=False), norm(2 * c), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(8 * w, 1, 4, 1, 1))


class CycleganStep:
    size = 128

    def __init__(self, batch, device, layout, compile_networks, captured):
        make = lambda n: n.to(device, memory_format=layout)  # noqa: E731
        self.g, self.f = make(Resnet()), make(Resnet())
        self.dx, self.dy = (make(patch_judge(3, nn.InstanceNorm2d)) for _ in "xy")
        self.steps = [adam(n, 2e-4, device, captured) for n in ([self.g, self.f], [self.dx], [self.dy])]
        self.x, self.y = ((torch.rand(batch, 3, 128, 128, device=device) * 2 - 1).to(memory_format=layout) for _ in "xy")
        if compile_networks:
            self.g, self.f, self.dx, self.dy = (torch.compile(n) for n in (self.g, self.f, self.dx, self.dy))

    def __call__(self, autocast):
        x, y = self.x, self.y
        for d in (self.dx, self.dy):
            d.requires_grad_(False)
        with autocast():
            fake_y, fake_x = self.g(x), self.f(y)
            loss = F.mse_loss(o := self.dy(fake_y).float(), torch.ones_like(o)) + F.mse_loss(o := self.dx(fake_x).float(), torch.ones_like(o))
            loss = loss + 10 * F.l1_loss(self.f(fake_y), x) + 10 * F.l1_loss(self.g(fake_x), y)
            loss = loss + 5 * F.l1_loss(self.g(y), y) + 5 * F.l1_loss(self.f(x), x)
        descend(self.steps[0], loss)
        for d, step, real, fake in ((self.dx, self.steps[1], x, fake_x), (self.dy, self.steps[2], y, fake_y)):
            d.requires_grad_(True)
            with autocast():
                loss = 0.5 * (F.mse_loss(o := d(real).float(), torch.ones_like(o)) + d(fake.detach()).float().square().mean())
            descend(step, loss)


class UNet(nn.Module):
    def __init__(self, w=64, channels=1):
        super().__init__()
        widths = [w, 2 * w, 4 * w] + 5 * [8 * w]
        self.down = nn.ModuleList()
        for i, c in enumerate(widths):
            before = [nn.LeakyReLU(0.2)] if i else []
            after = [nn.BatchNorm2d(c)] if 0 < i < 7 else []
            self.down.append(nn.Sequential(*before, nn.Conv2d(widths[i - 1] if i else channels, c, 4, 2, 1, bias=False), *after))
        self.up = nn.ModuleList()
        for i in reversed(range(8)):
            inside, out = widths[i] * (1 if i == 7 else 2), widths[i - 1] if i else 3
            after = [nn.BatchNorm2d(out)] + ([nn.Dropout(0.5)] if i > 4 else []) if i else [nn.Tanh()]
            self.up.append(nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(inside, out, 4, 2, 1, bias=not i), *after))

    def forward(self, x):
        skips = []
        for layer in self.down:
            x = layer(x)
            skips.append(x)
        x = self.up[0](skips.pop())
        for layer in self.up[1:]:
            x = layer(torch.cat((x, skips.pop()), 1))
        return x


class Pix2pixStep:
    size = 256

    def __init__(self, batch, device, layout, compile_networks, captured):
        self.g, self.d = (n.to(device, memory_format=layout) for n in (UNet(), patch_judge(4, nn.BatchNorm2d)))
        self.g_step, self.d_step = (adam([n], 2e-4, device, captured) for n in (self.g, self.d))
        self.x, self.y = ((torch.rand(batch, c, 256, 256, device=device) * 2 - 1).to(memory_format=layout) for c in (1, 3))
        if compile_networks:
            self.g, self.d = torch.compile(self.g), torch.compile(self.d)

    def __call__(self, autocast):
        with autocast():
            fake = self.g(self.x)
            on = lambda y: self.d(torch.cat((self.x, y), 1)).float()  # noqa: E731
            loss = 0.5 * (F.softplus(-on(self.y)).mean() + F.softplus(on(fake.detach())).mean())
        descend(self.d_step, loss)
        self.d.requires_grad_(False)
        with autocast():
            loss = F.softplus(-on(fake)).mean() + 100 * F.l1_loss(fake.float(), self.y)
        descend(self.g_step, loss)
        self.d.requires_grad_(True)


def time_of(make, precision, way, device, rounds):
    """Median milliseconds of a step."""
    exact = precision == "f32"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = not exact
    torch.backends.cudnn.benchmark = True
    layout = torch.channels_last if way in ("channels_last", "graphs", "compile") else torch.contiguous_format
    with torch.device(device):  # first values are drawn there, which is faster
        step = make(layout, way == "compile", way == "graphs")
    dtype = dict(dtype=torch.bfloat16, enabled=precision == "bf16")

    def autocast():
        return torch.autocast(device, cache_enabled=way != "graphs", **dtype)

    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    once = lambda: step(autocast)  # noqa: E731
    if way == "graphs":
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                once()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            once()
        once = graph.replay

    def milliseconds(steps):
        begin = time.perf_counter()
        for _ in range(steps):
            once()
        wait()
        return (time.perf_counter() - begin) * 1e3

    milliseconds(3 if device == "cuda" else 2)
    # As in bench_steps: where the host runs ahead, blocks of some 40 ms, and half a second of them is enough.
    block = min(max(int(40 / milliseconds(1)), 2), 20) if device == "cuda" else 1
    times = []
    while len(times) < rounds and (device != "cuda" or len(times) < 5 or sum(times) * block < 500):
        times.append(milliseconds(block) / block)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--only", default="", help="steps whose name holds this")
    parser.add_argument("--rounds", type=int, default=9, help="measurements of a step, at most")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no measurement after so many")
    parser.add_argument("--json")
    o = parser.parse_args()
    begun = time.monotonic()
    cuda = o.device == "cuda"
    # The best way first, for when time is short; exact f32 last.
    ways = ("graphs", "compile", "eager", "channels_last") if cuda else ("eager", "channels_last", "compile")
    groups = (("bf16", "tf32"), ("f32",)) if cuda else (("f32",), ("bf16",))
    cases = [("dcgan", DcganStep, b) for b in ((64, 128) if cuda else (16, 64))] + [("wgan-gp", WganGpStep, 64)]
    cases += [("singan", partial(SinganStep, size), 1, size) for size in (25, 60, 120)] + [("cyclegan", CycleganStep, 1), ("pix2pix", Pix2pixStep, 1)]
    for size, batch in ((16, 16), (128, 16), (1024, 4)) if cuda else ((16, 16), (64, 4)):
        cases += [("progan", partial(ProganStep, size, False), batch, size), ("progan", partial(ProganStep, size, True), batch, size, "_fused")]
    cases += [("srresnet", SrresnetStep, 16 if cuda else 4), ("srgan", SrganStep, 16 if cuda else 2)]
    plan = [(way, precision, *case) for group in groups for way in ways for case in cases for precision in group]
    rows = []
    for way, precision, model, step, batch, *size in plan:
        name = f"step/{model}/{size[0] if size else step.size}/b{batch}/{precision}/torch_{way}{''.join(size[1:])}"
        if o.only not in name or (model in ("wgan-gp", "singan", "progan") and way == "compile"):
            continue
        if time.monotonic() - begun > o.seconds:
            print(f"{name}: no time left")
            continue
        try:
            ms = time_of(lambda *how: step(batch, o.device, *how), precision, way, o.device, o.rounds)
        except Exception as error:  # a way that this build of PyTorch cannot go is no reason to stop
            print(f"{name}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", flush=True)
            continue
        rows.append({"name": name, "time": ms})
        print(f"{name} on {o.device}: {ms:.3f} ms", flush=True)
        if o.json:
            what = torch.cuda.get_device_name() if cuda else f"{torch.get_num_threads()} threads"
            with open(o.json, "w") as out:
                json.dump({"torch": torch.__version__, "device": what, "unit": "ms", "steps": rows}, out, indent=1)
            with open(o.json.removesuffix(".json") + ".md", "w") as out:
                out.write(f"## Training steps in PyTorch {torch.__version__} on {what}\n\n| step | ms |\n|---|---|\n")
                out.writelines(f"| {r['name']} | {r['time']:.3f} |\n" for r in rows)


if __name__ == "__main__":
    main()
