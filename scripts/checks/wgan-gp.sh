# Gulrajani et al. 2017: the penalty keeps the critic's slope near 1 between real and fake; without it the slope grows without bound.
# With a small weight it finds all modes of the ring.
source "$(dirname "$0")/lib.sh"
ring=(--data mixture:ring8 --batch 128)
run with wgan-gp "${ring[@]}" --log-every 5 --steps 300 --set gp=10
run without wgan-gp "${ring[@]}" --log-every 5 --steps 300 --set gp=0
row wgan-gp "norm of the critic's gradient between real and fake, ring of Gaussians, last 50 of 300 iterations" in 0.9:1.1 "$(logged with critic/norm)" "penalty (gp=0)" "$(logged without critic/norm)"
run modes wgan-gp "${ring[@]}" --log-every 50 --steps 1000
run lost wgan-gp "${ring[@]}" --log-every 50 --steps 1000 --set gp=0
row wgan-gp "modes of 8 found, 1000 iterations, gp=0.1" ">=" 8 "$(measured modes modes modes-hit -n 5000)" "penalty (gp=0)" "$(measured lost modes modes-hit -n 5000)"
