# Reed et al. 2016: where an object is drawn follows a box, through spatial transformers, or keypoints, through a gate; a caption alone is completed to keypoints.
# Drawn shapes, one in a picture, solid on light grounds, anywhere. Measured by what stands out from the ground.
source "$(dirname "$0")/lib.sh"
shapes=(gawwn --batch 32 --log-every 100 --seed 3 --set text_steps=1500)
run box "${shapes[@]}" --steps 5300
run blind "${shapes[@]}" --steps 2000 --set location=none
run norms "${shapes[@]}" --steps 2700 --set norms=all
run points "${shapes[@]}" --steps 14700 --set keypoint_steps=12000 --set location=keypoints
run untrained "${shapes[@]}" --steps 20 --set text_steps=1 --set keypoint_steps=1 --set location=keypoints
of() { measured "$1" "$2" "$2" -n 500; }
row gawwn "what stands out in a sample that lies in the box asked for, 32 px, 3800 iterations of the GAN" ">" 0.7 "$(of box inside)" "spatial transformers (location=none, 500 iterations)" "$(of blind inside)"
row gawwn "median of what does both, over what does either (of the data's pictures $(short "$(of box overlap-of-data)")), the same run" ">" 0.5 "$(of box overlap)" "spatial transformers (location=none, 500 iterations)" "$(of blind overlap)"
row gawwn "correlation of how far what is drawn moves and how far its box is moved, noise and caption kept, the same run" ">" 0.8 "$(of box follows)" "spatial transformers (location=none, 500 iterations)" "$(of blind follows)"
row gawwn "samples in which an independent classifier sees the caption's colour, the same run" ">" 0.8 "$(of box shows-colour)" - -
row gawwn "samples in which it sees the caption's kind of shape, the same run" ">" 0.6 "$(of box shows-kind)" - -
row gawwn "test pictures to which D gives a higher score beside their own caption than beside another class's, the box the same, the same run" ">" 0.8 "$(of box matching)" "D without norms of what has seen both (norms=all, 1200 iterations)" "$(of norms matching)"
row gawwn "the same beside another kind's of the same colour" ">" 0.7 "$(of box matching-kind)" "D without norms of what has seen both (norms=all, 1200 iterations)" "$(of norms matching-kind)"
row gawwn "distance, in sides, of what is drawn at keypoints from the middle of the object whose they are, 1200 iterations" "<" 0.1 "$(of points distance)" "a location (location=none, 500 iterations)" "$(of blind distance)"
row gawwn "correlation of how far it moves and how far its keypoints are moved, the same run" ">" 0.8 "$(of points follows)" "a location (location=none, 500 iterations)" "$(of blind follows)"
row gawwn "largest difference of a given keypoint before and behind completion, the same run" "<=" 0 "$(of points given-kept)" - -
row gawwn "keypoints completed from one: distance to the nearest of the data, over that of other data, the same run" "<" 2 "$(of points geometry)" "training (1 iteration)" "$(of untrained geometry)"
