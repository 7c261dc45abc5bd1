#!/usr/bin/env bash
# Installs, builds and runs every test; compiles every kernel for the GPU where nvcc is found and fails on register spills;
# runs the kernel and reader tests once more under AddressSanitizer and UBSan, and fuzzes the readers for a minute where clang is.
# LATEST: minutes after which these two are not begun any more; no limit if it is not given.
set -euo pipefail
cd "$(dirname "$0")/.."
step() { echo "test: $1 ($((SECONDS / 60))m$((SECONDS % 60))s)"; }
step "install"
scripts/install.sh
step "build"
mkdir -p build
scripts/build.sh -DGANYMEDE_TESTS=ON -DGANYMEDE_BENCH=ON 2>&1 | tee build/compile.log | awk '/^build:|error|FAILED|^\[[0-9]*0\// { print; fflush() }'
if grep -qE '[1-9][0-9]* bytes spill' build/compile.log; then
  echo "test: kernels spill registers:" >&2
  grep -E '[1-9][0-9]* bytes spill' build/compile.log >&2
  exit 1
fi
scripts/sass_check.sh build
step "tests"
# A test a core, so a thread a test unless it asks for more: two tests' threads on one core wait for one another.
OMP_NUM_THREADS=1 ctest --test-dir build --output-on-failure -j "$(nproc)" >build/tests.log 2>&1 || { tail -n 80 build/tests.log >&2; exit 1; }
tail -n 4 build/tests.log
if ((SECONDS / 60 >= ${LATEST:-1000000})); then
  echo "test: sanitizers and fuzzing left out: LATEST=$LATEST minutes have passed, most of them in compilers that found nothing in their cache"
  exit 0
fi
step "kernels and readers under AddressSanitizer and UBSan"
cmake -G Ninja -S . -B build-asan -DGANYMEDE_CUDA=OFF -DGANYMEDE_NATIVE=OFF -DGANYMEDE_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build build-asan --target test_kernels test_data | awk '/error|FAILED|^\[[0-9]*0\// { print; fflush() }'
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
sanitized() {  # PROGRAM FILTER: a sixteenth of its tests a core, then the next: some take minutes
  seq 0 15 | OMP_NUM_THREADS=1 GTEST_TOTAL_SHARDS=16 xargs -P "$(nproc)" -I{} env GTEST_SHARD_INDEX={} "build-asan/tests/$1" --gtest_brief=1 --gtest_filter="$2"
}
sanitized test_kernels '-Planted*:Simt*Sanitizer*'
sanitized test_data '*'
step "a minute of fuzzing"
scripts/fuzz.sh --seconds 60
step "done"
