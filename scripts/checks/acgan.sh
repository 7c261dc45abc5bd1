# Odena et al. 2017: a sample shows its class because G is rewarded for being recognised; without that term it need not.
source "$(dirname "$0")/lib.sh"
settings=(--data shapes:single,colours=class --size 16 --batch 64 --steps 1500 --set width=24 --set d_width=8 --set latent=32)
run with acgan "${settings[@]}"
run without acgan "${settings[@]}" --set class_weight=0
row acgan "samples that show the class asked for, shapes of 16 px in a colour a class, 1500 iterations" ">=" 0.9 "$(measured with agreement agreement -n 2000)" "G's class term (class_weight=0)" "$(measured without agreement agreement -n 2000)"
row acgan "test pictures whose class D's head names rightly" ">=" 0.9 "$(measured with class-accuracy class-accuracy -n 1000)" - -
row acgan "variance inside a class / that of real pictures" ">=" 0.3 "$(measured with diversity class-diversity -n 2000)" - -
