# What the checks on points share beside lib.sh.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
work=$WORK
failed=0   # rows say it

# train NAME MODEL OPTIONS...: a run without pictures and with a checkpoint at its end.
train() { run "$@" --device cpu --sample-every 1000000 --save-every 1000000; }
# measure NAME METRIC [SAMPLES [VALUE]]: a figure of `evaluate`; VALUE where the metric prints several.
measure() { measured "$1" "$2" "${4:-$2}" -n "${3:-10000}"; }
calculate() { awk "BEGIN { print $1 }"; }
# report MODEL PROPERTY "OP BOUND" FIGURE WITHOUT: without the ingredient that the script's comment names.
report() { row "$1" "$2" "${3%% *}" "${3#* }" "$4" "see scripts/checks/$1.sh" "$5"; }
