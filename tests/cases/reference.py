"""What the references of whole updates share: named parameters, recorded gradients and steps, the file they go into."""

import json
import pathlib
import struct

import numpy as np
import torch


def float32_exact(array):
    """float64 values that a file of float32 holds exactly."""
    return torch.from_numpy(np.asarray(array, dtype=np.float32).astype(np.float64))


class Network:
    """Parameters and running statistics by the names that the engine gives them; layers are written out in forward()."""

    def __init__(self, name, dtype):
        self.name, self.dtype = name, dtype
        self.parameters, self.statistics = {}, {}

    def parameter(self, name, values):
        self.parameters[name] = float32_exact(values).to(self.dtype).requires_grad_()

    def norm(self, name, random, channels):
        self.parameter(f"{name}.weight", random.normal(1.0, 0.02, channels))
        self.parameter(f"{name}.bias", np.zeros(channels))
        self.statistics[f"{name}.running_mean"] = torch.zeros(channels, dtype=self.dtype)
        self.statistics[f"{name}.running_var"] = torch.ones(channels, dtype=self.dtype)

    def batch_norm(self, name, h, follow):
        """Batch statistics; the running ones follow (momentum 0.1) if this network is the one that an update moves."""
        statistics = [self.statistics[f"{name}.running_{kind}"] for kind in ("mean", "var")]
        if not follow:
            statistics = [s.clone() for s in statistics]
        return torch.nn.functional.batch_norm(
            h,
            *statistics,
            self.parameters[f"{name}.weight"],
            self.parameters[f"{name}.bias"],
            training=True,
            momentum=0.1,
            eps=1e-5,
        )


class Optimiser:
    """One of PyTorch's own optimisers over a network."""

    def __init__(self, network, make):
        self.network, self.rule = network, make(list(network.parameters.values()))

    def step(self, gradients):
        """Moves the network; returns p_new - p_old by name."""
        old = {name: p.detach().clone() for name, p in self.network.parameters.items()}
        for name, p in self.network.parameters.items():
            p.grad = gradients[name]
        self.rule.step()
        return {name: p.detach() - old[name] for name, p in self.network.parameters.items()}


class Clipped(Optimiser):
    """Which then keeps every parameter in [-bound, bound]."""

    def __init__(self, network, make, bound):
        super().__init__(network, make)
        self.bound = bound

    def step(self, gradients):
        old = {name: p.detach().clone() for name, p in self.network.parameters.items()}
        super().step(gradients)
        with torch.no_grad():
            for p in self.network.parameters.values():
                p.clamp_(-self.bound, self.bound)
        return {name: p.detach() - old[name] for name, p in self.network.parameters.items()}


class Record:
    """Tensors by name, in the order in which they came."""

    def __init__(self):
        self.tensors = {}

    def add(self, name, value):
        self.tensors[name] = value.detach().clone()

    def weights(self, network, prefix):
        for name, p in (network.parameters | network.statistics).items():
            self.add(f"{prefix}.{network.name}.{name}", p)

    def update(self, prefix, network, loss, optimiser):
        """Differentiates a loss and moves the network; notes the loss, gradients and steps."""
        names, leaves = zip(*network.parameters.items())
        gradients = dict(zip(names, torch.autograd.grad(loss, leaves)))
        self.add(f"{prefix}.loss", loss)
        for name, g in gradients.items():
            self.add(f"{prefix}.grad.{name}", g)
        for name, step in optimiser.step(gradients).items():
            self.add(f"{prefix}.step.{name}", step)


def norm_of_difference(exact, rough, prefix):
    """Error of the gradients below a prefix, relative to their common norm."""
    names = [n for n in exact if n.startswith(f"{prefix}.grad.")]
    difference = sum(((rough[n].double() - exact[n]) ** 2).sum() for n in names)
    return (difference / sum((exact[n] ** 2).sum() for n in names)).sqrt().item()


def without_first_steps(tensors):
    """All but the steps of iteration 0, which those of iteration 1 include: smaller files."""
    return {name: t for name, t in tensors.items() if not (name.startswith("0.") and ".step." in name)}


def write(path, metadata, tensors):
    """Safetensors. Losses stay float64; everything else is float32, whose rounding is 3e-8 of a tensor's norm."""
    metadata = {k: str(v) for k, v in metadata.items()} | {
        "reference": f"torch {torch.__version__.split('+')[0]} float64"
    }
    header, data = {"__metadata__": dict(sorted(metadata.items()))}, b""
    for name, t in sorted(tensors.items(), key=lambda item: item[1].dim() != 0):
        raw = t.contiguous().numpy().astype("<f4" if t.dim() else "<f8").tobytes()
        header[name] = {
            "dtype": "F32" if t.dim() else "F64",
            "shape": list(t.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)
