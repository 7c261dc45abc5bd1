"""Two iterations each of three spatial transformer networks (Jaderberg et al. 2015, tiny): writes stn_update.safetensors, stn_projective_update.safetensors and
stn_spline_update.safetensors.

affine: pictures of 20 px turned, scaled and placed on a canvas of 30, affine transformer to 11 px, convolutions, descent at 0.01 and a tenth of that for the transformer.
projective: 9 px distorted projectively, mirrors beyond the picture, edges at -1 and 1, linear layers, Adam at 0.001 and 0.0001.
spline: 9 px under a random thin plate spline, thin plate spline transformer, pixels repeated beyond the picture, linear layers, descent.
Batch 3, 3 classes. The transformer's last layer begins away from the identity, where bilinear reading has no kinks.
"""

import pathlib
import sys

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser
from update_case import Case, Draws, main, pictures

N, CLASSES = 3, 3
TPS = [(x, y) for y in (-1, -1 / 3, 1 / 3, 1) for x in (-1, -1 / 3, 1 / 3, 1)]


def base(height, width, corners, dtype):
    axis = lambda n: torch.linspace(-1, 1, n, dtype=dtype) if corners else (2 * torch.arange(n, dtype=dtype) + 1) / n - 1
    y, x = torch.meshgrid(axis(height), axis(width), indexing="ij")
    return torch.stack([x, y, torch.ones_like(x)], -1)


def affine(theta, side, corners):
    return torch.einsum("hwk,njk->nhwj", base(side, side, corners, theta.dtype), theta.reshape(-1, 2, 3))


def projective(theta, side, corners):
    h = torch.cat([theta, torch.ones_like(theta[:, :1])], 1).reshape(-1, 3, 3)
    xyz = torch.einsum("hwk,njk->nhwj", base(side, side, corners, theta.dtype), h)
    return xyz[..., :2] / xyz[..., 2:]


def spline(theta, side, corners):
    """Solved anew for each picture's points."""
    p = torch.tensor(TPS, dtype=torch.float64)

    def radial(a, b):
        square = ((a[:, None] - b[None]) ** 2).sum(-1)
        return torch.where(square > 0, square * torch.log(square.clamp(min=1e-300)), torch.zeros_like(square))

    ones = torch.cat([torch.ones(16, 1, dtype=torch.float64), p], 1)
    system = torch.cat([torch.cat([radial(p, p), ones], 1), torch.cat([ones.T, torch.zeros(3, 3, dtype=torch.float64)], 1)], 0)
    q = torch.cat([theta.double().reshape(-1, 16, 2), torch.zeros(len(theta), 3, 2, dtype=torch.float64)], 1)
    weights = torch.linalg.solve(system.expand(len(theta), -1, -1), q)
    t = base(side, side, corners, torch.float64)[..., :2].reshape(-1, 2)
    basis = torch.cat([radial(t, p), torch.ones(len(t), 1, dtype=torch.float64), t], 1)
    return (basis @ weights).reshape(-1, side, side, 2).to(theta.dtype)


GRIDS = {"affine": (affine, [1, 0, 0, 0, 1, 0]), "projective": (projective, [1, 0, 0, 0, 1, 0, 0, 0]), "tps": (spline, np.ravel(TPS))}


class Net(Network):
    """Convolutions and linear layers by name, weights of deviation 1 / sqrt(inputs)."""

    def __init__(self, name, dtype, random, shapes):
        super().__init__(name, dtype)
        for layer, shape in shapes.items():
            self.parameter(f"{layer}.weight", random.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape))
            self.parameter(f"{layer}.bias", random.normal(0, 0.1, shape[0]))

    def conv(self, layer, x, padding=0):
        return F.relu(F.conv2d(x, self.parameters[f"{layer}.weight"], self.parameters[f"{layer}.bias"], padding=padding))

    def linear(self, layer, x):
        return F.linear(x, self.parameters[f"{layer}.weight"], self.parameters[f"{layer}.bias"])


def flat(x):
    return x.permute(0, 2, 3, 1).flatten(1)


class Variant:
    def __init__(self, name, transform, size, canvas, seen, convolves, corners, border, adam, settings):
        self.name, self.transform, self.size, self.canvas, self.seen, self.convolves = name, transform, size, canvas, seen, convolves
        self.corners, self.border, self.adam, self.settings = corners, border, adam, settings

    def networks(self, dtype, random):
        grid, identity = GRIDS[self.transform]
        count = len(identity)
        if self.convolves:
            t = {"localise.conv1": (2, 1, 5, 5), "localise.conv2": (2, 2, 5, 5), "localise.linear1": (20, 2), "theta": (count, 20)}
            side = self.seen // 4
            c = {"conv1": (2, 1, 5, 5), "conv2": (4, 2, 5, 5), "linear1": (5, side * side * 4), "linear2": (CLASSES, 5)}
        else:
            t = {"localise.linear1": (6, self.canvas**2), "localise.linear2": (6, 6), "localise.linear3": (6, 6), "theta": (count, 6)}
            c = {"linear1": (5, self.seen**2), "linear2": (5, 5), "linear3": (CLASSES, 5)}
        T, C = Net("T", dtype, random, t), Net("C", dtype, random, c)
        T.parameter("theta.weight", random.normal(0, 0.1, t["theta"]))
        T.parameter("theta.bias", np.array(identity) + random.normal(0, 0.1, count))
        return T, C

    def sample(self, x, grid):
        """Black, 0 of what is read, beyond the picture where there is nothing else."""
        return F.grid_sample(x, grid, mode="bilinear", padding_mode=self.border, align_corners=self.corners)

    def distorted(self, x, draws):
        room = self.canvas / self.size
        if self.transform == "projective":
            offsets = draws.uniform(N, 8, low=-0.3, high=0.3)
            grid = room * projective(torch.tensor([1, 0, 0, 0, 1, 0, 0, 0], dtype=x.dtype) + offsets, self.canvas, self.corners)
        elif self.transform == "tps":
            grid = room * spline(torch.tensor(np.ravel(TPS), dtype=x.dtype) + draws.uniform(N, 32, low=-0.25, high=0.25), self.canvas, self.corners)
        else:
            back, scale = draws.uniform(N, 1, low=-np.pi / 4, high=np.pi / 4), draws.uniform(N, 1, low=0.7, high=1.2)
            right, down = draws.uniform(N, 1, low=-1, high=1), draws.uniform(N, 1, low=-1, high=1)
            rotation = torch.cat([back.cos(), -back.sin(), back.sin(), back.cos()], 1).reshape(N, 2, 2) * (room / scale)[:, :, None]
            move = torch.cat([right, down], 1) * (1 - scale / room)
            grid = affine(torch.cat([rotation, -rotation @ move[:, :, None]], 2), self.canvas, self.corners)
        return self.sample((x + 1) / 2, grid)

    def theta(self, T, x):
        if self.convolves:
            h = F.max_pool2d(T.conv("localise.conv1", F.max_pool2d(x, 2)), 2)
            h = F.relu(T.linear("localise.linear1", flat(T.conv("localise.conv2", h))))
        else:
            h = flat(x)
            for k in (1, 2, 3):
                h = F.relu(T.linear(f"localise.linear{k}", h))
        return T.linear("theta", h)

    def logits(self, C, v):
        if self.convolves:
            h = F.max_pool2d(C.conv("conv2", F.max_pool2d(C.conv("conv1", v, 2), 2), 2), 2)
            return C.linear("linear2", F.relu(C.linear("linear1", flat(h))))
        return C.linear("linear3", F.relu(C.linear("linear2", F.relu(C.linear("linear1", flat(v))))))

    def train(self, dtype):
        random = np.random.RandomState(20150605)
        draws = Draws(random, dtype)
        T, C = self.networks(dtype, random)
        kinds = "classifier=cnn localisation=cnn width=2 localisation_width=2 units=5" if self.convolves else "classifier=fcn localisation=fcn localisation_units=6 units=5"
        case = Case("stn", f"transform={self.transform} {kinds} seen={self.seen} border={self.border} align_corners={int(self.corners)} {self.settings}", classes=CLASSES, integers="label")
        rate = 0.001 if self.adam else 0.01
        rule = (lambda lr: lambda p: torch.optim.Adam(p, lr=lr)) if self.adam else (lambda lr: lambda p: torch.optim.SGD(p, lr=lr))
        optimisers = Optimiser(C, rule(rate)), Optimiser(T, rule(0.1 * rate))
        case.start(T, C)
        grid = GRIDS[self.transform][0]
        for _ in range(2):
            x, label = pictures(random, N, self.size).to(dtype), torch.tensor(random.permutation(CLASSES))
            case.batch(image=x, label=label)
            seen = self.distorted(x, draws)
            said = self.logits(C, self.sample(seen, grid(self.theta(T, seen), self.seen, self.corners)))
            loss = F.cross_entropy(said, label)
            case.loss("C/class", loss)
            case.loss("C/right", (said.argmax(1) == label).to(dtype).mean())
            case.move("C", [(C, optimisers[0], loss), (T, optimisers[1], loss)])
            case.finish_iteration(draws)
        return case


VARIANTS = [
    Variant("stn_update", "affine", 20, 30, 11, True, True, "zeros", False, "distortion=RTS canvas=30 optimizer=sgd"),
    Variant("stn_projective_update", "projective", 9, 9, 9, False, False, "reflection", True, "distortion=P rate=0.001 localisation_rate=0.1"),
    Variant("stn_spline_update", "tps", 9, 9, 8, False, True, "border", False, "distortion=E optimizer=sgd"),
]

if __name__ == "__main__":
    for v in VARIANTS:
        main(str(pathlib.Path(sys.argv[0]).with_name(v.name)), v.train)
