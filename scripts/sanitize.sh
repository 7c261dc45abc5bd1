#!/usr/bin/env bash
# Runs the tests that fit under a sanitizer or under valgrind, and fails on anything found.
#   scripts/sanitize.sh address     AddressSanitizer, UBSan and LeakSanitizer: readers, engine, layers, models, trainings
#   scripts/sanitize.sh thread      ThreadSanitizer: the loader, the trainer, runs; kernels are scripts/race_check.sh's
#   scripts/sanitize.sh valgrind    memcheck, leaks included: readers, run folders, engine, a training
# FILTER: another --gtest_filter for every test program; JOBS: compilers at a time (all cores).
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-}
case $kind in address | thread | valgrind) ;; *) echo "sanitize: say which: address, thread or valgrind" >&2; exit 2 ;; esac
if [ "$kind" = valgrind ] && ! command -v valgrind >/dev/null; then
  echo "sanitize: skipped: there is no valgrind (Debian: apt-get install valgrind)"
  exit 0
fi

# Kernels are built as ever: scripts/test.sh has them under AddressSanitizer, scripts/race_check.sh under ThreadSanitizer.
# Valgrind knows no AVX-512, so it gets kernels for every processor.
build=build-$kind
options=(-DGANYMEDE_CUDA=OFF -DCMAKE_BUILD_TYPE=Release -DGANYMEDE_SANITIZE_KERNELS=OFF)
case $kind in
  address) options+=(-DGANYMEDE_SANITIZE=address,undefined) ;;
  thread) options+=(-DGANYMEDE_SANITIZE=thread) ;;
  valgrind) options+=(-DGANYMEDE_NATIVE=OFF) ;;
esac
programs=(test_data test_gan)
case $kind in
  address) programs=(test_data test_engine test_nn test_gan) ;;
  valgrind) programs=(test_data test_engine test_gan) ;;
esac
mkdir -p "$build"
cmake -G Ninja -S . -B "$build" "${options[@]}" >"$build/configure.log" 2>&1 || { cat "$build/configure.log" >&2; exit 1; }
cmake --build "$build" --parallel "${JOBS:-$(nproc)}" --target "${programs[@]}" >"$build/build.log" 2>&1 || { tail -n 40 "$build/build.log" >&2; exit 1; }

export OMP_NUM_THREADS=1
failed=0
check() {
  echo "sanitize: $kind: $1 $2"
  "${wrapper[@]}" "$build/tests/$1" --gtest_brief=1 --gtest_filter="${FILTER:-$2}" || failed=1
}
wrapper=()
case $kind in
  address)
    export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    export LSAN_OPTIONS=suppressions=$PWD/scripts/lsan.supp:print_suppressions=0
    check test_engine 'Autograd*:Safetensors*:DamagedHeader*:Example*:Memory*'
    check test_nn 'Layers*:Losses*:Initialisers*:Spectral*'
    check test_data '*'
    check test_gan 'Hostile*:Forecast*:Trainer*'
    ;;
  thread)
    # libgomp is built without ThreadSanitizer, which then takes its barriers for races: one thread for kernels, while the
    # loader has its own. Randomised addresses of newer kernels lie outside of what ThreadSanitizer expects.
    setarch -R true 2>/dev/null && wrapper=(setarch -R)
    export TSAN_OPTIONS=exitcode=66:halt_on_error=0:second_deadlock_stack=1:suppressions=$PWD/scripts/tsan.supp
    check test_data 'Loader*:RunFolder*'
    check test_gan 'Trainer*:Update*:Forecast.IsWhat*:Forecast.DoesNot*'
    check test_data 'StopRequest*'   # alone: it forks, and ThreadSanitizer hands signals on late in the child of a process that had threads
    ;;
  valgrind)
    export ONEDNN_MAX_CPU_ISA=SSE41 DNNL_MAX_CPU_ISA=SSE41
    wrapper=(valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite
             --child-silent-after-fork=yes --suppressions="$PWD/scripts/valgrind.supp")
    # Memcheck cannot follow the simulator's fibers from stack to stack.
    check test_engine 'Safetensors*:Autograd.*-Autograd.NormTakesItsActivationAlongInTheLastSweep:Autograd.PairsEqualJoiningFirst'
    check test_data '-DrawnStore*:Landscapes*:RealDegradation*:Shape*:Solids*:StopRequest*'
    check test_gan 'Hostile*:Forecast.DoesNot*'
    ;;
esac
((failed)) && { echo "sanitize: $kind: something was found, see above" >&2; exit 1; }
echo "sanitize: $kind: clean"
