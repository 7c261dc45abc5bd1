"""One case of the conformance suite: inputs drawn from a seed of its own, PyTorch's answers in float64, one file.

A case holds in.i, cot.k (cotangents of the outputs), out.k, grad.i = dL1/d in.i with L1 = sum <out.k, cot.k>, cot2.i
(cotangents of the gradients), grad2.i = dL2/d in.i and grad2.cot.k = dL2/d cot.k with L2 = sum <grad.i, cot2.i>.
"""

import json
import pathlib
import struct
import zlib

import numpy as np
import torch

from references import REFERENCES

# What float32 arithmetic in PyTorch itself may lose, relative to the norm of a tensor: a case that loses more says
# nothing about an engine. The bounds of the suite are 1e-4 (second order 5e-4).
FIRST_LIMIT, SECOND_LIMIT = 2.5e-5, 1.2e-4
# The same for PyTorch in bfloat16 throughout, of operations that run in it; the bound is 3e-2.
BF16_LIMIT = 1.2e-2
# How often a case is drawn afresh until it keeps the limits.
ATTEMPTS = 40

# A gradient that is zero in exact arithmetic may come out as the rounding of float64; it is left out.
NOISE = 1e-13

# Inputs and cotangents of these are exact in bfloat16, so that reduced precision can be measured with them too.
BF16_OPS = {"conv2d", "conv_transpose2d", "linear", "matmul", "self_attention"}

# No gradients: integers, updates, and what the table of operations calls constant.
NOT_DIFFERENTIABLE = {"adam", "rmsprop", "sgd"}
CONSTANT_INPUTS = {"gradient_penalty": {0}, "spectral_norm": {1}}


def normal(*shape, mean=0.0, std=1.0):
    return lambda r: mean + std * r.standard_normal(shape)


def uniform(low, high, *shape):
    return lambda r: r.uniform(low, high, shape)


def away(*shape, margin=0.05):
    """Normal, but no closer to zero than margin: for functions with a kink or a pole there."""
    return lambda r: (lambda x: np.sign(x) * (margin + np.abs(x)))(r.standard_normal(shape))


def coarse(*shape, values=(-1.0, -0.5, 0.0, 0.5, 1.0)):
    """Few distinct values: ties everywhere."""
    return lambda r: r.choice(np.array(values), shape)


def integers(high, *shape):
    return lambda r: r.randint(0, high, shape).astype(np.int64)


def fixed(values):
    return lambda r: np.array(values, dtype=np.int64 if np.asarray(values).dtype.kind == "i" else np.float64)


def rounded(array, bf16):
    """The value that float32 (or bfloat16) can hold, as float64."""
    if array.dtype == np.int64:
        return torch.from_numpy(array)
    t = torch.from_numpy(np.asarray(array, dtype=np.float64)).to(torch.float32)
    return (t.to(torch.bfloat16) if bf16 else t).to(torch.float64)


def evaluate(op, inputs, attrs, cot, cot2, dtype):
    """Outputs, first- and second-order gradients; cotangents are drawn by cot(shape) and cot2(shape) when not given."""
    cast = lambda t: t.to(dtype) if t.is_floating_point() else t.clone()
    x = [None if t is None else cast(t) for t in inputs]
    constant = CONSTANT_INPUTS.get(op, set())
    moves = [
        i
        for i, t in enumerate(x)
        if t is not None and t.is_floating_point() and i not in constant and op not in NOT_DIFFERENTIABLE
    ]
    for i in moves:
        x[i].requires_grad_()
    out = REFERENCES[op](x, attrs)
    cots = [cast(c).requires_grad_() for c in (cot(out) if callable(cot) else cot)]
    result = {f"out.{k}": y for k, y in enumerate(out)}
    if not moves:
        return result, [], {}
    l1 = sum((y * c).sum() for y, c in zip(out, cots))
    grads = torch.autograd.grad(l1, [x[i] for i in moves], create_graph=True, allow_unused=True)
    if callable(cot2):
        grads = {i: g for i, g in zip(moves, grads) if g is not None and torch.any(g.abs() > NOISE)}
    else:
        grads = {i: g for i, g in zip(moves, grads) if i in cot2}
    result |= {f"grad.{i}": g for i, g in grads.items()}
    if not grads:
        return result, cots, {}
    cots2 = {i: cast(c) for i, c in (cot2(grads) if callable(cot2) else cot2).items()}
    l2 = sum((g * cots2[i]).sum() for i, g in grads.items())
    targets = [(f"grad2.{i}", x[i]) for i in moves] + [(f"grad2.cot.{k}", c) for k, c in enumerate(cots)]
    second = torch.autograd.grad(l2, [t for _, t in targets], allow_unused=True)
    result |= {
        name: g for (name, _), g in zip(targets, second) if g is not None and torch.any(g.abs() > NOISE)
    }
    return result, cots, cots2


def check_conditioning(exact, rough, dtype):
    for key, want in exact.items():
        assert torch.isfinite(want).all(), f"{key} is not finite"
        if key not in rough:
            continue  # zero in one precision only: as good as zero
        error = (rough[key].double() - want).norm() / max(want.norm().item(), 1e-6)
        limit = (
            BF16_LIMIT
            if dtype == torch.bfloat16
            else SECOND_LIMIT if key.startswith("grad2") else FIRST_LIMIT
        )
        assert error < limit, f"{key} loses {error:.1e} in {dtype} (limit {limit})"


def write(path, metadata, tensors):
    """Safetensors with sorted metadata and tensors in the order given: equal cases give equal bytes."""
    header, data = {"__metadata__": dict(sorted(metadata.items()))}, b""
    # Eight-byte elements first keeps everything aligned.
    for name, t in sorted(tensors.items(), key=lambda item: item[1].dtype != torch.int64):
        raw = t.contiguous().numpy().astype("<i8" if t.dtype == torch.int64 else "<f4").tobytes()
        header[name] = {
            "dtype": "I64" if t.dtype == torch.int64 else "F32",
            "shape": list(t.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


class Suite:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.names = []
        self.failures = []

    def case(self, op, name, inputs, **attrs):
        """inputs: what normal(), uniform(), ... return, None for an optional input that is absent."""
        full = f"{op}/{name}"
        assert full not in self.names, f"{full} appears twice"
        self.names.append(full)
        for attempt in range(ATTEMPTS):
            try:
                tensors = self.draw(op, inputs, attrs, f"{full}#{attempt}")
                break
            except AssertionError as error:
                reason = str(error)
        else:
            self.failures.append(f"{full}: {reason}")
            return
        metadata = {
            "op": op,
            "name": full,
            "attrs": json.dumps(attrs, sort_keys=True),
            "reference": f"torch {torch.__version__.split('+')[0]} float64",
        }
        write(self.folder / op / f"{name}.safetensors", metadata, {k: t.detach() for k, t in tensors.items()})

    def draw(self, op, inputs, attrs, seed):
        random = np.random.RandomState(zlib.crc32(seed.encode()))
        bf16 = op in BF16_OPS
        x = [None if draw is None else rounded(draw(random), bf16) for draw in inputs]
        draw = lambda shape: rounded(random.standard_normal(tuple(shape)), bf16)
        exact, cots, cots2 = evaluate(
            op,
            x,
            attrs,
            lambda out: [draw(y.shape) for y in out],
            lambda grads: {i: draw(g.shape) for i, g in grads.items()},
            torch.float64,
        )
        for dtype in [torch.float32] + [torch.bfloat16] * bf16:
            rough, _, _ = evaluate(op, x, attrs, cots or (lambda out: out), cots2, dtype)
            check_conditioning(exact, rough, dtype)
        tensors = {f"in.{i}": t for i, t in enumerate(x) if t is not None}
        tensors |= {f"cot.{k}": c for k, c in enumerate(cots)} | {f"cot2.{i}": c for i, c in cots2.items()}
        return tensors | exact
