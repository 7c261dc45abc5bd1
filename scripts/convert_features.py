#!/usr/bin/env python3
"""Converts public weights into the files that `ganymede evaluate --features` reads. Needs PyTorch; run once, by hand.

    convert_features.py inception-v3-fid pt_inception-2015-12-05-6726825d.pth inception.safetensors
    convert_features.py vgg16 vgg16-397923af.pth vgg16.safetensors --lpips vgg.pth

Networks and where their weights come from:
    inception-v3-fid          pytorch-fid's pt_inception-2015-12-05 (the TensorFlow weights of published FIDs)
    inception-v3-torchvision  torchvision's inception_v3
    vgg16, vgg19, alexnet     torchvision's (without batch norm)
--lpips takes the learned weights of LPIPS 0.1 (weights/v0.1/vgg.pth or alex.pth of PerceptualSimilarity).

Convolutions go from [out, in, h, w] to [out, h, w, in]; linear layers that follow a map from channel-first to channel-last columns.
"""

import argparse
import hashlib
import json
import pathlib
import struct

import numpy as np

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


def metadata(network, source):
    return {"format": "ganymede features 1", "network": network, "source": source}


def main():
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("weights", help="state dict, .pth")
    parser.add_argument("out", help="file to write, .safetensors")
    parser.add_argument("--lpips", help="learned weights of LPIPS, .pth")
    options = parser.parse_args()
    load = lambda path: {
        k: v.float().numpy() for k, v in torch.load(path, map_location="cpu", weights_only=True).items()
    }
    tensors = convert(options.network, load(options.weights))
    if options.lpips:
        tensors |= lpips_weights(load(options.lpips))
    digest = hashlib.sha256(pathlib.Path(options.weights).read_bytes()).hexdigest()[:16]
    source = f"{pathlib.Path(options.weights).name} (sha256 {digest}...)"
    write(options.out, metadata(options.network, source), tensors)
    print(f"{options.out}: {options.network}, {len(tensors)} tensors")


if __name__ == "__main__":
    main()
