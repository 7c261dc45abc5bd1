# Zhou et al. 2017: an object is a part of the code that pictures without it are decoded without; critics of the children make it show wherever it is put.
# Discs, half of them in a hat of one of eight colours.
source "$(dirname "$0")/lib.sh"
faces=(genegan --steps 6000 --seed 2)
run with "${faces[@]}"
run unjudged "${faces[@]}" --set gan=0
run mixed "${faces[@]}" --set zero=false --set nulling=0
of() { measured "$1" "$2" "$2" -n 400; }
row genegan "pictures that were given a hat or had theirs taken in which a classifier trained apart finds that, faces in hats and without, 32 px, 6000 iterations" ">" 0.9 "$(of with edited)" "the critics (gan=0)" "$(of unjudged edited)"
row genegan "pictures that were given a hat in which it finds the colour of the hat, one of 8, the same runs" ">" 0.3 "$(of with carried)" "the critics (gan=0)" "$(of unjudged carried)"
row genegan "mean \\|change\\| outside of where hats are or were, pixels in [-1, 1], the same run" "<" 0.06 "$(of with outside)" - -
row genegan "mean \\|x - x after its hat was given away and taken back\\|, both pictures, the same run" "<" 0.1 "$(of with swapped-back)" - -
row genegan "what the object's part of a picture without a hat shows, over what another's shows there, the same run" "<" 0.6 "$(of with null-shown)" "zeros and their loss (zero=false nulling=0)" "$(of mixed null-shown)"
row genegan "steps of a quarter from no hat to all of it that move on, the same run" ">" 0.95 "$(of with steady)" - -
