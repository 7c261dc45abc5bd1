# Lu et al. 2018: from a low, grey view and a condition to a picture that has both. D_Y is shown real pictures beside conditions that they do not fit, so G cannot leave them aside; the
# ways there and back keep the rest. Shapes of three colours, filled or outlined, in a hat or without; then shapes by what a classifier's features say of another picture.
source "$(dirname "$0")/lib.sh"
attributes=(conditional-cyclegan --steps 2500 --seed 2)
run with "${attributes[@]}"
run unmatched "${attributes[@]}" --set mismatched=0
run oneway "${attributes[@]}" --set lambda=0
run known conditional-cyclegan --data shapes:single,plain=1,label=both --set condition=identity --steps 1500 --seed 2
of() { measured "$1" "$2" "$2" -n 400; }
row conditional-cyclegan "edited pictures in which a classifier trained apart finds the change, shapes 32 px from 8, 2500 iterations" ">" 0.85 "$(of with edited)" "pairs that do not fit (mismatched=0)" "$(of unmatched edited)"
row conditional-cyclegan "their other attributes that it finds as they were, the same run" ">" 0.85 "$(of with kept)" - -
row conditional-cyclegan "how far the thing in a picture moves when edited, in sides, the same run" "<" 0.06 "$(of with moved)" "the ways there and back (lambda=0)" "$(of oneway moved)"
row conditional-cyclegan "mean \\|F(G(x, z)) - x\\|, pixels in [-1, 1], the same run" "<" 0.1 "$(of with cycle-x)" "the ways there and back (lambda=0)" "$(of oneway cycle-x)"
row conditional-cyclegan "mean \\|low view of G(x, z) - x\\|, the same run" "<" 0.2 "$(of with consistency)" - -
row conditional-cyclegan "test pictures to which D_Y gives a higher score with their own attributes than with another's, the same run" ">" 0.8 "$(of with matching)" "pairs that do not fit (mismatched=0)" "$(of unmatched matching)"
row conditional-cyclegan "pictures made for another's features whose own are nearer to these than to those of the low view's picture, 64 identities, 1500 iterations" ">" 0.9 "$(of known nearer)" - -
