# Radford et al. 2016: with batch norm in both networks and a small beta1 the pair trains and loses no class. Means of three seeds: one
# training with the usual beta1 keeps four classes, another nine.
source "$(dirname "$0")/lib.sh"
trained() { # trained NAME SETTING...
  local name=$1 seed
  shift
  for seed in 1 2 3; do run "$name$seed" dcgan --data fashion-mnist --size 32 --batch 64 --steps 1000 --seed "$seed" --set width=16 "$@"; done
}
trained with
trained unnormed --set batch_norm=false
trained usual --set beta1=0.9
covered() { average "$1" coverage classes-covered -n 2000; }
row dcgan "classes of 10 that hold at least 3 % of 2,000 samples, Fashion-MNIST at 32 px, 1000 iterations, mean of 3 seeds" ">=" 8 "$(covered with)" "batch norm in both" "$(covered unnormed)"
row dcgan "the same" ">=" 8 "$(covered with)" "beta1=0.5 (the usual 0.9)" "$(covered usual)"
