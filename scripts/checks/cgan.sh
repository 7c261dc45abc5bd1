# Mirza, Osindero 2014: a sample shows the class that was asked for, because D sees the label too; if D does not, G need not follow it.
source "$(dirname "$0")/lib.sh"
settings=(--data shapes:single,colours=class --size 16 --batch 64 --steps 2000 --set architecture=dcgan --set width=16 --set latent=32)
run with cgan "${settings[@]}"
run without cgan "${settings[@]}" --set label_in_d=false
row cgan "samples that show the class asked for, shapes of 16 px in a colour a class, 2000 iterations" ">=" 0.9 "$(measured with agreement agreement -n 2000)" "D's label" "$(measured without agreement agreement -n 2000)"
row cgan "variance inside a class / that of real pictures" ">=" 0.3 "$(measured with diversity class-diversity -n 2000)" - -
