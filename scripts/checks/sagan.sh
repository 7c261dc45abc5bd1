# Zhang et al. 2019: a sample shows the class asked for through the projection; if D does not see the label, G need not follow it.
source "$(dirname "$0")/lib.sh"
settings=(--data shapes:single,colours=class --size 16 --batch 32 --steps 2000 --set width=8 --set latent=32 --set norm_decay=0.95 --set rate_g=4e-4 --set rate_d=8e-4)
run with sagan "${settings[@]}"
run without sagan "${settings[@]}" --set projection=false
row sagan "samples that show the class asked for, shapes of 16 px in a colour a class, 2000 iterations" ">=" 0.95 "$(measured with agreement agreement -n 2000)" "projection" "$(measured without agreement agreement -n 2000)"
