# Huang et al. 2024: a relativistic loss of pairs with penalties on the slope of D at real pictures and at fakes. Fashion-MNIST at 16 px, 3000 iterations.
source "$(dirname "$0")/lib.sh"
common=(r3gan --size 16 --batch 16 --threads 1 --steps 3000 --set width=8 --set most_width=32 --set latent=32)
run whole "${common[@]}"
run real "${common[@]}" --set r2=false
run free "${common[@]}" --set r1=false --set r2=false
of() { measured "$1" "$2" "$2" -n 1000; }
row r3gan "random-feature distance of samples, Fashion-MNIST at 16 px, 3000 iterations" "<" 0.15 "$(of whole distance)" "both penalties" "$(of free distance)"
row r3gan "mean squared slope of D at samples, the same" "<" 0.1 "$(of whole slope-fake)" "the penalty at fakes (r2=false)" "$(of real slope-fake)"
row r3gan "mean squared slope of D at test pictures, the same" "<" 0.1 "$(of whole slope-real)" "both penalties" "$(of free slope-real)"
