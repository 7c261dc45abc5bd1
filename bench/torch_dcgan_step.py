"""One training step of DCGAN (64x64, batch 16, width 64, f32, cpu) in PyTorch, the peer of bench_step_cpu.

    OMP_NUM_THREADS=2 python3 bench/torch_dcgan_step.py [ROUNDS]

The same networks and updates as `ganymede train dcgan --size 64`: the generator's forward pass is shared by both updates,
real and fake pictures pass the discriminator apart. Prints the best time of a step, contiguous and channels_last.
"""
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

BATCH, WIDTH, LATENT = 16, 64, 100


def generator():
    w = WIDTH
    return nn.Sequential(
        nn.ConvTranspose2d(LATENT, 8 * w, 4, bias=False), nn.BatchNorm2d(8 * w), nn.ReLU(True),
        nn.ConvTranspose2d(8 * w, 4 * w, 4, 2, 1, bias=False), nn.BatchNorm2d(4 * w), nn.ReLU(True),
        nn.ConvTranspose2d(4 * w, 2 * w, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * w), nn.ReLU(True),
        nn.ConvTranspose2d(2 * w, w, 4, 2, 1, bias=False), nn.BatchNorm2d(w), nn.ReLU(True),
        nn.ConvTranspose2d(w, 3, 4, 2, 1, bias=False), nn.Tanh())


def discriminator():
    w = WIDTH
    return nn.Sequential(
        nn.Conv2d(3, w, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True),
        nn.Conv2d(w, 2 * w, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * w), nn.LeakyReLU(0.2, True),
        nn.Conv2d(2 * w, 4 * w, 4, 2, 1, bias=False), nn.BatchNorm2d(4 * w), nn.LeakyReLU(0.2, True),
        nn.Conv2d(4 * w, 8 * w, 4, 2, 1, bias=False), nn.BatchNorm2d(8 * w), nn.LeakyReLU(0.2, True),
        nn.Conv2d(8 * w, 1, 4, bias=False), nn.Flatten())


def best_step(layout, rounds):
    g, d = generator().to(memory_format=layout), discriminator().to(memory_format=layout)
    g_step = torch.optim.Adam(g.parameters(), 2e-4, (0.5, 0.999), foreach=True)
    d_step = torch.optim.Adam(d.parameters(), 2e-4, (0.5, 0.999), foreach=True)
    real = torch.rand(BATCH, 3, 64, 64).to(memory_format=layout) * 2 - 1
    best = float("inf")
    for _ in range(rounds):
        begin = time.perf_counter()
        fake = g(torch.randn(BATCH, LATENT, 1, 1))
        loss = F.softplus(-d(real)).mean() + F.softplus(d(fake.detach())).mean()
        d_step.zero_grad(set_to_none=True)
        loss.backward()
        d_step.step()
        for p in d.parameters():
            p.requires_grad_(False)
        loss = F.softplus(-d(fake)).mean()
        g_step.zero_grad(set_to_none=True)
        loss.backward()
        g_step.step()
        for p in d.parameters():
            p.requires_grad_(True)
        best = min(best, time.perf_counter() - begin)
    return best * 1e3


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    for name, layout in (("contiguous", torch.contiguous_format), ("channels_last", torch.channels_last)):
        print(f"PyTorch {torch.__version__}, DCGAN 64x64, batch {BATCH}, {torch.get_num_threads()} threads, {name}: "
              f"step {best_step(layout, rounds):.1f} ms")
