# Arjovsky et al. 2017: the estimate falls as G learns; without the box around the weights it grows for as long as the critic is trained.
source "$(dirname "$0")/lib.sh"
line=(--data mixture:gaussian --batch 128)
run learned wgan "${line[@]}" --log-every 10 --steps 400 --set warm_iterations=10
first=$(sed -n '1s/.*"critic\/distance":\([-0-9.e+]*\).*/\1/p' "$WORK/learned/stats.jsonl")
row wgan "estimate of the last 100 of 400 iterations over that of the first ten" "<" 0.2 "$(calculate "size($(logged learned critic/distance 10) / $first)")" - -
row wgan "mean of G, relative error, the same run" "<" 0.1 "$(calculate "size($(measured learned sample-mean sample-mean) / 0.3 - 1)")" - -

# G stays as it was first; the critic takes 500 and 2000 steps.
growth() { # growth NAME SETTING...
  local name=$1 steps
  shift
  for steps in 500 2000; do run "$name$steps" wgan "${line[@]}" --log-every 1 --steps 1 --set warm_critic_steps=$steps "$@"; done
  calculate "$(logged "${name}2000" critic/distance 1) / $(logged "${name}500" critic/distance 1)"
}
row wgan "estimate after 2000 steps of the critic over that after 500, G fixed" "<" 1.2 "$(growth box)" "clipping (clip=0)" "$(growth free --set clip=0)"
