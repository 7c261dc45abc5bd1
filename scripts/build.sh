#!/usr/bin/env bash
# Builds everything into build/ (with the cuda device where nvcc 12.4 or newer is found). Arguments go to CMake.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake -G Ninja -S . -B build "$@" >build.log 2>&1 || { cat build.log >&2; exit 1; }
{ grep -E '^-- cuda device' build.log || echo "-- cuda device: left out, GANYMEDE_CUDA is OFF"; } | sed 's/^-- /build: /'
rm -f build.log
echo "build: compiling, some minutes the first time"
cmake --build build
