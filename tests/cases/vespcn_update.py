"""Two iterations of VESPCN (Caballero et al. 2017, tiny): writes vespcn_update.safetensors.

Clips of three frames of 16 x 16, three colours, batch 2, scale 2: frames are Y (MATLAB's rgb2ycbcr over 255), reduced by MATLAB's bicubic imresize to 8 x 8. Flows
are 2 tanh of two networks of 3 filters, in pixels; the neighbours that they bring to the centre and the centre itself are three channels of three layers with 4
filters, whose picture is added to the bicubic enlargement of the centre. Squared error, 0.01 of the squared differences of both neighbours to the centre, 0.001
of sqrt(0.01 + squared differences of the flow), a mean over pixels. Adam 1e-3.
"""

import numpy as np
import torch
from torch.nn import functional as F

from reference import Network, Optimiser
from super_resolution import bicubic, luma, reduced
from update_case import Case, Draws, main, pictures

N, SIZE, SCALE, W, V, REACH = 2, 16, 2, 4, 3, 2.0


class Convolutions(Network):
    def __init__(self, name, random, dtype, layers):
        super().__init__(name, dtype)
        for layer, i, o, k in layers:
            self.parameter(f"{layer}.weight", random.normal(0, 1 / np.sqrt(i * k * k), (o, i, k, k)))
            self.parameter(f"{layer}.bias", random.normal(0, 0.1, o))

    def conv(self, name, h, stride=1):
        w = self.parameters[f"{name}.weight"]
        return F.conv2d(h, w, self.parameters[f"{name}.bias"], stride=stride, padding=w.shape[2] // 2)


class Motion(Convolutions):
    def __init__(self, random, dtype):
        layers = [("coarse.conv1", 2, V, 5), ("coarse.conv2", V, V, 3), ("coarse.conv3", V, V, 5), ("coarse.conv4", V, V, 3), ("coarse.sequential1.conv1", V, 32, 3)]
        layers += [("fine.conv1", 5, V, 5), ("fine.conv2", V, V, 3), ("fine.conv3", V, V, 3), ("fine.conv4", V, V, 3), ("fine.sequential1.conv1", V, 8, 3)]
        super().__init__("motion", random, dtype, layers)

    def flow(self, part, h, strides, factor):
        for k, stride in enumerate(strides, 1):
            h = F.relu(self.conv(f"{part}.conv{k}", h, stride))
        return REACH * F.pixel_shuffle(torch.tanh(self.conv(f"{part}.sequential1.conv1", h)), factor)

    def __call__(self, centre, neighbour):
        coarse = self.flow("coarse", torch.cat([centre, neighbour], 1), (2, 1, 2, 1), 4)
        flow = coarse + self.flow("fine", torch.cat([centre, neighbour, warp(neighbour, coarse), coarse], 1), (2, 1, 1, 1), 2)
        return flow, warp(neighbour, flow)


def warp(x, flow):
    n, _, h, w = x.shape
    rows, columns = torch.meshgrid(torch.arange(h, dtype=x.dtype), torch.arange(w, dtype=x.dtype), indexing="ij")
    u, v = columns + flow[:, 0], rows + flow[:, 1]
    return F.grid_sample(x, torch.stack([(2 * u + 1) / w - 1, (2 * v + 1) / h - 1], 3), padding_mode="border", align_corners=False)


def roughness(flow):
    inner = flow[:, :, :-1, :-1]
    squares = (flow[:, :, 1:, :-1] - inner) ** 2 + (flow[:, :, :-1, 1:] - inner) ** 2
    return (squares.sum(1) + 0.01).sqrt().mean()


def train(dtype):
    random = np.random.RandomState(20161116)
    draws = Draws(random, dtype)
    sr = Convolutions("SR", random, dtype, [("conv1", 3, W, 3), ("conv2", W, W, 3), ("conv3", W, SCALE**2, 3)])
    motion = Motion(random, dtype)
    case = Case("vespcn", f"scale={SCALE} width={W} layers=3 flow_width={V} reach={REACH:g} lambda=0.001")
    rule = lambda p: torch.optim.Adam(p, lr=1e-3, eps=1e-8)
    sr_rule, motion_rule = Optimiser(sr, rule), Optimiser(motion, rule)
    case.start(sr, motion)
    for _ in range(2):
        frames = [pictures(random, N, SIZE, 3).to(dtype) for _ in range(3)]
        case.batch(clip=torch.stack([f.permute(0, 2, 3, 1) for f in frames], 1))
        low = [reduced(luma(f), SCALE) for f in frames]
        moved = [motion(low[1], low[t]) for t in (0, 2)]
        h = F.relu(sr.conv("conv1", torch.cat([moved[0][1], low[1], moved[1][1]], 1)))
        y = F.pixel_shuffle(sr.conv("conv3", F.relu(sr.conv("conv2", h))), SCALE) + bicubic(low[1], SCALE)
        squares = F.mse_loss(y, luma(frames[1]))
        near = 0.01 * sum(F.mse_loss(warped, low[1]) for _, warped in moved)
        smooth = 0.001 * sum(roughness(flow) for flow, _ in moved)
        case.loss("SR/mse", squares)
        case.loss("SR/psnr", -10 * torch.log10(squares))
        case.loss("SR/warp", near)
        case.loss("SR/smooth", smooth)
        case.move("SR", [(sr, sr_rule, squares + near + smooth), (motion, motion_rule, squares + near + smooth)])
        case.finish_iteration(draws)
    return case


if __name__ == "__main__":
    main(__file__, train)
