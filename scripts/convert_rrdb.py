#!/usr/bin/env python3
"""Converts weights of ESRGAN's generator into the file that the setting weights of `esrgan` reads. Run once, by hand.

    convert_rrdb.py RealESRGAN_x4plus.pth real-esrgan-x4.safetensors

Reads .pth files of Real-ESRGAN, BasicSR and ESRGAN (both its architectures' names), and ncnn's NAME.bin beside NAME.param. All list the same
convolutions in the same order: one of the picture, fifteen a block, one behind the blocks, those that enlarge, two more. Values and layouts stay
PyTorch's; names become BasicSR's. This needs Python with NumPy, and no PyTorch. scripts/public_weights.sh fetches Real-ESRGAN's.
"""

import argparse
import hashlib
import pathlib

import numpy as np

import convert_features
import weight_files

HALVES = 0x01306B47  # ncnn's mark of weights in half precision


def from_ncnn(path):
    """The convolutions of an ncnn network, in order: [(weight [out, in, 3, 3], bias [out])]."""
    data, at, out = path.read_bytes(), 0, []

    def take(dtype, count):
        nonlocal at
        size = np.dtype(dtype).itemsize * count
        if at + size > len(data):
            raise SystemExit(f"{path}: ends within the weights of convolution {len(out) + 1}")
        values = np.frombuffer(data, dtype, count, at)
        at += (size + 3) // 4 * 4
        return values.astype(np.float32)

    for line in path.with_suffix(".param").read_text().splitlines():
        words = line.split()
        if not words or words[0] != "Convolution":
            continue
        options = dict(w.split("=", 1) for w in words if "=" in w)
        width, count, kernel = int(options["0"]), int(options["6"]), int(options["1"])
        if kernel != 3 or options.get("5") != "1" or width < 1 or count % (9 * width):
            raise SystemExit(f"{path}: {words[1]} is no 3x3 convolution with a bias")
        halves = int.from_bytes(data[at : at + 4], "little")
        if halves not in (0, HALVES):
            raise SystemExit(f"{path}: {words[1]} is stored in a form (0x{halves:08x}) other than f32 and f16")
        at += 4
        weight = take("<f2" if halves else "<f4", count).reshape(width, -1, 3, 3)
        out.append((weight, take("<f4", width)))
    return out


def from_torch(path):
    """The convolutions of a state dict, in order."""
    state = weight_files.read(path)
    for prefix in ("params_ema.", "params."):  # Real-ESRGAN keeps both; the average is what it publishes
        if any(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): v for name, v in state.items() if name.startswith(prefix)}
    layers = [name.removesuffix(".weight") for name in state if name.endswith(".weight")]
    if set(state) != {f"{layer}.{part}" for layer in layers for part in ("weight", "bias")}:
        raise SystemExit(f"{path}: holds more than convolutions with a bias: these are weights of another network")
    return [(state[f"{layer}.weight"], state[f"{layer}.bias"]) for layer in layers]


def names(count):
    """BasicSR's names of so many convolutions."""
    enlarging = next((u for u in (1, 2, 3) if (count - 4 - u) % 15 == 0), 0)
    blocks = (count - 4 - enlarging) // 15
    if not enlarging or blocks < 1:
        raise SystemExit(f"{count} convolutions: an RRDB network has 15 a block and 5 to 7 others")
    body = [f"body.{b}.rdb{d}.conv{i}" for b in range(blocks) for d in (1, 2, 3) for i in (1, 2, 3, 4, 5)]
    return ["conv_first", *body, "conv_body", *(f"conv_up{i + 1}" for i in range(enlarging)), "conv_hr", "conv_last"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=pathlib.Path, help="the file of weights: .pth, or ncnn's .bin")
    parser.add_argument("out", help="file to write, .safetensors")
    options = parser.parse_args()
    try:
        layers = from_ncnn(options.weights) if options.weights.suffix == ".bin" else from_torch(options.weights)
    except OSError as error:
        raise SystemExit(f"{error.filename}: {error.strerror}")
    tensors = {}
    for name, (weight, bias) in zip(names(len(layers)), layers):
        tensors[f"{name}.weight"], tensors[f"{name}.bias"] = weight, bias
    digest = hashlib.sha256(options.weights.read_bytes()).hexdigest()[:16]
    convert_features.write(options.out, {"format": "pt", "source": f"{options.weights.name} (sha256 {digest}...)"}, tensors)
    print(f"{options.out}: {len(layers)} convolutions, {sum(t.size for t in tensors.values())} numbers")


if __name__ == "__main__":
    main()
