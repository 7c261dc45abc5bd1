# Yi et al. 2017: two Wasserstein critics say what a side looks like, the ways there and back tie a mapping to its input. Outlined shapes of any
# colour to blue striped ones on light, without pairs; the data know what a scene would be on the other side.
source "$(dirname "$0")/lib.sh"
common=(dualgan --data shapes:unpaired,a=hollow,b=blue,truth=1 --size 32 --batch 4 --log-every 20 --set width=16 --set dropout=0.2 --set rate=3e-4)
run both "${common[@]}" --steps 6000 --set lambda_u=30
run uncycled "${common[@]}" --steps 6000 --set lambda_u=0 --set lambda_v=0
run unjudged "${common[@]}" --steps 6000 --set lambda_u=30 --set gan=0
pair() { row dualgan "$1" "$2" "$3" "$(measured both "$4" "$4" -n 400)" "$5" "$(measured "$6" "$4" "$4" -n 400)"; }
pair "share of G_A(u) that look like side V by means and spreads of their channels, shapes 32 px, 6000 iterations" ">" 0.8 domain_b critics unjudged
pair "overlap (IoU) of what stands out in G_A(u) and in the same scene on side V" ">" 0.6 place_b "the ways back" uncycled
pair "mean \\|G_B(G_A(u)) - u\\| on unseen scenes" "<" 0.1 cycle_a "the ways back" uncycled
pair "mean \\|G_A(G_B(v)) - v\\| on unseen scenes" "<" 0.1 cycle_b "the ways back" uncycled
first=$(head -n 20 "$WORK/both/stats.jsonl" | sed -nE 's/.*"critics\/distance_A":([-0-9.e+]+).*/\1/p' | awk '{ s += $1 } END { print s / NR }')
row dualgan "D_A's estimate, mean of the last 400 iterations over that of the first 400" "<" 0.8 "$(calculate "$(logged both critics/distance_A 20) / $first")" - -
# The paper's bound on the weights.
run bounded "${common[@]}" --steps 1500 --set objective=wgan --set clip=0.05 --set lambda_u=20 --set lambda_v=20
run free "${common[@]}" --steps 1500 --set objective=wgan --set clip=0 --set lambda_u=20 --set lambda_v=20
row dualgan "size of D_A's estimate with bounded weights, last 200 of 1500 iterations" "<=" 10 "$(larger "$(logged bounded critics/distance_A)" 0)" "bound (clip=0)" "$(larger "$(logged free critics/distance_A)" 0)"
