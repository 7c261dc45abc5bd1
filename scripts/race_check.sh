#!/usr/bin/env bash
# Looks for races in the kernels: builds the kernel tests with ThreadSanitizer and runs those of the simulator, in the
# order of threads given by GANYMEDE_SIM_ORDER (forward). For every change of a kernel; takes minutes.
#   scripts/race_check.sh [GTEST_FILTER]      e.g. scripts/race_check.sh 'Conv2dSim.*'
# BUILD: build folder (build-race); JOBS: compilers at a time (all cores).
set -euo pipefail

filter=${1:-'*Sim.*:Simt.*:SimtCluster.*:SimtFaults.*:Device*.*'}
root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-$root/build-race}

echo "Building the kernel tests with ThreadSanitizer in $build"
mkdir -p "$build"
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DGANYMEDE_CUDA=OFF \
  -DGANYMEDE_SANITIZE=thread >"$build/configure.log" 2>&1 || { cat "$build/configure.log" >&2; exit 1; }
cmake --build "$build" --target test_kernels --parallel "${JOBS:-$(nproc)}"

# Randomised addresses of newer kernels lie outside of what ThreadSanitizer expects.
run=()
setarch -R true 2>/dev/null && run=(setarch -R)
echo "Running $filter"
TSAN_OPTIONS="exitcode=66 ${TSAN_OPTIONS:-}" "${run[@]}" "$build/tests/test_kernels" --gtest_filter="$filter" --gtest_brief=1 ||
  { echo "race_check: a test failed or a race was reported above" >&2; exit 1; }
echo "No races found."
