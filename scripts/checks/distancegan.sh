# Benaim & Wolf 2017: a map without a way back is tied to its input by the distances between pictures, which it keeps. Triangles in two looks, without
# pairs, on DiscoGAN's networks; the data know what a scene would be on the other side.
source "$(dirname "$0")/lib.sh"
common=(distancegan --data shapes:unpaired,kinds=triangle,truth=1 --size 32 --batch 16 --steps 2500 --set width=16)
for seed in 2 3 4; do
  run kept$seed "${common[@]}" --seed $seed
  run plain$seed "${common[@]}" --seed $seed --set pairs=0
  run raw$seed "${common[@]}" --seed $seed --set normalised=false
done
of() { "$1" "$2" "$3" "$3" -n 400; }
row distancegan "correlation of d(a, a') with d(G(a), G(a')) over pairs of unseen pictures, shapes 32 px, 2500 iterations, worst of 3 seeds" ">" 0.8 "$(of least kept spacing_b)" "distances (best of 3)" "$(of largest plain spacing_b)"
row distancegan "mean \\|G(a) - the same scene on side b\\|, mean of the same runs" "<=" 0.25 "$(of average kept truth_b)" distances "$(of average plain truth_b)"
row distancegan "the same" "<=" 0.25 "$(of average kept truth_b)" "each side's mean and deviation (normalised=false)" "$(of average raw truth_b)"
row distancegan "share of G(a) that look like side b by means and spreads of their channels, mean of the same runs" ">" 0.7 "$(of average kept domain_b)" "each side's mean and deviation (normalised=false)" "$(of average raw domain_b)"
