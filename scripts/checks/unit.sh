# Liu, Breuel, Kautz 2017: both sides have one code, so that what is encoded on one can be decoded on the other. Red shapes on dark, blue stripes (and in
# one row outlines) on light, no pairs; the data know what a scene would be on the other side.
source "$(dirname "$0")/lib.sh"
common=(unit --data shapes:unpaired,truth=1 --size 32 --batch 4 --set width=8 --set d_width=16 --set rate=1e-3)
run both "${common[@]}" --steps 2500
run untied "${common[@]}" --steps 2500 --set shared=0 --set blocks=4 --set cycle=0 --set kl_cycle=0
run unjudged "${common[@]}" --steps 2500 --set gan=0
run unowned "${common[@]}" --steps 2500 --set reconstruction=0
run begun "${common[@]}" --steps 1
outlines=(unit --data shapes:unpaired,b=outlined,plain=1,truth=1 --size 32 --batch 4 --steps 4000 --set width=8 --set d_width=32 --set d_layers=3 --set rate=1e-3)
run outlined "${outlines[@]}"
run blots "${outlines[@]}" --set shared=0 --set blocks=4 --set cycle=0 --set kl_cycle=0
run unbounded "${common[@]}" --steps 2500 --set kl=0 --set kl_cycle=0
pair() { row unit "$1" "$2" "$3" "$(measured both "$4" "$4" -n 200)" "$5" "$(measured "$6" "$4" "$4" -n 200)"; }
pair "distance of a scene's codes on both sides over that of different scenes', shapes 32 px, 2500 iterations" "<" 0.85 codes "shared layers and cycles" untied
pair "overlap (IoU) of what stands out in a -> b and in the same scene on side b, the same runs" ">" 0.6 place_b "shared layers and cycles" untied
# Without discriminators most results look like side b too (0.865): what is decoded there has its colours. So this row guards the training, the next one them.
pair "share of a -> b that look like side b by means and spreads of their channels" ">" 0.8 domain_b "training (1 iteration)" begun
pair "random-feature distance of a -> b to side b over that of a to side b" "<" 0.01 distance_b discriminators unjudged
pair "mean \\|a -> a - a\\| on unseen scenes" "<" 0.08 own_a reconstruction unowned
# Shared layers alone bring the ways back (stripes, 3500 iterations: 0.0781 without cycles, and 0.11 with nothing tied).
row unit "mean \\|a -> b -> a - a\\| on unseen scenes, large shapes and outlines, 4000 iterations" "<" 0.12 "$(measured outlined cycle_a cycle_a -n 200)" "shared layers and cycles" "$(measured blots cycle_a cycle_a -n 200)"
pair "mean square of the numbers in codes" "<=" 2 code_square KL unbounded
