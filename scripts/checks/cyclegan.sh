# Zhu et al. 2017: the cycle ties the mapping to its input. Two looks of shapes (red and solid on dark, blue and striped on
# light); the data know what a scene would be on the other side.
source "$(dirname "$0")/lib.sh"
common=(cyclegan --data shapes:unpaired,truth=1 --size 32 --batch 1 --steps 1500 --set width=8 --set blocks=2 --set rate=5e-4 ${OMP_NUM_THREADS:+--threads $OMP_NUM_THREADS})
run cycle "${common[@]}"
run none "${common[@]}" --set lambda_a=0 --set lambda_b=0
run alone "${common[@]}" --set gan=0
row cyclegan "mean \\|G(a) - the same scene on side b\\|, shapes 32 px" "<=" 0.15 "$(measured cycle truth_b truth_b -n 200)" "cycle and identity terms" "$(measured none truth_b truth_b -n 200)"
row cyclegan "the same" "<=" 0.15 "$(measured cycle truth_b truth_b -n 200)" "discriminators" "$(measured alone truth_b truth_b -n 200)"
row cyclegan "overlap (IoU) of what stands out in G(a) and in that scene" ">" 0.7 "$(measured cycle place_b place_b -n 200)" "cycle and identity terms" "$(measured none place_b place_b -n 200)"
row cyclegan "share of G(a) that look like side b" ">" 0.9 "$(measured cycle domain_b domain_b -n 200)" "discriminators" "$(measured alone domain_b domain_b -n 200)"
row cyclegan "mean \\|F(G(a)) - a\\| on unseen scenes" "<" 0.1 "$(measured cycle cycle_a cycle_a -n 200)" "cycle and identity terms" "$(measured none cycle_a cycle_a -n 200)"
