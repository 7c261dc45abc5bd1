# What the checks share. Each check has a folder of its own for its runs, gone at the end.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# train NAME MODEL OPTIONS...: a run in $work/NAME, without pictures and with a checkpoint at its end.
train() {
  local name=$1 model=$2
  shift 2
  "$GANYMEDE" train "$model" --out "$work/$name" --device cpu --sample-every 1000000 --save-every 1000000 "$@" >"$work/$name.log" 2>&1 ||
    { tail -n 3 "$work/$name.log" >&2; return 1; }
}
# measure NAME METRIC [SAMPLES]: a figure of `evaluate`.
measure() {
  "$GANYMEDE" evaluate "$work/$1" --metrics "$2" -n "${3:-10000}" --json 2>/dev/null |
    awk -F': ' -v name="\"${4:-$2}\"" '/"name"/ { found = index($2, name) == 1 } /"value"/ && found { sub(/,$/, "", $2); print $2; exit }'
}
# logged NAME VALUE [LINES]: mean of a logged value over a run's last lines.
logged() {
  tail -n "${3:-1}" "$work/$1/stats.jsonl" | awk -v name="\"$2\":" '
    { at = index($0, name); if (at) { rest = substr($0, at + length(name)); sub(/[,}].*/, "", rest); sum += rest; n++ } }
    END { if (n) print sum / n }'
}
calculate() { awk "BEGIN { print $1 }"; }
holds() { awk "BEGIN { exit !($1) }"; }
# report MODEL PROPERTY BOUND FIGURE WITHOUT: BOUND such as "< 0.05" or ">= 7"; the figure keeps it, the one without does not.
report() {
  local verdict=PASS
  if [ -z "$4" ] || [ -z "$5" ] || ! holds "$4 $3" || holds "$5 $3"; then verdict=FAIL failed=1; fi
  printf '%s  %s  %s  %.4g  %.4g  %s\n' "$1" "$2" "$3" "${4:-nan}" "${5:-nan}" "$verdict"
}
