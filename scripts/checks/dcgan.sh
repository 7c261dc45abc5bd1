# Radford et al. 2016: with batch norm the pair trains and loses no class; every class holds at least 3 % of 2,000 samples.
source "$(dirname "$0")/lib.sh"
run with dcgan --data fashion-mnist --set width=32 --steps 1500
row dcgan "smallest class among 2,000 samples, Fashion-MNIST, 1500 iterations" ">=" 0.03 "$(measured with coverage smallest-class -n 2000)" - -
