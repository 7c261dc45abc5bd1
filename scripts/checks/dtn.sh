# Taigman et al. 2017: what a fixed f, trained on the classes of one side, sees of a picture is all that g is given of it, and f must see the same in what g makes; pictures
# of the other side stay what they are. From textured shapes to white outlines on black, without pairs.
source "$(dirname "$0")/lib.sh"
shapes=(dtn --size 32 --batch 32 --steps 3000 --seed 2)
run with "${shapes[@]}"
run unheld "${shapes[@]}" --set alpha=0 --set beta=0
run free "${shapes[@]}" --set beta=0
run own "${shapes[@]}" --set encoder=own
run smooth "${shapes[@]}" --set gamma=0.003
of() { measured "$1" "$2" "$2" -n 960; }
row dtn "share of G(a) in which a classifier trained apart on b sees the class of a, one of 5, shapes 32 px, 3000 iterations" ">" 0.8 "$(of with shows-class)" "L_CONST and L_TID (alpha=0, beta=0)" "$(of unheld shows-class)"
row dtn "the same" ">" 0.8 "$(of with shows-class)" "f in g (encoder=own)" "$(of own shows-class)"
row dtn "pictures of b whose class is that of the nearest G(a), the same run" ">" 0.8 "$(of with adaptation)" "L_CONST and L_TID (alpha=0, beta=0)" "$(of unheld adaptation)"
row dtn "mean \\|G(b) - b\\|, the same run" "<" 0.13 "$(of with same_b)" "L_TID (beta=0)" "$(of free same_b)"
row dtn "total variation of G(a) over that of b, gamma=0.003" "<" 1.17 "$(calculate "$(of smooth variation) / $(of smooth variation_b)")" "L_TV (gamma=0)" "$(calculate "$(of with variation) / $(of with variation_b)")"
