# Zhang et al. 2019: a sample shows the class asked for through the projection; if D does not see the label, G need not follow it.
source "$(dirname "$0")/lib.sh"
settings=(--data shapes:single --size 16 --channels 1 --batch 32 --steps 1200 --set width=16 --set latent=32 --set norm_decay=0.95)
run with sagan "${settings[@]}"
run without sagan "${settings[@]}" --set projection=false
row sagan "samples that show the class asked for, shapes of 16 px, 1200 iterations" ">=" 0.95 "$(measured with agreement agreement -n 2000)" "projection" "$(measured without agreement agreement -n 2000)"
