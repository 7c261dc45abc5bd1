# Xu et al. 2018: a matching model that finds single words in regions of pictures, and a GAN whose details look at words and which that model also judges. Drawn shapes
# of 32 px: one in a full scene (all grounds, sizes, fills) for the matching model, large ones on light grounds for the GAN (8, 16 and 32 px).
source "$(dirname "$0")/lib.sh"
common=(--size 32 --batch 32 --log-every 100 --set text_rate=2e-3 --set image_width=24 --set wrong=class)
scenes=("${common[@]}" --data shapes:scene,objects=1,label=both --set words=18)
run matching attngan "${scenes[@]}" --steps 1520 --set text_steps=1500
run anywhere attngan "${scenes[@]}" --steps 1520 --set text_steps=1500 --set gamma1=0
run untrained attngan "${scenes[@]}" --steps 20 --set text_steps=1
shapes=("${common[@]}" --data shapes:single,plain=1,label=both --steps 2600 --set words=12 --set text_steps=1000 --set rate=5e-4 --set width=16 --set d_width=16 --set latent=16 --set blocks=2 --set ema=0.99)
run with attngan "${shapes[@]}"
run unjudged attngan "${shapes[@]}" --set lambda=0
row attngan "test pictures whose own caption the matching model puts before 15 of other classes, by the vectors of the whole, one shape in a full scene, 1500 iterations" ">" 0.7 "$(measured matching retrieval-by-sentence retrieval-by-sentence -n 1000)" "training (1 iteration)" "$(measured untrained retrieval-by-sentence retrieval-by-sentence -n 1000)"
row attngan "the same by words and regions" ">" 0.7 "$(measured matching retrieval-by-words retrieval-by-words -n 1000)" "training (1 iteration)" "$(measured untrained retrieval-by-words retrieval-by-words -n 1000)"
missed() { calculate "1 - $(measured matching "$1" "$1" -n 1000)"; }
row attngan "captions with another colour that it puts before the own one by words and regions, over those by the vectors of the whole, the same run" "<" 1 "$(calculate "$(missed edits-by-words) / $(missed edits-by-sentence)")" "words (by definition)" 1
row attngan "share of the attention of the colour's word in the object's box, over the box's share of the picture, the same run" ">" 2 "$(measured matching localisation localisation -n 1000)" "the second softmax (gamma1=0)" "$(measured anywhere localisation localisation -n 1000)"
row attngan "samples in which the colour follows its word, z kept, by an independent classifier, 1000 iterations of the matching model and 1600 of the GAN" ">" 0.7 "$(measured with switches-colour switches-colour -n 1000)" - -
row attngan "samples whose own caption the matching model puts before 9 of other classes, the same run" ">" 0.93 "$(measured with r-precision r-precision -n 1000)" "its loss (lambda=0)" "$(measured unjudged r-precision r-precision -n 1000)"
row attngan "samples in which an independent classifier sees colour and kind of the caption, over those without that loss" ">" 1 "$(calculate "$(measured with shows-class shows-class -n 1000) / $(measured unjudged shows-class shows-class -n 1000)")" "its loss (by definition)" 1
row attngan "test pictures to which the largest D gives a higher score beside their own caption than beside another class's, the same run" ">" 0.8 "$(measured with matching matching -n 1000)" - -
