# Zhu et al. 2017: the cycle ties the mapping to its input. Two looks of shapes (red and solid on dark, blue and striped on
# light); the data know what a scene would be on the other side.
source "$(dirname "$0")/lib.sh"
common=(cyclegan --data shapes:unpaired,truth=1 --size 32 --batch 4 --set width=8 --set blocks=2 --set rate=1e-3)
# Without identity terms, as in most of the paper: they show each generator pictures of the side that it is to make.
run both "${common[@]}" --steps 3000 --set identity=0
run uncycled "${common[@]}" --steps 3000 --set identity=0 --set lambda_a=0 --set lambda_b=0
run unjudged "${common[@]}" --steps 3000 --set identity=0 --set gan=0
run tied "${common[@]}" --steps 3000
run begun "${common[@]}" --steps 1 --set identity=0
pair() { row cyclegan "$1" "$2" "$3" "$(measured "${7:-both}" "$4" "$4" -n 200)" "$5" "$(measured "$6" "$4" "$4" -n 200)"; }
pair "mean \\|G(a) - the same scene on side b\\|, shapes 32 px" "<=" 0.15 truth_b cycle uncycled
pair "the same" "<=" 0.15 truth_b discriminators unjudged
pair "overlap (IoU) of what stands out in G(a) and in that scene" ">" 0.7 place_b cycle uncycled
pair "the same" ">" 0.7 place_b discriminators unjudged
# The sheet takes a G without discriminators for the identity. It is not: G learns from |G(F(b)) - b| alone to make pictures in the colours of
# side b (the share is 1 then, too), so this row guards the training as a whole, and the next one the discriminators.
pair "share of G(a) that look like side b by means and spreads of their channels" ">" 0.9 domain_b "training (1 iteration)" begun
pair "random-feature distance of G(a) to side b over that of a to side b" "<" 0.01 distance_b discriminators unjudged
pair "mean \\|F(G(a)) - a\\| on unseen scenes" "<" 0.1 cycle_a cycle uncycled
pair "mean \\|G(b) - b\\|, with identity terms" "<" 0.1 same_b "identity terms" both tied
