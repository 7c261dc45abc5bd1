# Dash et al. 2017: D also says the class of a picture, and G is rewarded for showing it. Drawn shapes of 32 px, solid, on light grounds, with captions that say colour and
# kind: by their eight colours, and by their eight kinds, which captions alone teach slowly; with the class terms and without.
source "$(dirname "$0")/lib.sh"
common=(--size 32 --batch 64 --log-every 100 --set text_steps=800 --set text_rate=1e-3 --set wrong=class --set rate=5e-4 --set width=16 --set d_width=16 --set latent=16 --set generator_steps=2)
colours=("${common[@]}" --data shapes:single,plain=1,label=colour --steps 1500)
kinds=("${common[@]}" --data shapes:single,plain=1,label=shape --steps 3300)
run colours tac-gan "${colours[@]}"
run colours_alone tac-gan "${colours[@]}" --set class_weight=0
run kinds tac-gan "${kinds[@]}"
run kinds_alone tac-gan "${kinds[@]}" --set class_weight=0
without="class terms (class_weight=0)"
row tac-gan "test pictures whose colour D names rightly, 800 iterations of the encoder and 700 of the GAN" ">" 0.95 "$(measured colours class-accuracy class-accuracy -n 1000)" "$without" "$(measured colours_alone class-accuracy class-accuracy -n 1000)"
row tac-gan "samples to which D gives their caption's colour, the same run" ">" 0.8 "$(measured colours class-agreement class-agreement -n 1000)" "$without" "$(measured colours_alone class-agreement class-agreement -n 1000)"
row tac-gan "samples in which an independent classifier sees their caption's colour, the same run" ">" 0.8 "$(measured colours shows-class shows-class -n 1000)" - -
row tac-gan "test pictures that D takes for real more surely beside their own caption than beside another colour's, the same run" ">" 0.75 "$(measured colours matching matching -n 1000)" - -
row tac-gan "pairs of samples from one z and captions of two colours in which an independent classifier sees two colours, the same run" ">" 0.8 "$(measured colours switches-class switches-class -n 1000)" - -
row tac-gan "MS-SSIM of two samples of one caption, the same run" "<" 0.9 "$(measured colours caption-ms-ssim caption-ms-ssim -n 1000)" - -
row tac-gan "samples in which an independent classifier sees their caption's kind, of eight, 2500 iterations of the GAN" ">" 0.3 "$(measured kinds shows-class shows-class -n 1000)" "$without" "$(measured kinds_alone shows-class shows-class -n 1000)"
