#!/bin/bash
# Kills trainings with SIGKILL at random instants, resumes each until it is complete, and compares every
# checkpoint, sample sheet and line of stats.jsonl (without its time fields) with a training that was never stopped.
#   scripts/kill_test.sh [COUNT] [GANYMEDE] [DEVICE]     20 kills of build/ganymede on cpu
set -u
count=${1:-20}
program=$(realpath -m "${2:-build/ganymede}")
device=${3:-cpu}
refuse() { echo "kill_test: $1" >&2; exit "$2"; }
[ -x "$program" ] || refuse "$program: no such program; build it, or name it: kill_test.sh COUNT GANYMEDE" 2
[[ $count =~ ^[1-9][0-9]*$ ]] || refuse "$count: the number of kills must be at least 1" 2
# In memory where there is such a folder: flushing to a busy disk takes seconds, and a run does it often.
[ -w /dev/shm ] && : "${TMPDIR:=/dev/shm}"
export TMPDIR=${TMPDIR:-/tmp}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

start=(train dcgan --data shapes:count=256 --size 16 --set width=4 --batch 8 --threads 1 --device "$device"
       --steps 120 --log-every 4 --sample-every 10 --save-every 6)

now() { date +%s%N; }

# Every byte that must not depend on when the run was stopped.
outcome() {
  (cd "$1" && find checkpoints samples reals.png -type f | sort | xargs sha256sum &&
    sed 's/,"time":.*//' stats.jsonl)
}

begun=$(now)
"$program" "${start[@]}" --out whole > /dev/null 2> log ||
  refuse "the undisturbed run failed: $(tail -n 1 log)" 1
lasts=$(( ($(now) - begun) / 1000 ))    # microseconds
outcome whole > expected

kills=0 runs=0 differing=0 failed=0 early=0
while (( kills < count )); do
  runs=$((runs + 1))
  run=run$runs
  complete=0
  until (( complete )); do
    again=("${start[@]}" --out "$run")
    [ -d "$run" ] && again=(train --out "$run" --resume)
    "$program" "${again[@]}" > /dev/null 2> log &
    id=$!
    if (( kills < count )); then
      delay=$(( (RANDOM * 32768 + RANDOM) % lasts ))
      sleep "$(printf '%d.%06d' $((delay / 1000000)) $((delay % 1000000)))"
      kill -KILL $id 2> /dev/null
    fi
    { wait $id; status=$?; } 2> /dev/null
    case $status in
      0) complete=1 ;;
      137)
        kills=$((kills + 1))
        compgen -G "$run/checkpoints/*.safetensors" > /dev/null || early=$((early + 1)) ;;
      *)
        failed=$((failed + 1)) complete=1
        echo "kill_test: a resume failed with $status: $(tail -n 1 log)" >&2 ;;
    esac
  done
  outcome "$run" > got 2> /dev/null
  if ! cmp -s expected got; then
    differing=$((differing + 1))
    echo "kill_test: $run differs:" >&2
    diff expected got | head -n 5 >&2
  fi
  rm -rf "$run"
done
echo "kill_test: $kills kills in $runs runs on $device ($early before the first checkpoint):" \
  "$failed failed to resume, $differing ended differently"
(( failed == 0 && differing == 0 ))
