# Radford et al. 2016: with batch norm in both networks and a small beta1 the pair trains and loses no class.
source "$(dirname "$0")/lib.sh"
settings=(--data fashion-mnist --size 32 --batch 64 --steps 1000 --set width=16)
run with dcgan "${settings[@]}"
run unnormed dcgan "${settings[@]}" --set batch_norm=false
run usual dcgan "${settings[@]}" --set beta1=0.9
covered() { measured "$1" coverage classes-covered -n 2000; }
row dcgan "classes of 10 that hold at least 3 % of 2,000 samples, Fashion-MNIST at 32 px, 1000 iterations" ">=" 8 "$(covered with)" "batch norm in both" "$(covered unnormed)"
row dcgan "the same" ">=" 8 "$(covered with)" "beta1=0.5 (the usual 0.9)" "$(covered usual)"
