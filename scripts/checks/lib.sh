# What the checks share. WORK: a folder for runs; GANYMEDE: the program.
set -euo pipefail

# run NAME MODEL [train's arguments...]: trains into $WORK/NAME, with one sheet and one checkpoint at the end.
run() {
  local name=$1
  shift
  "$GANYMEDE" train "$@" --sample-every 1000000 --save-every 1000000 --out "$WORK/$name" >/dev/null 2>"$WORK/$name.log" || { tail -n 3 "$WORK/$name.log" >&2; return 1; }
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
  local key
  key=$(sed 's/[][/+.]/\\&/g' <<<"$2")
  tail -n "${3:-10}" "$WORK/$1/stats.jsonl" | sed -nE "s/.*\"$key\":([-0-9.e+]+).*/\1/p" | awk '{ s += $1 } END { printf "%.4g\n", s / NR }'
}
# calculate EXPRESSION: awk's arithmetic; size(x) is |x|.
calculate() { awk "function size(x) { return x < 0 ? -x : x } BEGIN { printf \"%.4g\\n\", ($1) }"; }
# larger A B: of the sizes of two expressions.
larger() { calculate "size($1) > size($2) ? size($1) : size($2)"; }
# short FIGURE: three digits of a number, anything else as it is.
short() { if [[ $1 =~ ^[-+]?[0-9.]+(e[-+]?[0-9]+)?$ ]]; then awk -v x="$1" 'BEGIN { printf "%.3g", x }'; else printf %s "${1:-none}"; fi; }
# holds FIGURE OP BOUND: OP is < > <= >= or "in" with BOUND "LOW:HIGH". What is no number does not hold.
holds() {
  [[ $1 =~ ^[-+]?[0-9.]+(e[-+]?[0-9]+)?$ ]] || return 1
  awk -v x="$1" -v op="$2" -v b="$3" 'BEGIN {
    if (op == "in") { split(b, r, ":"); ok = x >= r[1] && x <= r[2] }
    else ok = op == "<" ? x + 0 < b + 0 : op == ">" ? x + 0 > b + 0 : op == "<=" ? x + 0 <= b + 0 : x + 0 >= b + 0
    exit !ok }'
}
# row MODEL PROPERTY OP BOUND FIGURE INGREDIENT FIGURE_WITHOUT: a row of the table. It passes if FIGURE holds and FIGURE_WITHOUT
# is a number that does not ("-": the property guards no ingredient).
row() {
  local verdict=fails
  if holds "$5" "$3" "$4"; then
    if [ "$7" = - ] || { holds "$7" in -1e300:1e300 && ! holds "$7" "$3" "$4"; }; then verdict=pass; fi
  fi
  echo "| $1 | $2 | $3 $4 | $(short "$5") | $6 | $(short "$7") | $verdict |"
}
# figures NAME METRIC VALUE [evaluate's arguments...]: measured of the runs NAME1, NAME2, ..., the smallest first; "none" alone if
# one of them is missing.
figures() {
  local run all= figure name=$1
  shift
  for run in "$WORK/$name"[0-9]*/; do
    figure=$(measured "$(basename "$run")" "$@") || true
    [ -n "$figure" ] || { echo none; return; }
    all+=$figure$'\n'
  done
  printf %s "$all" | sort -g
}
least() { figures "$@" | head -n 1; }
largest() { figures "$@" | tail -n 1; }
average() { figures "$@" | awk '{ s += $1; none = none || $1 == "none" } END { if (none || !NR) print "none"; else printf "%.3g\n", s / NR }'; }
