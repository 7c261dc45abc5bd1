#!/usr/bin/env bash
# Installs, builds and runs every test; compiles every kernel for the GPU where nvcc is found and fails on register spills;
# runs the kernel and reader tests once more under AddressSanitizer and UBSan.
set -euo pipefail
cd "$(dirname "$0")/.."
step() { echo "test: $1 ($((SECONDS / 60))m$((SECONDS % 60))s)"; }
step "install"
scripts/install.sh
step "build"
scripts/build.sh -DGANYMEDE_TESTS=ON | tee build/compile.log | grep -E '^build:|error|FAILED|warning: .*unused' || true
[ "${PIPESTATUS[0]}" -eq 0 ]
if grep -qE '[1-9][0-9]* bytes spill' build/compile.log; then
  echo "test: kernels spill registers:" >&2
  grep -E '[1-9][0-9]* bytes spill' build/compile.log >&2
  exit 1
fi
step "tests"
ctest --test-dir build --output-on-failure -j "$(nproc)" --progress | tail -n 40
[ "${PIPESTATUS[0]}" -eq 0 ]
step "kernels and readers under AddressSanitizer and UBSan"
cmake -G Ninja -S . -B build-asan -DGANYMEDE_CUDA=OFF -DGANYMEDE_NATIVE=OFF -DGANYMEDE_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build build-asan --target test_kernels test_gan | grep -E 'error|FAILED' || true
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
build-asan/tests/test_kernels --gtest_brief=1 --gtest_filter='-Planted*:Simt*Sanitizer*'
build-asan/tests/test_gan --gtest_brief=1 --gtest_filter='Data*:Idx*:Picture*:Loader*:Shapes*:Run*:Stats*:Atomic*:Report*'
step "done"
