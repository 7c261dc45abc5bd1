# Dumoulin et al. 2017: reconstructions land where the point was; the codes drawn for the data have the prior's law.
source "$(dirname "$0")/lib.sh"
settings=(--data mixture:ring8 --batch 100 --steps 2000 --log-every 100 --set width=64 --set rate=1e-3)
run with ali "${settings[@]}"
run without ali "${settings[@]}" --set encoder=0
row ali "distance of x to G(E(x)) over that to other points, ring of Gaussians, 2000 iterations" "<" 0.35 "$(measured with reconstruction-ratio reconstruction-ratio -n 2000)" "encoder's gradient (encoder=0)" "$(measured without reconstruction-ratio reconstruction-ratio -n 2000)"
row ali "deviation of drawn codes, from 1, the same run" "<" 0.2 "$(measured with drawn-deviation drawn-deviation -n 2000)" - -
