# Zhang et al. 2018: pictures of several sizes from one tree of features, D that judges pairs and pictures alone, and, without captions, colours that agree between
# sizes. Drawn shapes in eight colours and kinds: 16 and 32 px.
source "$(dirname "$0")/lib.sh"
shapes=(--data shapes:single,plain=1,label=both --size 32 --log-every 100 --set branches=2 --set rate=5e-4 --set width=16 --set d_width=16 --set blocks=2)
captions=("${shapes[@]}" --batch 64 --steps 2800 --set text_steps=800 --set text_rate=1e-3 --set wrong=class --set latent=8 --set ema=0.99)
noise=("${shapes[@]}" --batch 32 --steps 2500 --set condition=none --set latent=32 --set ema=0.999)
run with stackgan-pp "${captions[@]}"
run pairs stackgan-pp "${captions[@]}" --set heads=pairs
run alike stackgan-pp "${noise[@]}"
run free stackgan-pp "${noise[@]}" --set colour_weight=0
alone=$(measured with matching-alone matching-alone -n 1000)
row stackgan-pp "test pictures to which the largest D gives a higher score beside their own caption than beside another class's, 800 iterations of the encoder and 2000 of the GAN" ">" 0.8 "$(measured with matching matching -n 1000)" "the caption (D's head of pictures alone: own and other pictures)" "$alone"
row stackgan-pp "captions whose own picture has the higher score of that head, the same run" in 0.45:0.55 "$alone" - -
colour=$(measured with shows-colour shows-colour -n 1000)
row stackgan-pp "samples of 32 px in which an independent classifier sees the caption's colour, the same run" ">" 0.7 "$colour" - -
row stackgan-pp "their share over that with pairs alone (heads=pairs)" ">=" 0.95 "$(calculate "$colour / $(measured pairs shows-colour shows-colour -n 1000)")" - -
row stackgan-pp "correlation of samples of 32 px, reduced, with those of 16 px, the same run" ">" 0.8 "$(measured with size-correlation size-correlation -n 1000)" "the same c and z (another sample's picture)" "$(measured with size-correlation-of-others size-correlation-of-others -n 1000)"
near=$(measured alike mean-colour-difference mean-colour-difference -n 1000)
far=$(measured free mean-colour-difference mean-colour-difference -n 1000)
row stackgan-pp "difference of the mean colours, 0 to 1, of samples from noise of 32 and 16 px, 2500 iterations" "<" 0.02 "$near" "the colour term (colour_weight=0)" "$far"
row stackgan-pp "how many times larger it is without that term" ">" 3 "$(calculate "$far / $near")" - -
near=$(measured alike covariance-difference covariance-difference -n 1000)
far=$(measured free covariance-difference covariance-difference -n 1000)
row stackgan-pp "difference of the covariances of their colours over that without the term" "<" 1 "$(calculate "$near / $far")" "the colour term (by definition)" 1
