# Salimans et al. 2016: minibatch discrimination keeps modes; unlabelled points help where labels are few. Three seeds each: the worst
# with the ingredient beside the best without it.
source "$(dirname "$0")/lib.sh"
ring=(--data mixture:ring8 --batch 64 --steps 1500 --log-every 50)
# Six labels: three on each half circle, on which the supervised net draws a line that the halves cross.
few=(--data mixture:moons --batch 100 --steps 4000 --log-every 50 --set labels=6 --set noise=none --set average=0)
for seed in 1 2 3; do
  run with$seed improved-gan "${ring[@]}" --seed $seed
  run without$seed improved-gan "${ring[@]}" --set minibatch=false --seed $seed
  run semi$seed improved-gan "${few[@]}" --seed $seed
  run supervised$seed improved-gan "${few[@]}" --set unlabelled=0 --seed $seed
done
# of NAME METRIC VALUE [evaluate's arguments...]: the figures of the three seeds, smallest first.
of() { local name=$1 seed; shift; for seed in 1 2 3; do measured "$name$seed" "$@"; done | sort -g; }
row improved-gan "modes of ring8 found, 1500 iterations, fewest of 3 seeds" ">=" 7 "$(of with modes modes-hit -n 5000 | head -n 1)" "minibatch discrimination (most of 3)" "$(of without modes modes-hit -n 5000 | tail -n 1)"
# The sheet says "clearly below" and no bound: 0.05 is this project's.
row improved-gan "error of the K-way classifier, two half circles, 3 labels each, 4000 iterations, worst of 3 seeds" "<" 0.05 "$(of semi error error | tail -n 1)" "unlabelled points (best of 3)" "$(of supervised error error | head -n 1)"
