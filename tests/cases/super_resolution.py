"""What the cases of super-resolution share: MATLAB's Y and bicubic enlargement, written out."""

import math

import torch


def luma(x):
    """[N, 3, H, W] in [-1, 1] -> [N, 1, H, W]: Y of rgb2ycbcr over 255."""
    r, g, b = ((x + 1) / 2).unbind(1)
    return ((16 + 65.481 * r + 128.553 * g + 24.966 * b) / 255).unsqueeze(1)


def cubic(t):
    t = abs(t)
    return 1.5 * t**3 - 2.5 * t**2 + 1 if t <= 1 else -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t <= 2 else 0.0


def axis(n, scale):
    """[scale n, n]: weights of the inputs, borders mirrored with the edge itself."""
    m = torch.zeros(scale * n, n, dtype=torch.float64)
    for i in range(scale * n):
        u = (i + 0.5) / scale - 0.5
        for j in range(math.floor(u) - 1, math.floor(u) + 3):
            inside = -1 - j if j < 0 else 2 * n - 1 - j if j >= n else j
            m[i, inside] += cubic(u - j)
    return m / m.sum(1, keepdim=True)


def reducing_axis(n, scale):
    """[n / scale, n]: the same for reduction, whose kernel is `scale` times as wide."""
    m = torch.zeros(n // scale, n, dtype=torch.float64)
    for i in range(n // scale):
        u = (i + 0.5) * scale - 0.5
        for j in range(math.floor(u - 2 * scale) - 1, math.ceil(u + 2 * scale) + 2):
            inside = j % (2 * n)
            m[i, inside if inside < n else 2 * n - 1 - inside] += cubic((u - j) / scale)
    return m / m.sum(1, keepdim=True)


def reduced(x, scale):
    rows, columns = (reducing_axis(n, scale).to(x.dtype) for n in x.shape[2:])
    return torch.einsum("ij,ncjk,lk->ncil", rows, x, columns)


def bicubic(x, scale):
    rows, columns = (axis(n, scale).to(x.dtype) for n in x.shape[2:])
    return torch.einsum("ij,ncjk,lk->ncil", rows, x, columns)
