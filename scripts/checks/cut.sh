# Park et al. 2020: what a generator's own encoder sees at each place, told from all others of the picture, ties its one way to its input. Red shapes on dark to
# blue stripes on light, without pairs; the data know what a scene would be on the other side.
source "$(dirname "$0")/lib.sh"
common=(cut --steps 1500)
for seed in 2 3; do
  run kept$seed "${common[@]}" --seed $seed
  run plain$seed "${common[@]}" --seed $seed --set nce=0 --set nce_identity=0
done
run unjudged2 "${common[@]}" --seed 2 --set gan=0
run own2 "${common[@]}" --seed 2 --set nce=0
of() { "$1" "$2" "$3" "$3" -n 200; }
row cut "overlap (IoU) of what stands out in G(a) and in the same scene on side b, shapes 32 px, 1500 iterations, worst of 2 seeds" ">" 0.65 "$(of least kept place_b)" "PatchNCE (nce=0, nce_identity=0), best of 2" "$(of largest plain place_b)"
row cut "the same" ">" 0.65 "$(of least kept place_b)" "PatchNCE(x, G(x)) (nce=0), one seed" "$(of least own place_b)"
row cut "mean \\|G(a) - the same scene on side b\\|, mean of the same runs" "<=" 0.155 "$(of average kept truth_b)" "PatchNCE (nce=0, nce_identity=0)" "$(of average plain truth_b)"
row cut "random-feature distance of G(a) to side b over that of a to side b, the larger of the same runs" "<" 0.02 "$(of largest kept distance_b)" "D (gan=0), one seed" "$(of least unjudged distance_b)"
row cut "share of G(a) that look like side b by means and spreads of their channels, worst of the same runs" ">" 0.85 "$(of least kept domain_b)" "D (gan=0), one seed" "$(of least unjudged domain_b)"
