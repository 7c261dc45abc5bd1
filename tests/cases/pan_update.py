"""Two iterations of PAN (Wang et al. 2018), tiny, in plain PyTorch: writes pan_update.safetensors and pan_far_update.safetensors beside itself.

16 x 16, 1 channel to 3, batch 3, widths 2 and 1. T: three halvings, three doublings, the middle level beside the encoder's. D sees y or T(x) alone, each a batch of its own; P_i is the
mean absolute difference of what is behind its layers 1, 4, 6, 8, L_P their sum with weights 5, 1.5, 1.5, 1. D moves down theta (BCE(D(y), 1) + BCE(D(T(x)), 0)) + max(0, m - L_P), T(x) a
constant; then T down theta BCE(D(T(x)), 1) + L_P, H_i(y) a constant. Adam 2e-4, 0.5, 0.999. In the first case L_P is below m, so D raises it. In the second (far) it is above, so D is left
to its adversary; theta is 0.5, P_3 is out, and T lowers log(1 - D(T(x))) itself. Running statistics follow the network that an update moves.
"""

import pathlib

import numpy as np
import torch
from torch.nn import functional as F

from label_update import adam
from reference import Network, Optimiser
from update_case import Case, Draws, Layers, main, pictures

W, DW, N, SIDE = 2, 1, 3, 16


class Transformation(Network):
    def __init__(self, random, dtype):
        super().__init__("T", dtype)
        widths = [W, 2 * W, 4 * W]
        for i, o in enumerate(widths):
            self.parameter(f"e{i + 1}.weight", random.normal(0, 0.3, (o, widths[i - 1] if i else 1, 3, 3)))
            if i:
                self.norm(f"e{i + 1}_norm", random, o)
        for j, (i, o) in enumerate([(4 * W, W), (W + 2 * W, W), (W, 3)]):
            self.parameter(f"d{j + 1}.weight", random.normal(0, 0.3, (i, o, 4, 4)))
            if j < 2:
                self.norm(f"d{j + 1}_norm", random, o)
        self.parameter("e1.bias", random.normal(0, 0.1, W))
        self.parameter("d3.bias", random.normal(0, 0.1, 3))

    def __call__(self, x, follow):
        p = self.parameters
        e1 = F.leaky_relu(F.conv2d(x, p["e1.weight"], p["e1.bias"], stride=2, padding=1), 0.2)
        e2 = F.leaky_relu(self.batch_norm("e2_norm", F.conv2d(e1, p["e2.weight"], stride=2, padding=1), follow), 0.2)
        e3 = F.leaky_relu(self.batch_norm("e3_norm", F.conv2d(e2, p["e3.weight"], stride=2, padding=1), follow), 0.2)
        up = lambda j, h: F.conv_transpose2d(h, p[f"d{j}.weight"], p.get(f"d{j}.bias"), stride=2, padding=1)
        h = F.relu(torch.cat([self.batch_norm("d1_norm", up(1, e3), follow), e2], 1))
        h = F.relu(self.batch_norm("d2_norm", up(2, h), follow))
        return torch.tanh(up(3, h))


def layer(i, o, stride, normed=True):
    return [("conv", i, o, 3, stride, 1, not normed)] + ([("norm", o, 1e-5)] if normed else []) + [("leaky", 0.2)]


def train(dtype, far=False):
    random = np.random.RandomState(20170627)
    t = Transformation(random, dtype)
    d = Layers("D", dtype, random, None, {
        "stage1": layer(3, DW, 1, False),
        "stage2": layer(DW, 2 * DW, 2) + layer(2 * DW, 2 * DW, 1) + layer(2 * DW, 4 * DW, 2),
        "stage3": layer(4 * DW, 4 * DW, 1) + layer(4 * DW, 8 * DW, 2),
        "stage4": layer(8 * DW, 8 * DW, 1) + layer(8 * DW, 8 * DW, 2),
        "head": layer(8 * DW, 8, 2, False) + [("flatten",), ("linear", 8, 1, True)]})
    margin, theta, weights = (1, 0.5, (5, 1.5, 0, 1)) if far else (20, 1, (5, 1.5, 1.5, 1))

    def judge(x, follow):
        features = []
        for stage in ("stage1", "stage2", "stage3", "stage4"):
            x = d(x, follow, stage)
            features.append(x)
        return d(x, follow, "head"), features

    def distance(a, b):
        return sum(w * (x - y).abs().mean() for w, x, y in zip(weights, a, b))

    bce = lambda logits, target: F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))
    by_t, by_d = Optimiser(t, adam(2e-4)), Optimiser(d, adam(2e-4))
    case = Case("pan", f"width={W} d_width={DW} levels=3 margin={margin} theta={theta} rate=2e-4 constant_part=1" + (" lambda3=0 objective=minimax" if far else ""))
    case.start(t, d)
    for _ in range(2):
        x, y = pictures(random, N, SIDE, 1).to(dtype), pictures(random, N, SIDE, 3).to(dtype)
        case.batch(a=x, b=y)
        made = t(x, True)
        (real, of_y), (fake, of_made) = judge(y, True), judge(made.detach(), True)
        apart = distance(of_y, of_made)
        assert (apart.item() > margin) == far
        parts = {"adv": theta * (bce(real, 1.0) + bce(fake, 0.0)), "margin": F.relu(margin - apart)}
        for name, value in parts.items():
            case.loss(f"D/{name}", value)
        case.loss("D/perceptual", apart)
        case.move("D", [(d, by_d, sum(parts.values()))])
        of_y = [h.detach() for h in judge(y, False)[1]]
        fake, of_made = judge(made, False)
        parts = {"adv": theta * (-bce(fake, 0.0) if far else bce(fake, 1.0)), "perceptual": distance(of_y, of_made)}
        for name, value in parts.items():
            case.loss(f"T/{name}", value)
        case.move("T", [(t, by_t, sum(parts.values()))])
        case.finish_iteration(Draws(random, dtype), t, d)
    return case


if __name__ == "__main__":
    main(__file__, train)
    main(pathlib.Path(__file__).with_name("pan_far_update.py"), lambda dtype: train(dtype, True))
