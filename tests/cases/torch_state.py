"""A state dict with everything whose layout differs here, and what the network makes of an input: torch_state.safetensors.

python3 torch_state.py    (PyTorch, safetensors)
"""

import pathlib

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils import spectral_norm

torch.manual_seed(3)
net = nn.Sequential(
    nn.Linear(5, 4 * 3 * 2),
    nn.BatchNorm1d(4 * 3 * 2),
    nn.Unflatten(1, (4, 3, 2)),
    nn.BatchNorm2d(4),
    nn.PReLU(4),
    spectral_norm(nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1)),
    nn.LeakyReLU(0.2),
    spectral_norm(nn.Conv2d(6, 8, 3, padding=1, groups=2, bias=False)),
    nn.Tanh(),
    nn.Flatten(),
    spectral_norm(nn.Linear(8 * 6 * 4, 3)),
).double()
with torch.no_grad():
    for p in net.parameters():
        p.add_(torch.randn_like(p) * 0.1)
    for _ in range(3):
        net(torch.randn(7, 5, dtype=torch.float64))  # running statistics and u, v that are not those of a new network
    net.eval()
    x = torch.randn(4, 5, dtype=torch.float64)
    y = net(x)
state = {"net." + name: value.detach().clone().contiguous() for name, value in net.state_dict().items()}
assert "net.5.weight_orig" in state and "net.10.weight_v" in state
save_file(state | {"x": x, "y": y}, pathlib.Path(__file__).with_suffix(".safetensors"))
