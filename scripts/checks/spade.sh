# Park et al. 2019: norms whose gain and bias follow the label map say at each place what is to be there, so that nothing of the map is lost on the way; without them, the generator of pix2pixHD, which is
# given the map once. Drawn landscapes at noon; with the light of the day, an encoder of styles takes it from another picture.
source "$(dirname "$0")/lib.sh"
common=(spade --size 32 --steps 1000 --data landscapes:light=noon)
for seed in 2 3; do
  run spade$seed "${common[@]}" --seed $seed
  run once$seed "${common[@]}" --seed $seed --set condition=input
done
run styled2 spade --size 32 --steps 1500 --data landscapes --seed 2 --set style=encoder
run free2 spade --size 32 --steps 1500 --data landscapes --seed 2 --set style=encoder --set kl=0
of() { "$1" "$2" "$3" "$3" -n 200; }
row spade "intersection over union of what a segmenting network reads and the map, landscapes at noon, 32 px, 1000 iterations, worst of 2 seeds" ">" 0.9 "$(of least spade fcn_iou)" "norms by the map (condition=input), best of 2" "$(of largest once fcn_iou)"
row spade "mean \\|output - picture\\|, the larger of the same runs" "<" 0.09 "$(of largest spade l1)" "norms by the map (condition=input), best of 2" "$(of least once l1)"
row spade "how far mean colours of maps of one meaning everywhere are from that meaning's (1: as if all meanings were one), the larger of the same runs" "<" 0.5 "$(of largest spade uniform_colour)" "norms by the map (condition=input), best of 2" "$(of least once uniform_colour)"
row spade "how far mean colours in the style of another picture are from that picture's (1: as far as the own picture's), landscapes of any light, 1500 iterations" "<" 0.5 "$(measured styled2 style_colour style_colour -n 200)" "-" "-"
row spade "random-feature distance of random styles to the pictures, the same run" "<" 0.3 "$(measured styled2 random_fid random_fid -n 200)" "KL (kl=0)" "$(measured free2 random_fid random_fid -n 200)"
