# Zhu et al. 2017: the cycle ties the mapping to its input. Two looks of shapes (red and solid on dark, blue and striped on
# light); the data know what a scene would be on the other side.
source "$(dirname "$0")/lib.sh"
common=(cyclegan --data shapes:unpaired,truth=1 --size 32 --batch 1 --steps 1200 --set width=8 --set blocks=2)
run cycle "${common[@]}"
run none "${common[@]}" --set lambda_a=0 --set lambda_b=0
row cyclegan "mean |G(a) - the same scene on side b|, shapes 32 px" "<=" 0.4 "$(measured cycle truth_b truth_b -n 200)" "cycle" "$(measured none truth_b truth_b -n 200)"
run alone "${common[@]}" --set gan=0
row cyclegan "share of G(a) that look like side b" ">=" 0.9 "$(measured cycle domain_b domain_b -n 200)" "discriminators" "$(measured alone domain_b domain_b -n 200)"
