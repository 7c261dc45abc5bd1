# WGAN: the estimate falls as G learns, the weights stay in their box, and without it the estimate runs away.
source "$(dirname "$0")/common.sh"
line="--data mixture:gaussian --batch 128 --log-every 10"
train run wgan $line --steps 600
first=$(head -n 1 "$work/run/stats.jsonl" >"$work/first" && mkdir -p "$work/head" && cp "$work/first" "$work/head/stats.jsonl" && logged head critic/distance)
last=$(logged run critic/distance 10)
train free wgan $line --steps 600 --set clip=0
free_last=$(logged free critic/distance 10)
report wgan "estimate at the end / at first" "< 0.2" "$(calculate "sqrt(($last / $first)^2)")" "$(calculate "sqrt(($free_last / $first)^2)")"
report wgan "mean of G, relative error" "< 0.1" "$(calculate "sqrt(($(measure run sample-mean) / 0.3 - 1)^2)")" "$(calculate "sqrt(($(measure free sample-mean) / 0.3 - 1)^2)")"
exit $failed
