# Arjovsky et al. 2017: the estimate falls as G learns; without the box around the weights it runs away.
source "$(dirname "$0")/lib.sh"
line=(--data mixture:gaussian --batch 128 --log-every 10 --steps 600)
run with wgan "${line[@]}"
run without wgan "${line[@]}" --set clip=0
first() { sed -n '1s/.*"critic\/distance":\([-0-9.e+]*\).*/\1/p' "$WORK/$1/stats.jsonl"; }
fall() { calculate "size($(logged "$1" critic/distance 10) / $(first "$1"))"; }
row wgan "estimate of the last 100 of 600 iterations over that of the first" "<" 0.2 "$(fall with)" "clipping (clip=0)" "$(fall without)"
off() { calculate "size($(measured "$1" sample-mean sample-mean) / 0.3 - 1)"; }
row wgan "mean of G, relative error, the same run" "<" 0.1 "$(off with)" "clipping (clip=0)" "$(off without)"
