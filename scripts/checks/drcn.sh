# Kim et al. 2016, a small network (16 filters, 5 recursions) on ten scenes, x2: more PSNR of Y than bicubic enlargement on unseen scenes; every recursion
# alone has more too, which those without errors of their own have not; the ensemble is no worse than the best of them.
source "$(dirname "$0")/lib.sh"
common=(drcn --data shapes:sr,scale=2,plain=1,count=10 --size 42 --batch 8 --set width=16 --set recursions=5)
run with "${common[@]}" --steps 3000
run start "${common[@]}" --steps 1
run all "${common[@]}" --steps 3000 --set alpha_span=1
run without "${common[@]}" --steps 3000 --set alpha=0
figure() { measured "$1" "$2" "$2" -n 200; }
row drcn "PSNR of Y above that of bicubic enlargement in dB, unseen shapes of 42 px, x2, 3000 iterations of 8" ">=" 0.7 "$(figure with psnr_gain)" "training (1 iteration)" "$(figure start psnr_gain)"
row drcn "the same of the recursion that has least, alpha falling over the whole run" ">" 0 "$(figure all recursions_gain)" "the recursions' own errors (alpha=0)" "$(figure without recursions_gain)"
row drcn "squared error of the ensemble over that of the best recursion, alpha at 0 for the second half" "<=" 1 "$(figure with ensemble_error)" - -
