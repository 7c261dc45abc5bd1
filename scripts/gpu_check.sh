#!/usr/bin/env bash
# One command for the owner of an NVIDIA GPU: builds for the card that is there, runs every test on it, looks for memory
# errors and races in the kernels, times them against cuDNN and cuBLAS and training steps against PyTorch (where these are
# installed), trains DCGAN for two minutes and evaluates it. Writes DIR/summary.json, DIR/summary.md, logs and pictures.
# Needs the CUDA Toolkit 12.4 or newer and the libraries of third_party/README.md; no network. Ends within 10 minutes: a
# stage has a share of the time, gives what it does not use to those after it, and is cut when its share ends. A stage that
# fails is noted and the next one runs. Exits with 1 if there is no GPU or if the build, a test or the training failed.
#   scripts/gpu_check.sh [--out DIR] [--only STAGES] [--minutes N] [--prefix DIR]... [--build DIR] [--dry-run]
#     --out      folder for the results (runs/gpu-check-DATE); must not exist yet
#     --only     stages with commas between: build,tests,sanitizer,bench,steps,train,evaluate (all); "docs", which writes
#                the cuda column of docs/ops.md, only runs when it is named here
#     --minutes  all of the time, 1 to 600 (10); the stages' shares grow and shrink with it
#     --prefix   a folder where libraries lie that are not installed (what dpkg -x unpacks); can be given again
#     --build    build folder (build-gpu); what is there is used again
#     --dry-run  prints the stages, their shares and commands; needs no GPU and writes nothing
# PYTHON: the interpreter that has PyTorch (python3).
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

refuse() { echo "gpu_check: $1" >&2; exit 2; }
value() { [ $# -ge 2 ] && [ -n "$2" ] || refuse "$1 needs a value"; printf '%s' "$2"; }
out=runs/gpu-check-$(date +%Y%m%d-%H%M%S) build=build-gpu minutes=10 only="" dry=0 prefixes=()
while [ $# -gt 0 ]; do
  case $1 in
    --out) out=$(value "$@") || exit 2; shift 2 ;;
    --only) only=$(value "$@") || exit 2; shift 2 ;;
    --minutes) minutes=$(value "$@") || exit 2; shift 2 ;;
    --prefix) prefixes+=("$(value "$@")") || exit 2; shift 2 ;;
    --build) build=$(value "$@") || exit 2; shift 2 ;;
    --dry-run) dry=1; shift ;;
    --help | -h) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    *) refuse "unknown option $1; it must be --out, --only, --minutes, --prefix, --build, --dry-run or --help" ;;
  esac
done
[[ $minutes =~ ^[1-9][0-9]{0,2}$ ]] && [ "$minutes" -le 600 ] || refuse "--minutes $minutes: a whole number from 1 to 600"

# Seconds of each stage when there are ten minutes.
stages=(build tests sanitizer bench steps train evaluate docs)
declare -A share=([build]=210 [tests]=80 [sanitizer]=50 [bench]=60 [steps]=35 [train]=130 [evaluate]=30 [docs]=0) wanted=() status=() note=() took=()
for stage in ${only//,/ }; do
  [ -n "${share[$stage]:-}" ] || refuse "--only: no stage $stage; there are $(IFS=,; echo "${stages[*]}")"
  wanted[$stage]=1
done
if [ -z "$only" ]; then for stage in "${stages[@]}"; do [ "$stage" = docs ] || wanted[$stage]=1; done; fi
[ -n "${wanted[docs]:-}" ] && share[docs]=120
for stage in "${stages[@]}"; do share[$stage]=$((share[$stage] * minutes / 10)); done

own_libraries=${LD_LIBRARY_PATH-}  # PyTorch brings its own, and takes none of a prefix
for prefix in ${prefixes[@]+"${prefixes[@]}"}; do
  [ -d "$prefix" ] || refuse "--prefix $prefix: no such folder"
  prefix=$(realpath "$prefix")
  for root in "$prefix" "$prefix/usr" "$prefix/usr/local"; do
    [ -d "$root" ] || continue
    multi=$(gcc -print-multiarch 2>/dev/null)
    CMAKE_PREFIX_PATH="$root${CMAKE_PREFIX_PATH:+:$CMAKE_PREFIX_PATH}"
    [ -d "$root/bin" ] && PATH="$root/bin:$PATH"
    [ -d "$root/include" ] && CPATH="$root/include${CPATH:+:$CPATH}"
    for lib in "$root/lib" "$root/lib/${multi:-x86_64-linux-gnu}"; do
      [ -d "$lib" ] || continue
      LIBRARY_PATH="$lib${LIBRARY_PATH:+:$LIBRARY_PATH}" LD_LIBRARY_PATH="$lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    done
  done
  export CMAKE_PREFIX_PATH PATH CPATH LIBRARY_PATH LD_LIBRARY_PATH
done
# The default data set: installed, or unpacked below a prefix; without it the procedural world serves.
data=shapes size=32
for root in "" ${prefixes[@]+"${prefixes[@]}"}; do
  folder=$root/usr/share/datasets/fashion-mnist
  [ -d "$folder" ] && { data=fashion-mnist:$(realpath "$folder"); [ -z "$root" ] && data=fashion-mnist; break; }
done

find_tool() { command -v "$1" || ls "${CUDA_HOME:-/usr/local/cuda}/bin/$1" "${CUDA_HOME:-/usr/local/cuda}/compute-sanitizer/$1" 2>/dev/null | head -n 1; }
nvcc=$(find_tool nvcc) sanitizer=$(find_tool compute-sanitizer) python=("env" "LD_LIBRARY_PATH=$own_libraries" "${PYTHON:-python3}")
# cuDNN as PyTorch's packages bring it, if no other is named.
CUDNN_HOME=${CUDNN_HOME:-$("${python[@]}" -c 'import nvidia.cudnn as c; print(c.__path__[0])' 2>/dev/null)}
export CUDNN_HOME

# Name, compute capability, driver and memory (MiB) of the first card: from nvidia-smi, or from a small program where it
# is missing or too old to know the capability.
describe_card() {
  nvidia-smi --query-gpu=name,compute_cap,driver_version,memory.total --format=csv,noheader,nounits -i 0 2>/dev/null | head -n 1 | sed 's/, /|/g' | grep -E '\|[0-9]+\.[0-9]+\|' && return
  [ -n "$nvcc" ] || return 1
  local folder; folder=$(mktemp -d)
  cat >"$folder/card.cu" <<'TEXT'
#include <cstdio>
#include <cuda_runtime.h>
int main() {
  cudaDeviceProp p;
  int driver = 0;
  if (cudaGetDeviceProperties(&p, 0) != cudaSuccess || cudaDriverGetVersion(&driver) != cudaSuccess) return 1;
  std::printf("%s|%d.%d|CUDA %d.%d|%zu\n", p.name, p.major, p.minor, driver / 1000, driver % 1000 / 10, p.totalGlobalMem >> 20);
}
TEXT
  "$nvcc" -o "$folder/card" "$folder/card.cu" >/dev/null 2>&1 && "$folder/card"
  local result=$?
  rm -rf "$folder"
  return $result
}
# sm_90's own instructions need the name with an a; other cards run what their number says.
architecture_of() { local number=${1/./}; [ "$number" = 90 ] && number=90a; echo "$number"; }

if [ $dry -eq 1 ]; then card="(card)|9.0|(driver)|0"; else
  card=$(describe_card) || { echo "gpu_check: no NVIDIA GPU that can be used on this machine" >&2; exit 1; }
  [ -n "$nvcc" ] || { echo "gpu_check: no nvcc in PATH or ${CUDA_HOME:-/usr/local/cuda}/bin; install the CUDA Toolkit 12.4 or newer" >&2; exit 1; }
  [ ! -e "$out" ] || refuse "--out $out: it exists already; name a new folder"
fi
IFS='|' read -r card_name capability driver memory <<<"$card"
arch=$(architecture_of "$capability")
[ "${capability%%.*}" -ge 8 ] || { echo "gpu_check: $card_name has compute capability $capability; 8.0 or newer is needed" >&2; exit 1; }

# --- running -----------------------------------------------------------------------------------------------------------
begun=$(date +%s) budget=0
elapsed() { echo $(($(date +%s) - begun)); }
left() { local rest=$((budget - $(elapsed))); [ $rest -gt 0 ] && echo $rest || echo 0; }
# Runs a command within the stage's time, and within `limit` seconds if that is set: run LOG COMMAND... Returns its status, 124
# when it was cut.
run() {
  local log=$1 rest; shift
  if [ $dry -eq 1 ]; then echo "    $*"; return 0; fi
  rest=$(left)
  [ "$rest" -le "${limit:-$rest}" ] || rest=$limit
  [ "$rest" -gt 0 ] || return 124
  echo "\$ $*" >>"$log"
  timeout -k 5 "$rest" "$@" >>"$log" 2>&1
}
problem=0 stage_failed=0
fails() { stage_failed=1; note[$1]="${note[$1]:+${note[$1]}; }$2"; }
says() { note[$1]="${note[$1]:+${note[$1]}; }$2"; }

do_build() {
  local log=$out/logs/build.log
  run "$log" cmake $(command -v ninja >/dev/null && echo -G Ninja) -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DGANYMEDE_CUDA=ON \
    "-DNVCC=$nvcc" "-DGANYMEDE_CUDA_ARCHITECTURES=$arch" -DGANYMEDE_TESTS=ON -DGANYMEDE_BENCH=ON ||
    { fails build "cmake failed: $(grep -m1 -A2 'CMake Error' "$log" | tr -s '\n ' ' ')"; return; }
  run "$log" cmake --build "$build" --parallel "$(nproc)"
  case $? in
    0) says build "for sm_$arch" ;;
    124) fails build "cut after its share of the time; run again, or with --minutes above $minutes" ;;
    *) fails build "$(grep -m1 -E 'error|FAILED' "$log" | cut -c1-200)" ;;
  esac
}

# Processes at a time: a fault in one test condemns its process's share alone, and a card has room for many contexts.
processes=$(nproc)
[ "$processes" -le 16 ] || processes=16
[ "${memory%%.*}" -eq 0 ] || [ $((${memory%%.*} / 1500)) -ge "$processes" ] || processes=$((${memory%%.*} / 1500))
[ "$processes" -ge 1 ] || processes=1
# side_by_side COUNT COMMAND...: COMMAND 0, COMMAND 1 ... at the same time; their statuses are in results. Dry: the first.
side_by_side() {
  local count=$1 i pids=(); shift
  results=()
  if [ $dry -eq 1 ]; then "$@" 0; return; fi
  for ((i = 0; i < count; i++)); do "$@" "$i" & pids[i]=$!; done
  for ((i = 0; i < count; i++)); do wait "${pids[i]}"; results[i]=$?; done
}

kernel_tests='*Sim.*:Attention*.*'
tests_run=0 tests_failed=0
run_share() {  # PROGRAM INDEX
  local log=$out/logs/test_$1.$2.log where=() filter='*Cuda*'
  [ "$1" = kernels ] && where=(GANYMEDE_TEST_DEVICE=cuda) filter=$kernel_tests
  run "$log" env "GTEST_TOTAL_SHARDS=$processes" "GTEST_SHARD_INDEX=$2" "${where[@]}" "$build/tests/test_$1" "--gtest_filter=$filter" --gtest_brief=1 \
    "--gtest_output=json:$out/logs/test_$1.$2.json"
}
number_in() { grep -m1 -oE "\"$2\": [0-9]+" "$1" 2>/dev/null | grep -oE '[0-9]+' || echo 0; }
# All shares of a test program: names what failed, and counts.
count_tests() {
  local i report run=0 failed=0 broken=0 cut=0 last=0
  for i in "${!results[@]}"; do
    report=$out/logs/test_$1.$i.json
    run=$((run + $(number_in "$report" tests))) failed=$((failed + $(number_in "$report" failures) + $(number_in "$report" errors)))
    if [ "${results[i]}" -eq 124 ]; then cut=$((cut + 1))
    elif [ "${results[i]}" -ne 0 ] && [ ! -s "$report" ]; then broken=$((broken + 1)) last=${results[i]}; fi
  done
  cat "$out/logs/test_$1".*.log >"$out/logs/test_$1.log" 2>/dev/null
  tests_run=$((tests_run + run)) tests_failed=$((tests_failed + failed + broken))
  [ $failed -eq 0 ] || fails tests "test_$1: $failed of $run failed"
  [ $broken -eq 0 ] || fails tests "test_$1: $broken of $processes processes ended with status $last"
  [ $cut -eq 0 ] || fails tests "test_$1: cut after its share of the time"
  [ $((run + failed + broken + cut)) -gt 0 ] || fails tests "test_$1: no test ran on the card"
}

# Conformance in large portions, each with every eighth file: most of a small one's time would be its context.
portions=8
run_portion() {  # KIND INDEX
  local log=$out/logs/conformance_$1.$2.log precision=${1%-twins} twins=() files=()
  [ "$1" = "$precision" ] || twins=(--twins)
  if [ $dry -eq 1 ]; then files=(tests/conformance/cases); else mapfile -t files < <(find tests/conformance/cases -name '*.safetensors' | sort | awk -v n=$portions -v i="$2" 'NR % n == i'); fi
  run "$log" "$build/tests/conformance/conformance" --device cuda --precision "$precision" "${twins[@]}" "${files[@]}"
}
count_cases() {  # KIND; a portion that has no convolution for the twins of sm_90a ends with 1, but all together must have some
  local logs=("$out/logs/conformance_$1".*.log) passed failed unfinished=0 i
  for i in "${!results[@]}"; do grep -qE '^[0-9]+ passed, 0 failed, 0 unsupported' "$out/logs/conformance_$1.$i.log" 2>/dev/null || unfinished=$((unfinished + 1)); done
  cat "${logs[@]}" >"$out/logs/conformance_$1.log" 2>/dev/null
  passed=$(grep -c '^PASS' "$out/logs/conformance_$1.log"); failed=$(grep -c '^FAIL' "$out/logs/conformance_$1.log")
  tests_run=$((tests_run + passed + failed)) tests_failed=$((tests_failed + failed))
  [ $unfinished -eq 0 ] || fails tests "conformance $1: $failed of $((passed + failed)) failed ($unfinished of $portions portions; statuses ${results[*]})"
  [ "${1%-twins}" = "$1" ] || grep -qE '^[1-9][0-9]* of [0-9]+ convolutions by twins' "$out/logs/conformance_$1.log" || fails tests "conformance $1: no convolution was computed by a twin"
}

do_tests() {
  local program kind kinds=(f32 tf32 bf16)
  for program in kernels engine nn gan apps; do
    side_by_side "$processes" run_share $program
    [ $dry -eq 1 ] || count_tests $program
  done
  [ "$arch" = 90a ] && kinds+=(tf32-twins bf16-twins)  # the kernels for this card alone, wherever they can compute a case
  for kind in "${kinds[@]}"; do
    side_by_side $portions run_portion "$kind"
    [ $dry -eq 1 ] || count_cases "$kind"
  done
  says tests "$tests_run run, $tests_failed failed"
}

# One test a process, so that a finding names its test and slow ones hold up no others. Tests that ask the card for nothing do not
# count: the tool calls them ended too early.
sanitize() {  # TOOL FILTER SECONDS
  local folder=$out/logs/$1 names=() name clean=0 bad=0 idle=0 first=""
  local command=("$sanitizer" --tool "$1" --error-exitcode 9 "$build/tests/test_kernels" --gtest_brief=1)
  local filter="$2:-*TooLarge*:*Refuses*:*SaysWhatItIs*"
  if [ $dry -eq 1 ]; then run - env GANYMEDE_TEST_DEVICE=cuda "${command[@]}" "--gtest_filter=$filter"; return; fi
  mkdir -p "$folder"
  mapfile -t names < <("$build/tests/test_kernels" --gtest_list_tests "--gtest_filter=$filter" 2>/dev/null | awk '/^[^ ]/ { suite = $1 } /^  / { print suite $1 }')
  [ ${#names[@]} -gt 0 ] || { fails sanitizer "$1: no test in the list of test_kernels"; return; }
  limit=$3 run "$folder.log" env GANYMEDE_TEST_DEVICE=cuda FOLDER="$folder" xargs -P "$processes" -I NAME bash -c \
    'log="$FOLDER/${0//\//_}"; "${@}" "--gtest_filter=$0" >"$log.log" 2>&1; echo $? >"$log.status"' NAME "${command[@]}" < <(printf '%s\n' "${names[@]}")
  for name in "${names[@]}"; do
    grep -q 'terminated before first instrumented API call' "$folder/${name//\//_}.log" 2>/dev/null && grep -q PASSED "$folder/${name//\//_}.log" && { idle=$((idle + 1)); continue; }
    case $(cat "$folder/${name//\//_}.status" 2>/dev/null) in
      "") ;;  # not finished
      0) clean=$((clean + 1)) ;;
      *) bad=$((bad + 1)); : "${first:=$name: $(grep -m1 -E 'Invalid|hazard|Barrier error|ERROR SUMMARY: [1-9]|RACECHECK SUMMARY: [1-9]|FAILED' "$folder/${name//\//_}.log" | sed 's/^[= ]*//' | cut -c1-140)}" ;;
    esac
  done
  if [ $bad -gt 0 ]; then fails sanitizer "$1: $bad of ${#names[@]} tests with errors; $first"
  elif [ $((clean + idle)) -eq ${#names[@]} ]; then says sanitizer "$1 clean in $clean tests"
  else says sanitizer "$1 clean in $clean of ${#names[@]} tests, the others were cut"; fi
}

do_sanitizer() {
  if [ -z "$sanitizer" ]; then
    status[sanitizer]=skipped; says sanitizer "compute-sanitizer is not installed"
    [ $dry -eq 1 ] || return
    sanitizer=compute-sanitizer
  fi
  sanitize memcheck "$kernel_tests" $((share[sanitizer] * 2 / 5))
  # Races are looked for where threads share memory; the tool is slow.
  sanitize racecheck 'GemmSim.OddSizes*:GemmSim.LongSums*:Attention.Odd*:SoftmaxSim.*:ReduceSim.*:NormSim.Matches*:SpectralSim.*' $((share[sanitizer] * 2 / 5))
  sanitize synccheck "$kernel_tests" "$(left)"
}

has_torch() { "${python[@]}" -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' >/dev/null 2>&1; }

do_bench() {
  [ $dry -eq 1 ] || [ -x "$build/bench/bench_kernels" ] || { fails bench "$build/bench/bench_kernels was not built"; return; }
  # The program stops by itself: what it has measured by then counts.
  run "$out/logs/bench.log" env GANYMEDE_BENCH_SECONDS="$(($(left) * 3 / 4))" "$build/bench/bench_kernels" --device=cuda \
    "--benchmark_out=$out/bench.json" --benchmark_out_format=json || { fails bench "status $?: $(tail -n 1 "$out/logs/bench.log")"; return; }
  local files=("$out/bench.json")
  # Norms, resampling, attention and optimisers have their peers in PyTorch.
  if [ $dry -eq 1 ] || has_torch; then
    run "$out/logs/bench.log" "${python[@]}" bench/torch_kernels.py "$out/bench_torch.json" --device cuda --seconds "$(($(left) * 3 / 4 - 2))" && files+=("$out/bench_torch.json")
  fi
  run "$out/logs/bench.log" "$build/bench/bench_report" "${files[@]}" "$out/kernels" || fails bench "no report: $(tail -n 1 "$out/logs/bench.log")"
  # docs/one_convolution_five_ways.md's table, in what time is left.
  if [ $dry -eq 1 ] || [ -x "$build/bench/bench_ladder" ]; then
    run "$out/logs/bench.log" bash -c '"$@" >"$0"' "$out/ladder.md" "$build/bench/bench_ladder" --device=cuda || {
      says bench "the ladder was cut or failed: $(tail -n 1 "$out/logs/bench.log" | cut -c1-120)"
      rm -f "$out/ladder.md"
    }
  fi
  [ $dry -eq 1 ] || [ $stage_failed -eq 1 ] || says bench "$(grep -c '"name"' "${files[@]}" | awk -F: '{ n += $NF } END { print n }') timings"
}

do_steps() {
  run "$out/logs/steps.log" "$build/bench/bench_steps" --device cuda --seconds $((share[steps] / 2)) --json "$out/steps_ganymede.json" || fails steps "ganymede: $(tail -n 1 "$out/logs/steps.log")"
  if [ $dry -eq 0 ] && ! has_torch; then
    says steps "no PyTorch with CUDA for ${PYTHON:-python3}"
    return
  fi
  run "$out/logs/steps.log" "${python[@]}" bench/torch_steps.py --device cuda --seconds "$(left)" --json "$out/steps_torch.json" || fails steps "PyTorch: $(tail -n 1 "$out/logs/steps.log")"
}

do_train() {
  local seconds=$((120 * minutes / 10)) trained=$out/dcgan result
  [ $dry -eq 1 ] || [ "$(left)" -gt $((seconds + 5)) ] || seconds=$(($(left) - 5))
  # Interrupted at the end of its time, a training saves and ends well. In the foreground: else it would be interrupted twice, which
  # means at once.
  run "$out/logs/train.log" timeout --foreground -s INT -k 20 $seconds "$build/ganymede" train dcgan --data "$data" --device cuda --steps 10000000 \
    --log-every 100 --sample-every 2000 --save-every 100000 --out "$trained"
  result=$?
  if [ $dry -eq 0 ] && { [ $result -ne 0 ] && [ $result -ne 124 ] || ! compgen -G "$trained/checkpoints/*.safetensors" >/dev/null; }; then
    fails train "status $result: $(tail -n 1 "$out/logs/train.log")"
    return
  fi
  run "$out/logs/train.log" "$build/ganymede" sample "$trained" -n 64 --out "$out/pictures/dcgan.png" || fails train "sample: $(tail -n 1 "$out/logs/train.log")"
  run "$out/logs/train.log" "$build/ganymede" report "$trained" || fails train "report: $(tail -n 1 "$out/logs/train.log")"
  [ $dry -eq 1 ] || { cp "$trained/report.html" "$out/dcgan.html"; says train "$(grep -oE 'stopped at iteration [0-9]+' "$out/logs/train.log" | tail -n 1) after $seconds s on $data"; }
}

do_evaluate() {
  if [ $dry -eq 0 ]; then
    "$build/ganymede" --help 2>/dev/null | grep -qE '^ *evaluate ' || { status[evaluate]=skipped; says evaluate "this build has no evaluate"; return; }
    [ -d "$out/dcgan" ] || { status[evaluate]=skipped; says evaluate "there is no trained run"; return; }
  fi
  run "$out/logs/evaluate.log" bash -c '"$@" >"$0"' "$out/evaluation.json" "$build/ganymede" evaluate "$out/dcgan" -n 2000 --no-floor --json || {
    fails evaluate "$(tail -n 1 "$out/logs/evaluate.log")"
    rm -f "$out/evaluation.json"
  }
}

do_docs() {
  run "$out/logs/docs.log" env GANYMEDE_WRITE_DOCS=1 "$build/tests/test_engine" '--gtest_filter=Certificate.*' || fails docs "test_engine: $(tail -n 1 "$out/logs/docs.log")"
  run "$out/logs/docs.log" env GANYMEDE_WRITE_DOCS=1 "$build/tests/test_nn" '--gtest_filter=Certificate.*' || fails docs "test_nn: $(tail -n 1 "$out/logs/docs.log")"
}

# --- results -----------------------------------------------------------------------------------------------------------
quoted() { local s=$1; s=${s//\\/\\\\}; s=${s//\"/\\\"}; printf '"%s"' "$(tr -d '\000-\037' <<<"$s")"; }
embedded() { [ -s "$1" ] && cat "$1" || echo null; }
write_results() {
  local stage comma="" commit toolkit
  commit=$(git describe --always --dirty 2>/dev/null || echo unknown)
  toolkit=$("$nvcc" --version | grep -oE 'release [0-9.]+' | cut -d' ' -f2)
  {
    printf '{\n  "card": %s,\n  "compute_capability": %s,\n  "driver": %s,\n  "memory_mib": %s,\n' "$(quoted "$card_name")" "$(quoted "$capability")" "$(quoted "$driver")" "${memory%%.*}"
    printf '  "cuda_toolkit": %s,\n  "commit": %s,\n  "date": "%s",\n  "seconds": %d,\n' "$(quoted "$toolkit")" "$(quoted "$commit")" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$(elapsed)"
    printf '  "tests_run": %d,\n  "tests_failed": %d,\n  "stages": [\n' $tests_run $tests_failed
    for stage in "${stages[@]}"; do
      [ -n "${status[$stage]:-}" ] || continue
      printf '%s    {"name": "%s", "status": "%s", "seconds": %d, "note": %s}' "$comma" "$stage" "${status[$stage]}" "${took[$stage]}" "$(quoted "${note[$stage]:-}")"
      comma=$',\n'
    done
    printf '\n  ],\n  "kernels": %s,\n  "steps": %s,\n  "steps_pytorch": %s,\n  "evaluation": %s\n}\n' "$(embedded "$out/kernels.json")" "$(embedded "$out/steps_ganymede.json")" "$(embedded "$out/steps_torch.json")" "$(embedded "$out/evaluation.json")"
  } >"$out/summary.json"
  {
    printf '# Check of %s\n\nCompute capability %s, driver %s, CUDA Toolkit %s, commit %s, %s; %d s in all.\n\n' "$card_name" "$capability" "$driver" "$toolkit" "$commit" "$(date -u +%Y-%m-%d)" "$(elapsed)"
    printf '| stage | result | seconds | note |\n|---|---|---|---|\n'
    for stage in "${stages[@]}"; do
      [ -n "${status[$stage]:-}" ] && printf '| %s | %s | %d | %s |\n' "$stage" "${status[$stage]}" "${took[$stage]}" "$(sed "s/|/\\\\|/g" <<<"${note[$stage]:-}")"
    done
    [ -s "$out/kernels.md" ] && { echo; cat "$out/kernels.md"; }
    [ -s "$out/ladder.md" ] && { echo; sed 's/^#/##/' "$out/ladder.md"; }
    for file in steps_ganymede steps_torch; do [ -s "$out/$file.md" ] && { echo; cat "$out/$file.md"; }; done
    [ -s "$out/evaluation.json" ] && { printf '\n## The trained DCGAN, measured\n\n```json\n'; cat "$out/evaluation.json"; printf '```\n'; }
    [ -s "$out/kernels.svg" ] && printf '\n![Roofline of the kernels](kernels.svg)\n'
    [ -s "$out/pictures/dcgan.png" ] && printf '\n![Samples of DCGAN](pictures/dcgan.png)\n'
  } >"$out/summary.md"
}

if [ $dry -eq 0 ]; then
  mkdir -p "$out/logs" "$out/pictures"
  out=$(realpath "$out")
  echo "gpu_check: $card_name, sm_$arch; results in $out"
fi
for stage in "${stages[@]}"; do
  [ -n "${wanted[$stage]:-}" ] || continue
  budget=$((budget + share[$stage])) stage_failed=0
  started=$(date +%s)
  if [ $dry -eq 1 ]; then echo "$stage: up to ${share[$stage]} s"; fi
  "do_$stage"
  [ $dry -eq 1 ] && continue
  took[$stage]=$(($(date +%s) - started))
  [ $stage_failed -eq 1 ] && { status[$stage]=failed; case $stage in bench | steps | evaluate) ;; *) problem=1 ;; esac; }
  : "${status[$stage]:=passed}"
  echo "gpu_check: $stage ${status[$stage]} (${took[$stage]} s) ${note[$stage]:-}"
  write_results
done
[ $dry -eq 1 ] && exit 0
echo "gpu_check: $out/summary.md"
exit $problem
