# Kim et al. 2017: reconstructions in both directions make the mapping one to one, so that no two modes of a land on one mode of b. On
# points that is counted; of triangles in two looks (no pairs) the angle is compared, and what the data know a scene to be on the other side.
source "$(dirname "$0")/lib.sh"
points=(discogan --data mixture:unpaired --batch 200 --steps 8000 --set width=64)
for seed in 1 2 3; do
  run both$seed "${points[@]}" --seed $seed
  run alone$seed "${points[@]}" --seed $seed --set method=gan
done
row discogan "pairs of modes of a that meet on a mode of b, 5 normals to 10 on an arc, 8000 iterations, worst of 3 seeds" "<=" 0 "$(largest both modes-shared modes-shared -n 4000)" "reconstructions (best of 3)" "$(least alone modes-shared modes-shared -n 4000)"
row discogan "points of a that come back to their own mode, the same runs" ">=" 0.95 "$(least both returned returned -n 4000)" "reconstructions (best of 3)" "$(largest alone returned returned -n 4000)"
row discogan "points of G(a) within three deviations of a mode of b, the same runs" ">=" 0.8 "$(least both on-mode on-mode -n 4000)" - -
shapes=(discogan --data shapes:unpaired,kinds=triangle,truth=1 --size 32 --batch 16 --steps 2500 --set width=16)
for seed in 2 3; do
  run shapes$seed "${shapes[@]}" --seed $seed
  run oneway$seed "${shapes[@]}" --seed $seed --set method=recongan
done
pair() { row discogan "$1" "$2" "$3" "$($4 shapes $6 $6 -n 400)" "the other reconstruction (recongan, best of 2)" "$($5 oneway $6 $6 -n 400)"; }
pair "correlation of how triangles are turned in a and in G(a), 32 px, 2500 iterations, worst of 2 seeds" ">=" 0.7 least largest turn_b
pair "mean \\|G(a) - the same scene on side b\\|, the same runs" "<=" 0.2 largest least truth_b
pair "share of G(a) that look like side b by means and spreads of their channels, the same runs" ">" 0.8 least largest domain_b
