#!/usr/bin/env bash
# Fuzzes the readers of files with libFuzzer under AddressSanitizer and UBSan; needs clang 14 or newer with its run-time
# library (Debian: clang-14 libclang-rt-14-dev).
#   scripts/fuzz.sh [TARGET...] [--runs N | --seconds S] [--results FILE]
# TARGET: png, jpeg, bmp, idx, gzip, safetensors, checkpoint, run_json, stats, config, cifar10, celeba, cub, palette;
# all of them if none is named. --runs: executions of each (10,000,000). --seconds: for all targets together, instead of --runs.
# --results: appends a line of Markdown for each target. BUILD: build folder (build-fuzz); what is found lies in BUILD/finds,
# corpora grow in BUILD/corpus from those in tests/fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
refuse() { echo "fuzz: $1" >&2; exit 2; }
runs=10000000 seconds=0 results= targets=()
while (($#)); do
  case $1 in
    --runs|--seconds|--results)
      (($# > 1)) || refuse "$1: a value is missing"
      case $1 in
        --results) results=$2 ;;
        *) [[ $2 =~ ^[1-9][0-9]*$ ]] || refuse "$1: $2 is not a whole number above 0"
           if [ "$1" = --runs ]; then runs=$2; else seconds=$2; fi ;;
      esac
      shift 2 ;;
    -*) refuse "unknown option $1: it must be --runs, --seconds or --results" ;;
    *) [ -f "tests/fuzz/fuzz_$1.cpp" ] ||
         refuse "unknown target $1: it must be one of $(cd tests/fuzz && ls fuzz_*.cpp | sed 's/^fuzz_//; s/\.cpp$//' | tr '\n' ' ')"
       targets+=("$1"); shift ;;
  esac
done
if [ ${#targets[@]} -eq 0 ]; then
  for source in tests/fuzz/fuzz_*.cpp; do
    name=${source##*/fuzz_}
    targets+=("${name%.cpp}")
  done
fi

compiler=
for name in clang++-14 clang++ clang++-15 clang++-16 clang++-17 clang++-18 clang++-19; do
  if command -v "$name" >/dev/null &&
     echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
       "$name" -x c++ - -fsanitize=fuzzer,address -o /dev/null 2>/dev/null; then
    compiler=$name
    break
  fi
done
if [ -z "$compiler" ]; then
  echo "fuzz: skipped: there is no clang with libFuzzer (Debian: apt-get install clang-14 libclang-rt-14-dev)"
  exit 0
fi

build=${BUILD:-build-fuzz}
mkdir -p "$build"
cmake -G Ninja -S . -B "$build" -DCMAKE_CXX_COMPILER="$compiler" -DGANYMEDE_FUZZ=ON >"$build/configure.log" 2>&1 ||
  { cat "$build/configure.log" >&2; exit 1; }
cmake --build "$build" --target "${targets[@]/#/fuzz_}" >"$build/build.log" 2>&1 || { tail -n 40 "$build/build.log" >&2; exit 1; }

# No stack for each allocation and a small quarantine: several times as many executions.
export ASAN_OPTIONS=malloc_context_size=1:quarantine_size_mb=8:detect_leaks=1:allocator_may_return_null=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}
export UBSAN_OPTIONS=print_stacktrace=1
declare -A longest=([cifar10]=6147 [stats]=1024 [config]=512 [run_json]=1024 [cub]=768 [celeba]=512 [checkpoint]=256 [palette]=256)
failed=0 random=()
for target in "${targets[@]}"; do
  corpus=$build/corpus/$target finds=$build/finds/$target log=$build/$target.log
  mkdir -p "$corpus" "$finds"
  if ((seconds)); then
    share=$((seconds / ${#targets[@]}))
    limit=-max_total_time=$((share > 0 ? share : 1))
    random=(-seed=1)  # a slice in CI does the same each time
  else
    limit=-runs=$runs
  fi
  dictionary=()
  [ -f "tests/fuzz/$target.dict" ] && dictionary=(-dict="tests/fuzz/$target.dict")
  begun=$SECONDS status=0
  # Choosing inputs by entropy costs as much as running one of a large corpus: without it up to twice as many executions.
  "$build/tests/fuzz/fuzz_$target" "$limit" "${random[@]}" -entropic=0 -max_len="${longest[$target]:-1536}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$finds/" "${dictionary[@]}" "$corpus" "tests/fuzz/corpus/$target" >"$log" 2>&1 || status=$?
  executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
  read -r coverage features < <(grep -oE 'cov: [0-9]+ ft: [0-9]+' "$log" | tail -n 1 | awk '{ print $2, $4 }') || true
  line="$target: ${executed:-0} executions in $((SECONDS - begun)) s, coverage ${coverage:-?} edges, ${features:-?} features"
  if ((status)); then
    failed=1
    echo "fuzz: $line, FAILED: $(grep -m1 -E 'ERROR|runtime error|broken:|not one line' "$log" || true); see $log and $finds" >&2
  else
    echo "fuzz: $line, nothing found"
    [ -n "$results" ] && echo "| $target | ${executed:-0} | ${coverage:-?} | ${features:-?} | $(find "$corpus" -type f | wc -l) | $((SECONDS - begun)) |" >>"$results"
  fi
done
exit $failed
