# Zhu et al. 2017b: a code that can be read back from the output is used; noise beside the input of pix2pix is not.
source "$(dirname "$0")/lib.sh"
common=(bicyclegan --data shapes:pairs,objects=1 --size 32 --batch 2 --steps 1200 --set width=12 --set latent=4)
run both "${common[@]}"
run noise "${common[@]}" --set method=pix2pix+noise
row bicyclegan "mean |output - output for the next z|, edges to shapes 32 px" ">=" 0.05 "$(measured both diversity diversity -n 50)" "both cycles" "$(measured noise diversity diversity -n 50)"
