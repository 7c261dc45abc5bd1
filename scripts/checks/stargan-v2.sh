# Choi et al. 2020: styles that are drawn differ because their distance is rewarded, and a style can be read off a picture. Shapes of 16 px: three domains by colour, and what a style decides is above all
# whether the ground is light or dark.
source "$(dirname "$0")/lib.sh"
shapes=(stargan-v2 --size 16 --steps 2500 --threads 1 --seed 2)
run whole "${shapes[@]}"
run alike "${shapes[@]}" --set lambda_ds=0
run oneway "${shapes[@]}" --set lambda_cyc=0
run unread "${shapes[@]}" --set lambda_sty=0
of() { measured "$1" "$2" "$2" -n 300; }
row stargan-v2 "pictures brought to another domain in a random style in which a classifier trained apart finds it, shapes 16 px, 2500 iterations" ">" 0.85 "$(of whole domain)" - -
row stargan-v2 "the same in the style of another picture, the same run" ">" 0.65 "$(of whole domain_style)" - -
row stargan-v2 "how far the mean colour in the style of another picture is from that picture's (1: as two pictures of a domain are apart), the same run" "<" 0.3 "$(of whole style_colour)" "the way back (lambda_cyc=0)" "$(of oneway style_colour)"
row stargan-v2 "the same" "<" 0.3 "$(of whole style_colour)" "the style read off results (lambda_sty=0)" "$(of unread style_colour)"
row stargan-v2 "how far the style read off a random result is from the one given (1: as two styles of a domain are apart), the same run" "<" 0.6 "$(of whole style_error)" "that in training (lambda_sty=0)" "$(of unread style_error)"
row stargan-v2 "how far the mean colours of two random results of a picture are apart (1: as two pictures of a domain), the same run" ">" 0.2 "$(of whole colour_diversity)" "rewarded distance (lambda_ds=0)" "$(of alike colour_diversity)"
row stargan-v2 "mean distance of the pixels of x and G(G(x, s), E(x)), the same run" "<" 0.25 "$(of whole cycle)" "the way back (lambda_cyc=0)" "$(of oneway cycle)"
row stargan-v2 "how far the thing in a picture moves, in sides, the same run" "<" 0.12 "$(of whole moved)" - -
