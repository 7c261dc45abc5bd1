# Gulrajani et al. 2017: the penalty keeps the critic's slope near 1 between real and fake; without it the slope grows without bound.
source "$(dirname "$0")/lib.sh"
settings=(--data fashion-mnist --size 28 --set width=16 --steps 400 --batch 64)
run with wgan-gp "${settings[@]}"
run without wgan-gp "${settings[@]}" --set gp=0
row wgan-gp "mean norm of the critic's gradient on interpolates, Fashion-MNIST, last 100 of 400 iterations" in 0.8:1.2 "$(logged with critic/norm)" "penalty (gp=0)" "$(logged without critic/norm)"
