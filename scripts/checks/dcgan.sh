# Radford et al. 2016: at a small beta1 the pair trains and loses no class; with the usual 0.9 it oscillates.
source "$(dirname "$0")/lib.sh"
settings=(--data fashion-mnist --size 32 --batch 64 --steps 1000 --set width=16)
run with dcgan "${settings[@]}"
run without dcgan "${settings[@]}" --set beta1=0.9
row dcgan "classes of 10 that hold at least 3 % of 2,000 samples, Fashion-MNIST at 32 px, 1000 iterations" ">=" 8 "$(measured with coverage classes-covered -n 2000)" "beta1=0.5 (0.9)" "$(measured without coverage classes-covered -n 2000)"
