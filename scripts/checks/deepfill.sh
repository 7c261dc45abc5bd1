# Yu et al. 2019: a judge of every place of a filled picture keeps holes from being filled with blur. Drawn landscapes at noon, holes of strokes and a rectangle. What gated convolutions, attention and
# the second pass bring there: docs/models/deepfill.md.
source "$(dirname "$0")/lib.sh"
common=(deepfill --size 32 --data holes:both,landscapes:light=noon --threads 1 --steps 1500)
for seed in 4 5; do
  run judged$seed "${common[@]}" --seed $seed
  run alone$seed "${common[@]}" --seed $seed --set gan=0
done
of() { "$1" "$2" "$3" "$3" -n 400; }
drawn="landscapes at noon, 32 px, 1500 iterations of 8, worst of 2 seeds"
row deepfill "random-feature distance of filled pictures to the pictures, $drawn" "<" 0.0055 "$(of largest judged distance)" "D (gan=0), best of 2" "$(of least alone distance)"
row deepfill "difference of neighbours in holes over that in the pictures (1: as sharp), the same" ">" 0.585 "$(of least judged hole_sharpness)" "D, best of 2" "$(of largest alone hole_sharpness)"
row deepfill "mean \\|output - picture\\| in holes, the same" "<" 0.12 "$(of largest judged hole_l1)" "a network (filled by means of what lies around)" "$(measured judged4 smooth_l1 smooth_l1 -n 400)"
