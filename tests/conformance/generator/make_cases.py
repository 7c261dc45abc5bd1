"""Writes the conformance cases: python3 make_cases.py [FOLDER]  (default: ../cases). Needs numpy and torch."""

import collections
import pathlib
import sys

import torch

import convolution_cases
import elementwise_cases
import layout_cases
import loss_cases
import model_cases
import norm_cases
import reduction_cases
import resampling_cases
from harness import Suite
from references import REFERENCES

FAMILIES = [
    convolution_cases,
    norm_cases,
    elementwise_cases,
    reduction_cases,
    resampling_cases,
    layout_cases,
    loss_cases,
    model_cases,
]


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent / "cases"
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    suite = Suite(folder)
    for family in FAMILIES:
        family.add(suite)
    for failure in suite.failures:
        print(failure, file=sys.stderr)
    counts = collections.Counter(name.split("/")[0] for name in suite.names)
    missing = sorted(set(REFERENCES) - set(counts))
    print(f"{len(suite.names)} cases of {len(counts)} operations in {folder}")
    if missing:
        print("no case for " + ", ".join(missing), file=sys.stderr)
    return 1 if missing or suite.failures else 0


if __name__ == "__main__":
    sys.exit(main())
