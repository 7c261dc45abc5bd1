# Liu, Tuzel 2016: both pictures of a z show the same garment, one as it is, one negative, though no pair was ever seen; two GANs that
# share nothing agree no better than pictures of different z.
source "$(dirname "$0")/lib.sh"
settings=(--data halves:fashion-mnist,negative --size 16 --channels 1 --batch 64 --steps 1500 --set width=32 --set d_width=20)
run with cogan "${settings[@]}"
run without cogan "${settings[@]}" --set sharing=false
row cogan "pixels in which b agrees with the negative of a, Fashion-MNIST at 16 px, 1500 iterations" ">=" 0.9 "$(measured with pairs-negative pairs-negative -n 4000)" "sharing" "$(measured without pairs-negative pairs-negative -n 4000)"
row cogan "the same for pictures of different z" "<" 0.7 "$(measured with pairs-negative-shuffled pairs-negative-shuffled -n 4000)" - -
