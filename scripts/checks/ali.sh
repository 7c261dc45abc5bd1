# Dumoulin et al. 2017: reconstructions land where the point was, though nothing compares them with it; without the encoder's
# adversarial gradient they do not. The sheet's 25 normals, so wide (0.1) that a code of two numbers can be read off a point, weights begun
# at He's scale for nets as narrow as these, and a rate that falls to a hundredth.
source "$(dirname "$0")/lib.sh"
settings=(--data mixture:grid25,deviation=0.1 --batch 100 --steps 50000 --log-every 500 --threads 1 --set width=64 --set d_width=64 --set deviation=0 --set rate=1e-3 --set last_rate=0.01)
run with ali "${settings[@]}" &
run without ali "${settings[@]}" --set encoder=0
wait $!   # with its failure, if any
of() { measured "$1" "$2" "$2" -n 2000; }
row ali "points whose G(E(x)) is nearest to their own normal, 25 normals, 50000 iterations" ">" 0.8 "$(of with reconstructed-label)" "encoder's gradient (encoder=0)" "$(of without reconstructed-label)"
row ali "the same" ">" 0.8 "$(of with reconstructed-label)" "the point's own code (another point's)" "$(of with reconstructed-label-shuffled)"
row ali "distance of x to G(E(x)) over that to G(E(y)), the same run" "<" 0.35 "$(of with reconstruction-ratio)" "encoder's gradient (encoder=0)" "$(of without reconstruction-ratio)"
row ali "normals of 25 found by samples, the same run" ">=" 20 "$(measured with modes modes-hit -n 2000)" - -
row ali "mean of an element of drawn codes, the larger, the same run" "<" 0.2 "$(of with drawn-mean)" - -
row ali "deviation of drawn codes, from 1, the same run" "<" 0.2 "$(of with drawn-deviation)" - -
row ali "sigma of q(z \\| x), mean, the same run" ">" 0.01 "$(of with sigma)" - -
