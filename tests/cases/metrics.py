"""Values of the measures' formulas, by numpy, scipy and PyTorch in float64, for tests/gan/metrics_formulas_test.cpp.

    python tests/cases/metrics.py      writes metrics.safetensors beside itself
"""

import pathlib

import numpy as np
import scipy.linalg
import scipy.ndimage
import torch

import reference

random = np.random.default_rng(20240607)
out = {}


def given(name, values):
    """An input, exact in float32."""
    exact = np.asarray(values, dtype=np.float32).astype(np.float64)
    out[name] = torch.from_numpy(exact)
    return exact


def expected(name, value):
    out[name] = torch.tensor(float(value), dtype=torch.float64)


def frechet(x, y):
    """The published code's way: a general matrix square root of the product."""
    s1, s2 = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = np.real(scipy.linalg.sqrtm(s1 @ s2))
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(s1 + s2 - 2 * root)


def mmd(x, y):
    kernel = lambda a, b: (a @ b.T / a.shape[1] + 1) ** 3
    m, n = len(x), len(y)
    off = lambda k: k.sum() - np.trace(k)
    return off(kernel(x, x)) / (m * (m - 1)) + off(kernel(y, y)) / (n * (n - 1)) - 2 * kernel(x, y).mean()


mix = random.normal(size=(12, 12))
x = given("x", random.normal(size=(60, 12)) @ mix)
y = given("y", random.normal(size=(60, 12)) @ (mix + 0.3 * random.normal(size=(12, 12))) + 0.5)
expected("fid", frechet(x, y))
expected("mmd", mmd(x, y))

# Fewer samples than dimensions: Tr sqrt(S1 S2) as the sum of the singular values of A1 A2^T.
few_x, few_y = given("few_x", random.normal(size=(9, 20))), given("few_y", 1.5 * random.normal(size=(7, 20)) + 0.2)
centred = lambda a: (a - a.mean(0)) / np.sqrt(len(a) - 1)
a1, a2 = centred(few_x), centred(few_y)
nuclear = np.linalg.svd(a1 @ a2.T, compute_uv=False).sum()
expected("fid_few", ((few_x.mean(0) - few_y.mean(0)) ** 2).sum() + (a1**2).sum() + (a2**2).sum() - 2 * nuclear)

# Inception score, three splits of 33 of 100 rows (the last is left out).
logits = random.normal(size=(100, 7)) * 2
p = given("probabilities", np.exp(logits) / np.exp(logits).sum(1, keepdims=True))
scores = []
for part in np.split(p[:99], 3):
    scores.append(np.exp((part * (np.log(part) - np.log(part.mean(0)))).sum(1).mean()))
expected("is_mean", np.mean(scores))
expected("is_deviation", np.std(scores))

# Neighbours, by brute force.
distance = lambda a, b: np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))
radius = lambda a, k: np.sort(distance(a, a), axis=1)[:, k]  # column 0 is the point itself
inside = lambda a, b, k: distance(a, b) <= radius(b, k)[None]
expected("precision", inside(y, x, 3).any(1).mean())
expected("recall", inside(x, y, 3).any(1).mean())
expected("density", inside(y, x, 5).sum() / (5 * len(y)))
expected("coverage", inside(y, x, 5).any(0).mean())
r, d = radius(x, 3), distance(y, x)
small = r <= np.sort(r)[len(r) // 2]
expected("realism_sum", (r[small][None] / (d[:, small] + 1e-5)).max(1).sum())


# SSIM and MS-SSIM.
def window(size):
    w = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2) / (1.5 * size / 11)) ** 2)
    return w / w.sum()


def valid(a, w):
    for axis in (0, 1):
        a = scipy.ndimage.correlate1d(a, w, axis=axis, mode="constant", origin=0)
    # correlate1d centres an even window half a pixel up; only whole windows are kept.
    lo, hi = len(w) // 2, (len(w) - 1) // 2
    return a[lo : a.shape[0] - hi, lo : a.shape[1] - hi]


def structure(a, b, size, full=255.0):
    w, c1, c2 = window(size), (0.01 * full) ** 2, (0.03 * full) ** 2
    ma, mb = valid(a, w), valid(b, w)
    va, vb, vab = valid(a * a, w) - ma**2, valid(b * b, w) - mb**2, valid(a * b, w) - ma * mb
    cs = (2 * vab + c2) / (va + vb + c2)
    return (cs * (2 * ma * mb + c1) / (ma**2 + mb**2 + c1)).mean(), cs.mean()


def ms_ssim(a, b):
    value = 1.0
    for scale, weight in enumerate([0.0448, 0.2856, 0.3001, 0.2363, 0.1333]):
        s, cs = structure(a, b, min(11, *a.shape))
        value *= max(0.0, s if scale == 4 else cs) ** weight
        even = lambda t: t[: t.shape[0] // 2 * 2, : t.shape[1] // 2 * 2]
        half = lambda t: torch.nn.functional.avg_pool2d(torch.from_numpy(even(t))[None, None], 2)[0, 0].numpy()
        if scale < 4:
            a, b = half(a), half(b)
    return value


def picture(height, width, channels):
    smooth = scipy.ndimage.gaussian_filter(random.normal(size=(height, width, channels)), (3, 3, 0))
    return np.clip(np.round(128 + 400 * smooth), 0, 255)


def noisy(a):
    return np.clip(np.round(a + random.normal(size=a.shape) * 12), 0, 255)


a = given("picture_a", picture(30, 41, 3))
b = given("picture_b", noisy(a))
expected("psnr", 10 * np.log10(255**2 / ((a - b) ** 2).mean()))
matlab = lambda t: 16 + t @ np.array([65.481, 128.553, 24.966]) / 255
jpeg = lambda t: t @ np.array([0.299, 0.587, 0.114])
expected("psnr_matlab", 10 * np.log10(255**2 / ((matlab(a) - matlab(b))[4:-4, 4:-4] ** 2).mean()))
expected("psnr_jpeg", 10 * np.log10(255**2 / ((jpeg(a) - jpeg(b)) ** 2).mean()))
expected("ssim", np.mean([structure(a[..., c], b[..., c], 11)[0] for c in range(3)]))
expected("ms_ssim_small", np.mean([ms_ssim(a[..., c], b[..., c]) for c in range(3)]))
large_a = given("large_a", picture(177, 190, 1))
large_b = given("large_b", noisy(large_a))
expected("ms_ssim", ms_ssim(large_a[..., 0], large_b[..., 0]))

# LPIPS and cosine distance on two layers.
lpips = plain = cosine = 0.0
for layer, (positions, channels) in enumerate([(12, 5), (6, 8)]):
    f = given(f"map_a{layer}", np.maximum(random.normal(size=(positions, channels)), 0))
    g = given(f"map_b{layer}", np.maximum(random.normal(size=(positions, channels)), 0))
    w = given(f"lpips_weight{layer}", random.uniform(size=channels))
    unit = lambda t: t / (np.linalg.norm(t, axis=1, keepdims=True) + 1e-10)
    lpips += (w * (unit(f) - unit(g)) ** 2).sum(1).mean()
    plain += ((unit(f) - unit(g)) ** 2).sum(1).mean()
    cosine += (1 - (unit(f) * unit(g)).sum(1)).mean()
expected("lpips", lpips)
expected("lpips_plain", plain)
expected("cosine", cosine)

reference.write(pathlib.Path(__file__).with_suffix(".safetensors"), {"case": "formulas of measures"}, out)
