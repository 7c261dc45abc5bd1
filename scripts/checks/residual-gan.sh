# Shen & Liu 2017: pictures that are added give an attribute or take it, by three classes of D. Discs, half of them in a hat.
source "$(dirname "$0")/lib.sh"
run with residual-gan --steps 3000 --seed 2
run without residual-gan --steps 1 --seed 2
row residual-gan "edited pictures, each given a hat or freed of it, in which a classifier trained apart finds that, faces in hats and without, 32 px, 3000 iterations" ">" 0.9 "$(measured with edited edited -n 400)" "training (1 iteration)" "$(measured without edited edited -n 400)"
row residual-gan "real and made pictures that D tells right of three classes, last 10 logged" ">" 0.34 "$(logged with D/right)" - -
