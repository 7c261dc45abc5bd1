"""Does a training in Ganymede end where the same training in PyTorch ends? Trains DCGAN (or WGAN-GP) on Fashion-MNIST in both, from
several seeds, and compares the Frechet distances that `ganymede evaluate` measures on their samples.

    python3 bench/compare_training.py [--model dcgan|wgan-gp] [--width N] [--steps N] [--seeds N] [--samples N] [--out DIR]

The recipe is that of `ganymede train MODEL` at 32 pixels with these settings: same networks, first weights' distributions, optimisers,
batch of 64, order of updates, pictures padded with -1, samples by running statistics. Seeds, hence weights, order and noise,
differ between the two, so distributions are compared: the means must agree within 10 % or two standard errors of their
difference. Writes DIR/MODEL.json and prints a table. Takes the program from build/ganymede.
"""

import argparse
import gzip
import json
import pathlib
import statistics
import struct
import subprocess
import time
import zlib

import torch
from torch import nn
from torch.nn import functional as F

DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
BATCH = 64


def pictures():
    """[60000, 1, 32, 32] in [-1, 1]; the border of 2 is -1."""
    path = next(p for p in (DATA / "train-images-idx3-ubyte.gz", DATA / "train-images-idx3-ubyte") if p.exists())
    data = (gzip.open if path.suffix == ".gz" else open)(path, "rb").read()
    count, height, width = struct.unpack(">III", data[4:16])
    x = torch.frombuffer(bytearray(data[16:]), dtype=torch.uint8).view(count, 1, height, width)
    return F.pad(x.float() / 127.5 - 1, (2, 2, 2, 2), value=-1.0)


def batches(x):
    while True:
        order = torch.randperm(len(x))
        for i in range(0, len(x) - BATCH + 1, BATCH):
            yield x[order[i : i + BATCH]]


def dcgan_networks(w):
    g = [nn.ConvTranspose2d(100, 4 * w, 4, bias=False), nn.BatchNorm2d(4 * w), nn.ReLU()]
    for c in (4 * w, 2 * w):
        g += [nn.ConvTranspose2d(c, c // 2, 4, 2, 1, bias=False), nn.BatchNorm2d(c // 2), nn.ReLU()]
    g += [nn.ConvTranspose2d(w, 1, 4, 2, 1, bias=False), nn.Tanh()]
    d = [nn.Conv2d(1, w, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for c in (w, 2 * w):
        d += [nn.Conv2d(c, 2 * c, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * c), nn.LeakyReLU(0.2)]
    d += [nn.Flatten(), nn.Linear(4 * w * 16, 1, bias=False)]
    g, d = nn.Sequential(*g), nn.Sequential(*d)
    for layer in list(g) + list(d):
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            nn.init.normal_(layer.weight, 0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1, 0.02)
    return g, d


def train_dcgan(x, width, steps):
    g, d = dcgan_networks(width)
    g_step, d_step = (torch.optim.Adam(n.parameters(), 2e-4, (0.5, 0.999)) for n in (g, d))
    source = batches(x)
    for _ in range(steps):
        fake = g(torch.randn(BATCH, 100, 1, 1))
        loss = F.softplus(-d(next(source))).mean() + F.softplus(d(fake.detach())).mean()
        d_step.zero_grad()
        loss.backward()
        d_step.step()
        # The running statistics of D follow only the passes of its own update.
        kept = [b.clone() for b in d.buffers()]
        d.requires_grad_(False)
        g_step.zero_grad()
        F.softplus(-d(fake)).mean().backward()
        g_step.step()
        d.requires_grad_(True)
        for b, k in zip(d.buffers(), kept):
            b.copy_(k)
    return g, lambda n: torch.randn(n, 100, 1, 1)


def spread(weight, gain, in_channels, out_channels, kernel, stride):
    fans = in_channels * kernel**2 + out_channels * kernel**2 / stride**2
    bound = (3 * gain / fans) ** 0.5
    nn.init.uniform_(weight, -bound, bound)


def wgan_gp_networks(w):
    def up(a, b):
        layer = nn.ConvTranspose2d(a, b, 5, 2, 2, 1)
        spread(layer.weight, 4, a, b, 5, 2)
        nn.init.zeros_(layer.bias)
        return layer

    def down(a, b):
        layer = nn.Conv2d(a, b, 5, 2, 2)
        spread(layer.weight, 4, a, b, 5, 2)
        nn.init.zeros_(layer.bias)
        return layer

    def dense(a, b):
        layer = nn.Linear(a, b)
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
        return layer

    g = [dense(128, 4 * w * 16), nn.BatchNorm1d(4 * w * 16), nn.ReLU(), nn.Unflatten(1, (4 * w, 4, 4))]
    for c in (4 * w, 2 * w):
        g += [up(c, c // 2), nn.BatchNorm2d(c // 2), nn.ReLU()]
    f = []
    for a, b in ((1, w), (w, 2 * w), (2 * w, 4 * w)):
        f += [down(a, b), nn.LeakyReLU(0.2)]
    return nn.Sequential(*g, up(w, 1), nn.Tanh()), nn.Sequential(*f, nn.Flatten(), dense(4 * w * 16, 1))


def train_wgan_gp(x, width, steps):
    g, f = wgan_gp_networks(width)
    g_step, f_step = (torch.optim.Adam(n.parameters(), 1e-4, (0.5, 0.9)) for n in (g, f))
    source = batches(x)
    for _ in range(steps):
        for _ in range(5):
            real = next(source)
            kept = [b.clone() for b in g.buffers()]
            with torch.no_grad():
                fake = g(torch.randn(BATCH, 128))
            for b, k in zip(g.buffers(), kept):  # running statistics follow the generator's own update only
                b.copy_(k)
            mix = torch.rand(BATCH, 1, 1, 1)
            between = (mix * real + (1 - mix) * fake).requires_grad_(True)
            slope, = torch.autograd.grad(f(between).sum(), between, create_graph=True)
            penalty = 10 * ((slope.flatten(1).square().sum(1) + 1e-12).sqrt() - 1).square().mean()
            f_step.zero_grad()
            (f(fake).mean() - f(real).mean() + penalty).backward()
            f_step.step()
        f.requires_grad_(False)
        g_step.zero_grad()
        (-f(g(torch.randn(BATCH, 128))).mean()).backward()
        g_step.step()
        f.requires_grad_(True)
    return g, lambda n: torch.randn(n, 128)


def write_png(path, rows):
    """8-bit grey."""
    height, width = rows.shape
    raw = b"".join(b"\0" + bytes(row.tolist()) for row in rows)
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw, 1)) + chunk(b"IEND", b""))


def draw(g, noise, samples, folder):
    folder.mkdir(parents=True, exist_ok=True)
    g.eval()
    with torch.no_grad():
        for at in range(0, samples, 500):
            x = g(noise(min(500, samples - at)))
            bytes_ = ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
            for i, picture in enumerate(bytes_):
                write_png(folder / f"{at + i:06d}.png", picture[0])


def distance(words, samples):
    text = subprocess.run(["build/ganymede", "evaluate", *words, "--metrics", "fid,coverage", "-n", str(samples), "--no-floor", "--json"],
                          check=True, capture_output=True, text=True).stdout
    values = {m["name"]: m["value"] for m in json.loads(text)["measures"]}
    return next(v for k, v in values.items() if k.startswith("fid")), values["smallest-class"]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--model", choices=("dcgan", "wgan-gp"), default="dcgan")
    options.add_argument("--width", type=int, default=32)
    options.add_argument("--steps", type=int, default=1000)
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--samples", type=int, default=5000)
    options.add_argument("--out", type=pathlib.Path, default=pathlib.Path("runs/compare"))
    o = options.parse_args()
    torch.set_num_threads(2)
    x = pictures()
    rows = []
    for seed in range(1, o.seeds + 1):
        run = o.out / f"{o.model}-{seed}"
        started = time.time()
        subprocess.run(["build/ganymede", "train", o.model, "--data", "fashion-mnist", "--size", "32", "--steps", str(o.steps), "--batch", str(BATCH),
                        "--seed", str(seed), "--set", f"width={o.width}", "--out", str(run)], check=True, stdout=subprocess.DEVNULL)
        own_time = time.time() - started
        own, own_class = distance([str(run)], o.samples)
        torch.manual_seed(seed)
        started = time.time()
        g, noise = (train_dcgan if o.model == "dcgan" else train_wgan_gp)(x, o.width, o.steps)
        peer_time = time.time() - started
        folder = o.out / f"torch-{o.model}-{seed}"
        draw(g, noise, o.samples, folder)
        peer, peer_class = distance(["--pictures", str(folder), "--data", "fashion-mnist", "--size", "32"], o.samples)
        rows.append(dict(seed=seed, ganymede=own, pytorch=peer, ganymede_smallest_class=own_class, pytorch_smallest_class=peer_class,
                         ganymede_seconds=own_time, pytorch_seconds=peer_time))
        print(f"seed {seed}: ganymede {own:.3f} in {own_time:.0f} s, PyTorch {torch.__version__} {peer:.3f} in {peer_time:.0f} s", flush=True)
    own, peer = ([r[k] for r in rows] for k in ("ganymede", "pytorch"))
    means = statistics.mean(own), statistics.mean(peer)
    error = sum(statistics.variance(v) / len(v) for v in (own, peer)) ** 0.5 if o.seeds > 1 else float("nan")
    apart = abs(means[0] - means[1])
    agree = apart <= max(0.1 * means[1], 2 * error)
    summary = dict(model=o.model, width=o.width, steps=o.steps, samples=o.samples, torch=torch.__version__, rows=rows, ganymede_mean=means[0], pytorch_mean=means[1],
                   standard_error_of_difference=error, relative_difference=apart / means[1], agree=agree)
    (o.out / f"{o.model}.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(f"{o.model}: fid-own {means[0]:.3f} here, {means[1]:.3f} in PyTorch, {100 * apart / means[1]:.1f} % apart, standard error of the difference {error:.3f}: "
          f"{'agree' if agree else 'DIFFER'}")
    raise SystemExit(0 if agree else 1)


if __name__ == "__main__":
    main()
