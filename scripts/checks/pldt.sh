# Yoo et al. 2016: D_A says what of a source its product must have, and is taught so by pairs that do not belong together; D_R says what products look like. Products of 32 px that nobody
# trained on, from sources with the product upright in the middle, as people are in the paper's, on a pattern. What needs no shapes is also asked of products anywhere, turned, where D_A knows nothing of
# pairs but by targets of others and where the distance of pixels blurs.
source "$(dirname "$0")/lib.sh"
common=(pldt --steps 4000 --seed 2)
about=(--data "shapes:products,count=5000,objects=1,kinds=circle+square+triangle+star+heart")
run pldt "${common[@]}"
run real "${common[@]}" --set loss=real
run alone "${common[@]}" --set negatives=false
run pldt-about "${common[@]}" "${about[@]}"
run alone-about "${common[@]}" "${about[@]}" --set negatives=false
run mse-about "${common[@]}" "${about[@]}" --set loss=mse
of() { measured "$1" "$2" "$2" -n 1000; }
ratio() { calculate "$(of "$1" l2) / $(of "$1" l2_other)"; }
row pldt "share of C(x) in which a classifier trained apart sees the colour of the target, one of 8, held-out products of 32 px, 4000 iterations" ">" 0.8 "$(of pldt shows-colour)" "D_A (loss=real)" "$(of real shows-colour)"
row pldt "the same of the shape, one of 5" ">" 0.8 "$(of pldt shows-shape)" "D_A (loss=real)" "$(of real shows-shape)"
row pldt "the same of both" ">" 0.85 "$(of pldt shows-class)" "targets of others (negatives=false)" "$(of alone shows-class)"
row pldt "(C(x) - y)^2 over (C(x) - y of another)^2, the same run" "<" 0.7 "$(ratio pldt)" "D_A (loss=real)" "$(ratio real)"
row pldt "pairs that D_A gets right, associated and not, of products anywhere and turned" ">" 0.8 "$(of pldt-about associated)" "targets of others (negatives=false)" "$(of alone-about associated)"
row pldt "energy of the finest details of outputs over targets, the same run" ">" 0.8 "$(of pldt-about spectrum_1)" "discriminators (loss=mse)" "$(of mse-about spectrum_1)"
