# Huang et al. 2017: each level draws what E says it was given (conditional terms), as its noise says (Q's terms). Shapes of 16 px on plain grounds, a colour a class.
source "$(dirname "$0")/lib.sh"
common=(stacked-gan --data shapes:single,colours=class,plain=1 --size 16 --batch 64 --steps 6000 --threads 1 --set width=16 --set latent=4 --set latent0=2 --set pretrain=1000 --set rate=1e-3)
run stack "${common[@]}" --set independent=2000 --set condition=3
run noiseless "${common[@]}" --set independent=2000 --set condition=3 --set entropy=0
run unconditioned "${common[@]}" --set independent=2000 --set condition=0
run apart "${common[@]}" --set independent=4999 --set condition=3
of() { measured "$1" "$2" "$2" -n 1000; }
row stacked-gan "test pictures whose class E names rightly, shapes of 16 px, 1000 iterations of E" ">" 0.95 "$(of stack encoder-accuracy)" - -
row stacked-gan "drawn pictures whose class E names rightly, 6000 iterations in all" ">" 0.9 "$(of stack class-kept)" "conditional terms (condition=0)" "$(of unconditioned class-kept)"
row stacked-gan "the same as an independently trained classifier sees it" ">" 0.9 "$(measured stack agreement agreement -n 1000)" "conditional terms" "$(measured unconditioned agreement agreement -n 1000)"
row stacked-gan "distance of E(G0(h, z)) from h over the length of h" "<" 0.3 "$(of stack feature-error)" "conditional terms" "$(of unconditioned feature-error)"
row stacked-gan "correlation of z1 with what Q reads off features" ">" 0.7 "$(of stack noise-read-1)" "Q's terms (entropy=0)" "$(of noiseless noise-read-1)"
row stacked-gan "correlation of z0 with what Q reads off pictures" ">" 0.7 "$(of stack noise-read-0)" "Q's terms" "$(of noiseless noise-read-0)"
row stacked-gan "deviation of pictures over z0, features held, over that without Q's terms" ">" 3 "$(calculate "$(of stack appearance) / $(of noiseless appearance)")" "Q's terms (by definition)" 1
row stacked-gan "how far the mean and the deviations of G1's features are from real ones', the larger" "<" 0.25 "$(larger "$(of stack feature-mean)" "$(of stack feature-deviation)")" - -
row stacked-gan "class-kept over that of levels that learned apart to the last iteration" ">=" 1 "$(calculate "$(of stack class-kept) / $(of apart class-kept)")" - -
row stacked-gan "random-feature distance of samples over theirs" "<=" 1 "$(calculate "$(of stack distance) / $(of apart distance)")" - -
