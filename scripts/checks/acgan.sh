# Odena et al. 2017: a sample shows its class because G is rewarded for being recognised; without that term it need not, as D never
# sees what was asked for. Eight wide normals, a class each; the worst of three seeds with the term beside the best without it.
source "$(dirname "$0")/lib.sh"
settings=(--data mixture:ring8,deviation=0.1 --batch 100 --steps 3000 --log-every 100)
for seed in 1 2 3; do
  run with$seed acgan "${settings[@]}" --seed $seed
  run without$seed acgan "${settings[@]}" --seed $seed --set class_weight=0
done
row acgan "samples nearest to the normal of the class asked for, ring of 8 wide normals, 3000 iterations, worst of 3 seeds" ">=" 0.9 "$(least with label-agreement label-agreement -n 5000)" "G's class term (class_weight=0; best of 3)" "$(largest without label-agreement label-agreement -n 5000)"
row acgan "test points whose class D's head names rightly, the same runs" ">=" 0.9 "$(least with class-accuracy class-accuracy -n 5000)" - -
row acgan "variance inside a class / that of the data, least class, the same runs" ">=" 0.3 "$(least with class-spread class-spread -n 5000)" - -
# Pictures. With classes of fakes in D's loss as in the paper, the two agree at first on classes of their own; so D's head learns from
# real pictures alone here, with noise on D's activations (which the paper tries): without it G finds pictures that D's head alone takes for the class.
pictures=(--data shapes:single,colours=class --size 16 --batch 32 --steps 2500 --log-every 50 --set latent=32 --set rate=5e-4 --set class_on_fakes=false --set d_noise=0.2)
run pictures acgan "${pictures[@]}"
run unclassed acgan "${pictures[@]}" --set class_weight=0
row acgan "samples that show the class asked for, shapes of 16 px in a colour a class, class_on_fakes=false, d_noise=0.2, 2500 iterations" ">=" 0.9 "$(measured pictures agreement agreement -n 2000)" "G's class term (class_weight=0)" "$(measured unclassed agreement agreement -n 2000)"
row acgan "test pictures whose class D's head names rightly, the same run" ">=" 0.9 "$(measured pictures class-accuracy class-accuracy -n 1000)" - -
row acgan "variance inside a class / that of real pictures, the same run" ">=" 0.3 "$(measured pictures diversity class-diversity -n 2000)" - -
