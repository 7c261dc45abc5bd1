# Yoo et al. 2016: D_A says what of a source its product must have, and is taught so by pairs that do not belong together; D_R says what products look like. Products of 32 px that nobody
# trained on, from sources with the product anywhere, turned, on a pattern.
source "$(dirname "$0")/lib.sh"
common=(pldt --steps 4000 --seed 2)
run pldt "${common[@]}"
run real "${common[@]}" --set loss=real
run alone "${common[@]}" --set negatives=false
run mse "${common[@]}" --set loss=mse
of() { measured "$1" "$2" "$2" -n 1000; }
ratio() { calculate "$(of "$1" l2) / $(of "$1" l2_other)"; }
row pldt "share of C(x) in which a classifier trained apart sees the colour of the target, one of 8, held-out products of 32 px, 4000 iterations" ">" 0.8 "$(of pldt shows-colour)" "D_A (loss=real)" "$(of real shows-colour)"
row pldt "the same of the shape, one of 5" ">" 0.8 "$(of pldt shows-shape)" "D_A (loss=real)" "$(of real shows-shape)"
row pldt "the same of both" ">" 0.64 "$(of pldt shows-class)" "targets of others (negatives=false)" "$(of alone shows-class)"
row pldt "pairs that D_A gets right, associated and not, the same run" ">" 0.8 "$(of pldt associated)" "targets of others (negatives=false)" "$(of alone associated)"
row pldt "(C(x) - y)^2 over (C(x) - y of another)^2, the same run" "<" 0.7 "$(ratio pldt)" "D_A (loss=real)" "$(ratio real)"
row pldt "energy of the finest details of outputs over targets, the same run" ">" 0.8 "$(of pldt spectrum_1)" "discriminators (loss=mse)" "$(of mse spectrum_1)"
