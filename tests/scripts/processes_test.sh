#!/usr/bin/env bash
# `mpirun ganymede train`: one run folder, the same bytes when it is stopped and resumed, one line and the right status when something is wrong.
#   processes_test.sh GANYMEDE MPIRUN
set -uo pipefail
program=$1
mpirun=("$2" -n 2 --oversubscribe --bind-to none)
[ "$(id -u)" -ne 0 ] || export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
fail() { echo "processes_test: $1" >&2; [ -f log ] && sed 's/^/  /' log >&2; exit 1; }
# expect STATUS WORDS COMMAND...: its status, and words in what it says.
expect() {
  local status=$1 words=$2 said
  shift 2
  "$@" >out 2>log
  said=$?
  [ "$said" -eq "$status" ] || fail "status $said where $status belongs: $*"
  grep -qF -- "$words" log out || fail "does not say \"$words\": $*"
}
outcome() { (cd "$1" && find checkpoints samples reals.png -type f | sort | xargs sha256sum && sed 's/,"time":.*//' stats.jsonl); }

train=(train cyclegan --data shapes:unpaired,count=64 --size 16 --set width=3 --set pool=3 --batch 4 --log-every 4 --sample-every 12 --save-every 6)
expect 0 "in each of 2 processes" "${mpirun[@]}" "$program" "${train[@]}" --steps 24 --out whole
[ "$(grep -c 'cyclegan on' log)" -eq 1 ] || fail "more than one process speaks"
expect 2 "holds a run" "${mpirun[@]}" "$program" "${train[@]}" --steps 24 --out whole
expect 2 "--batch 5 among 2 processes; it must be a multiple" "${mpirun[@]}" "$program" train cyclegan --data shapes:unpaired,count=64 --size 16 --batch 5 --out odd
[ ! -e odd ] || fail "a folder is left of a run that could not begin"

# A run whose last checkpoint was lost goes on from the one before and ends with the same bytes.
outcome whole >expected
rm whole/checkpoints/000024.safetensors
expect 0 "resumed at iteration 18" "${mpirun[@]}" "$program" train --out whole --resume
diff expected <(outcome whole) >&2 || fail "a resumed run ends with other bytes"
expect 2 "processes is 2 in this run, but 1 is asked for" "$program" train --out whole --resume --steps 30
expect 0 "resumed at iteration 24" "$program" train --out whole --resume --steps 26 --allow-inexact
expect 0 "" "$program" sample whole -n 4 --out sheet.png

# running FOLDER: the youngest process that trains there, once there is a checkpoint.
running() {
  for ((i = 0; i < 300; i++)); do
    compgen -G "$1/checkpoints/*" >/dev/null && break
    sleep 0.1
  done
  for process in /proc/[0-9]*; do
    [[ $(tr '\0' ' ' 2>/dev/null <"$process/cmdline") == "$program "*"--out $1 " ]] && echo "${process#/proc/}"
  done | sort -n | tail -n 1
}
long=("${train[@]}" --steps 100000)

# A signal to one process stops all of them behind the same iteration.
"${mpirun[@]}" "$program" "${long[@]}" --out stopped >out 2>log &
kill -TERM "$(running stopped)"
wait $! || fail "a run that was asked to stop ends with $?"
grep -q "stopped at iteration" log || fail "does not say that it was stopped"
reached=$(sed -n 's/.*stopped at iteration \([0-9]*\) .*/\1/p' log)
[ -e "stopped/checkpoints/$(printf %06d "$reached").safetensors" ] || fail "iteration $reached was not saved"

# A process that is lost ends the others; the run goes on from its last checkpoint.
"${mpirun[@]}" "$program" "${long[@]}" --out killed >out 2>log &
kill -KILL "$(running killed)"
wait $! && fail "a run that lost a process ends well"
last=$(basename "$(ls killed/checkpoints/*.safetensors | tail -n 1)" .safetensors)
expect 0 "resumed at iteration $((10#$last))" "${mpirun[@]}" "$program" train --out killed --resume --steps $((10#$last + 4))
echo "processes_test: passed"
