# Wang, Gupta 2016: a picture is drawn of surface normals, and a fixed network that estimates normals must read them off it. Rooms of spheres and boxes; the style learns from
# real normals, so its trainings need none of the structure's.
source "$(dirname "$0")/lib.sh"
fcn=1000 style=2400 structure=1500
styled=(ss-gan --steps $((fcn + style + 1)) --seed 5 --set fcn_steps=$fcn --set structure_steps=0 --set style_steps=$style)
run with "${styled[@]}"
run without "${styled[@]}" --set lambda=0
run structure ss-gan --steps $((structure + 1)) --seed 5 --set fcn_steps=0 --set structure_steps=$structure --set style_steps=0
of() { measured "$1" "$2" "$2" -n 480; }
real=$(of with estimator-accuracy)
row ss-gan "places of held-out pictures whose word, one of 8, the FCN finds, rooms of 32 px, $fcn iterations of 20" ">" 0.7 "$real" "its training (fcn_steps=0)" "$(of structure estimator-accuracy)"
row ss-gan "places of pictures drawn of real normals where the FCN finds their word, $style iterations" ">" 0.6 "$(of with style-accuracy)" "the FCN's loss (lambda=0)" "$(of without style-accuracy)"
row ss-gan "share of those pictures that D takes for real, the same run" ">" 0.05 "$(of with fooled)" - -
row ss-gan "places where the FCN finds the same word in two pictures of the same normals, over its accuracy on real ones" ">" 0.8 "$(calculate "$(of with same-normals) / $real")" "the FCN's loss (lambda=0)" "$(calculate "$(of without same-normals) / $real")"
row ss-gan "mean difference of those two pictures, over that of two real ones" ">" 0.1 "$(of with style-spread)" "z (by definition)" 0
row ss-gan "total variation between the words of drawn normals and of real ones, $structure iterations" "<" 0.2 "$(of structure words-off)" "their training (structure_steps=0)" "$(of with words-off)"
