#!/usr/bin/env bash
# scripts/gpu_check.sh with programs that only pretend: what it runs, how it notes failures, what it writes and its exit status.
#   gpu_check_test.sh CMAKE     the real cmake, which checks the JSON
set -euo pipefail
cmake=$1
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "gpu_check_test: $1" >&2; exit 1; }
script() { mkdir -p "$(dirname "$1")"; { echo '#!/bin/bash'; cat; } >"$1"; chmod +x "$1"; }

script "$work/none/nvidia-smi" <<<'exit 9'
script "$work/none/nvcc" <<<'exit 1'
script "$work/bin/nvidia-smi" <<<'echo "NVIDIA \"Fake\" GPU, 9.0, 580.1, 81559"'
script "$work/bin/nvcc" <<<'echo "release 13.0"'
script "$work/bin/cmake" <<<'true'
script "$work/bin/compute-sanitizer" <<'TEXT'
case "$*" in *SomeSim.Idle*) echo "[  PASSED  ] 1 test."; echo "========= Error: Target application terminated before first instrumented API call"; exit 255 ;; esac
[ "$2" = racecheck ] || exit 0
echo "========= ERROR SUMMARY: 3 errors"; exit 9
TEXT
script "$work/build/test" <<'TEXT'
for word in "$@"; do case $word in --gtest_output=json:*) file=${word#--gtest_output=json:} ;; --gtest_list_tests) printf 'SomeSim.\n  One\n  Two  # a comment\n  Idle\n'; exit ;; esac; done
[ -z "${GANYMEDE_TEST_DEVICE:-}" ] || [ "$GANYMEDE_TEST_DEVICE" = cuda ] || exit 1
# Twelve tests, of which every process has its share; the first process fails, or ends without a word.
[ "$GTEST_SHARD_INDEX" -lt "$GTEST_TOTAL_SHARDS" ] || exit 1
[ "$GTEST_SHARD_INDEX" = 0 ] || FAILING=0
[ "${FAILING:-0}" != crash ] || exit 139
count=0
for i in {0..11}; do [ $((i % GTEST_TOTAL_SHARDS)) -ne "$GTEST_SHARD_INDEX" ] || count=$((count + 1)); done
printf '{\n  "tests": %s,\n  "failures": %s,\n  "disabled": 0,\n  "errors": 0\n}\n' $count "${FAILING:-0}" >"$file"
[ "${FAILING:-0}" = 0 ]
TEXT
for name in kernels engine nn gan apps; do install -D "$work/build/test" "$work/build/tests/test_$name"; done
script "$work/build/tests/conformance/conformance" <<'TEXT'
for word in "$@"; do case $word in *.safetensors) echo "PASS $word"; count=$((${count:-0} + 1)) ;; esac; done
echo "$count passed, 0 failed, 0 unsupported"
case "$*" in *--twins*) echo "${TWINS:-3} of 9 convolutions by twins for sm_90a" ;; esac
[ "${TWINS:-3}" -gt 0 ]
TEXT
cases=$(find tests/conformance/cases -name '*.safetensors' | wc -l)
script "$work/build/bench/bench_kernels" <<'TEXT'
for word in "$@"; do case $word in --benchmark_out=*) echo '{"name": 1}' >"${word#--benchmark_out=}" ;; esac; done
TEXT
script "$work/build/bench/bench_report" <<<'echo "{\"cases\": []}" >"$2.json"; echo "| table |" >"$2.md"; echo "<svg/>" >"$2.svg"'
script "$work/build/bench/bench_steps" <<<'echo "a \"quoted\" reason" >&2; exit 3'
script "$work/build/ganymede" <<'TEXT'
case $1 in
  --help) echo "  evaluate   measures" ;;
  train)
    while [ $# -gt 0 ]; do [ "$1" = --out ] && out=$2; shift; done
    mkdir -p "$out/checkpoints"
    trap 'touch "$out/checkpoints/000077.safetensors"; echo "stopped at iteration 77 of 100, saved"; exit 0' INT
    for i in $(seq 200); do sleep 0.1; done ;;
  sample) echo png >"${@: -1}" ;;
  report) echo html >"$2/report.html" ;;
  evaluate) [ "$3 $4 $5 $6" = "-n 2000 --no-floor --json" ] && echo '{"frechet distance": 3}' ;;
esac
TEXT
check() { PATH="$work/bin:$PATH" PYTHON=false scripts/gpu_check.sh --build "$work/build" "$@" 2>&1; }
field() { "$cmake" -D FILE="$1" -D KEYS="$2" -P tests/scripts/json_field.cmake 2>&1; }
expect() { [ "$2" = "$3" ] || fail "$1: \"$2\", not \"$3\""; }

# Without a card: one line, 1, nothing written.
status=0; text=$(PATH="$work/none:$PATH" scripts/gpu_check.sh --out "$work/none-out" 2>&1) || status=$?
expect "status without a card" $status 1
expect "words without a card" "$text" "gpu_check: no NVIDIA GPU that can be used on this machine"
[ ! -e "$work/none-out" ] || fail "results without a card"

# A dry run needs no card and names every stage.
text=$(PATH="$work/none:$PATH" scripts/gpu_check.sh --dry-run --out "$work/none-out")
for stage in build tests sanitizer bench steps train evaluate; do grep -q "^$stage: up to" <<<"$text" || fail "no stage $stage in the dry run"; done
[ ! -e "$work/none-out" ] || fail "a dry run wrote something"

# All stages in a minute: the sanitizer's finding fails the check, the failed benchmark of steps alone would not.
status=0; text=$(check --out "$work/all" --minutes 1) || status=$?
expect "status with an error found" $status 1
expect "card" "$(field "$work/all/summary.json" card)" 'NVIDIA "Fake" GPU'
expect "tests run" "$(field "$work/all/summary.json" tests_run)" $((60 + 5 * cases))
for i in "0 passed" "1 passed" "2 failed" "3 passed" "4 failed" "5 passed" "6 passed"; do
  expect "stage ${i% *}" "$(field "$work/all/summary.json" "stages;${i% *};status")" "${i#* }"
done
expect evaluation "$(field "$work/all/summary.json" "evaluation;frechet distance")" 3
note=$(field "$work/all/summary.json" 'stages;2;note')
for text in 'memcheck clean in 2 tests' 'racecheck: 2 of 3 tests with errors; SomeSim.One: ERROR SUMMARY: 3 errors'; do grep -qF "$text" <<<"${note//  / }" || fail "the sanitizer's note lacks $text: $note"; done
grep -q 'a "quoted" reason' <<<"$(field "$work/all/summary.json" 'stages;4;note')" || fail "the reason is not kept"
grep -q 'iteration 77' <<<"$(field "$work/all/summary.json" 'stages;5;note')" || fail "no iteration of the training"
for text in '| table |' '"frechet distance": 3' 'pictures/dcgan.png' 'kernels.svg'; do grep -qF "$text" "$work/all/summary.md" || fail "summary.md lacks $text"; done

# Failing tests; a benchmark's failure alone.
status=0; FAILING=2 check --out "$work/failing" --only tests >/dev/null || status=$?
expect "status with failing tests" $status 1
expect "tests failed" "$(field "$work/failing/summary.json" tests_failed)" 10
status=0; FAILING=crash check --out "$work/crash" --only tests >/dev/null || status=$?
expect "status when a process ends early" $status 1
grep -q 'test_gan: 1 of [0-9]* processes ended with status 139' <<<"$(field "$work/crash/summary.json" 'stages;0;note')" || fail "the process that ended early is not named"
status=0; TWINS=0 check --out "$work/twins" --only tests >/dev/null || status=$?
expect "status when no twin computes" $status 1
status=0; check --out "$work/steps" --only steps >/dev/null || status=$?
expect "status when only a benchmark failed" $status 0
# Wrong use.
for words in "--only nothing" "--minutes 0" "--what" "--prefix $work/nowhere" "--out $work/steps --only steps"; do
  status=0; check $words >/dev/null || status=$?
  expect "status of $words" $status 2
done
echo "gpu_check_test: passed"
