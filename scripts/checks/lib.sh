# What the checks share. WORK: a folder for runs; GANYMEDE: the program.
set -euo pipefail

# run NAME MODEL [train's arguments...]: trains into $WORK/NAME.
run() {
  local name=$1
  shift
  "$GANYMEDE" train "$@" --out "$WORK/$name" >/dev/null 2>"$WORK/$name.log" || { tail -n 3 "$WORK/$name.log" >&2; return 1; }
}
# measured NAME METRIC VALUE [evaluate's arguments...]: the first value whose name begins with VALUE among those that
# `evaluate --metrics METRIC` prints: measured with coverage smallest-class -n 2000.
measured() {
  local name=$1 metric=$2 value=$3
  shift 3
  "$GANYMEDE" evaluate "$WORK/$name" --metrics "$metric" --no-floor --json "$@" 2>"$WORK/$name.evaluate.log" |
    tr -d '\n' | grep -oE "\"name\": *\"$value[^\"]*\", *\"value\": *[-0-9.e+]+" | head -n 1 | sed -E 's/.*"value": *//'
}
# logged NAME VALUE [N]: the mean of the last N (10) logged values of, say, critic/norm.
logged() {
  local key=${2//\//\\/}
  tail -n "${3:-10}" "$WORK/$1/stats.jsonl" | sed -nE "s/.*\"$key\":([-0-9.e+]+).*/\1/p" | awk '{ s += $1 } END { printf "%.4g\n", s / NR }'
}
# holds FIGURE OP BOUND: OP is < > <= >= or "in" with BOUND "LOW:HIGH".
holds() {
  awk -v x="$1" -v op="$2" -v b="$3" 'BEGIN {
    if (op == "in") { split(b, r, ":"); ok = x >= r[1] && x <= r[2] }
    else ok = op == "<" ? x < b : op == ">" ? x > b : op == "<=" ? x <= b : x >= b
    exit !ok }'
}
# row MODEL PROPERTY OP BOUND FIGURE INGREDIENT FIGURE_WITHOUT: a row of the table. It passes if FIGURE holds and
# FIGURE_WITHOUT does not ("-": the property guards no ingredient).
row() {
  local verdict=FAIL
  if holds "$5" "$3" "$4"; then
    if [ "$7" = - ] || ! holds "$7" "$3" "$4"; then verdict=pass; fi
  fi
  echo "| $1 | $2 | $3 $4 | $5 | $6 | $7 | $verdict |"
}
