# Choi et al. 2018: one generator changes every attribute by its vector, because D names the attributes of what it makes; the way back keeps the rest of the
# picture. Shapes of three colours, filled or outlined, small or large.
source "$(dirname "$0")/lib.sh"
shapes=(stargan --data shapes:attributes,without=hat+frame+dark --size 32 --batch 8 --seed 2)
run with "${shapes[@]}" --steps 7000
run unnamed "${shapes[@]}" --steps 7000 --set lambda_cls=0
run oneway "${shapes[@]}" --steps 7000 --set lambda_rec=0
run steep "${shapes[@]}" --steps 700 --set lambda_gp=0
of() { measured "$1" "$2" "$2" -n 400; }
row stargan "edited pictures in which a classifier trained apart finds the change, shapes 32 px, 7000 iterations" ">" 0.9 "$(of with edited)" "D's attributes (lambda_cls=0)" "$(of unnamed edited)"
row stargan "their other attributes that it finds as they were, the same run" ">" 0.9 "$(of with kept)" - -
row stargan "mean \\|x - G(G(x, c), c')\\|, the same run" "<" 0.15 "$(of with cycle)" "the way back (lambda_rec=0)" "$(of oneway cycle)"
row stargan "how far the thing in a picture moves when edited, in sides, the same run" "<" 0.06 "$(of with moved)" - -
row stargan "norm of D's gradient between real and edited pictures, last 10 logged" in 0.9:1.1 "$(logged with D/norm)" "penalty (lambda_gp=0, 700 iterations)" "$(logged steep D/norm)"
