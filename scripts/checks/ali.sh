# Dumoulin et al. 2017: reconstructions land where the point was; the codes drawn for the data have the prior's law.
source "$(dirname "$0")/lib.sh"
settings=(--data mixture:ring8 --batch 100 --steps 5000 --set width=64 --set rate=5e-4)
run with ali "${settings[@]}"
run without ali "${settings[@]}" --set encoder=0
row ali "|x - G(E(x))| over that to other points, ring of Gaussians, 5000 iterations" "<" 0.35 "$(measured with reconstruction-ratio reconstruction-ratio -n 2000)" "encoder's gradient (encoder=0)" "$(measured without reconstruction-ratio reconstruction-ratio -n 2000)"
row ali "largest |deviation of drawn codes - 1|, the same run" "<" 0.2 "$(measured with drawn-deviation drawn-deviation -n 2000)" - -
