# Reed et al. 2016: D must call real pictures wrong beside captions that do not fit (CLS), or it judges pictures more than pairs. Large drawn shapes in eight
# colours and kinds: at 16 px on all grounds; and at 32 px, solid on light grounds, for the encoders and for means of captions (INT).
source "$(dirname "$0")/lib.sh"
common=(--batch 64 --log-every 100 --set wrong=class --set rate=5e-4 --set d_width=16 --set latent=8 --set halve_every=0)
grounds=("${common[@]}" --data shapes:single,label=both --size 16 --steps 3600 --set text_steps=1000 --set text_rate=2e-3 --set style_steps=0 --set width=32 --set image_width=16)
run paired gan-int-cls "${grounds[@]}"
run unpaired gan-int-cls "${grounds[@]}" --set method=gan-int
solid=("${common[@]}" --data shapes:single,plain=1,label=both --size 32 --set text_rate=1e-3 --set width=16 --set image_width=24)
run with gan-int-cls "${solid[@]}" --steps 5000 --set text_steps=1500 --set style_steps=1000
run untrained gan-int-cls "${solid[@]}" --steps 40 --set text_steps=1 --set style_steps=1
row gan-int-cls "test pictures whose own caption the text encoder puts before 19 of other classes, solid shapes of 32 px in 8 colours and kinds, 1500 iterations" ">" 0.9 "$(measured with retrieval retrieval -n 1000)" "training of the encoders (1 iteration)" "$(measured untrained retrieval retrieval -n 1000)"
row gan-int-cls "test pictures to which D gives a higher score beside their own caption than beside another class's, shapes of 16 px on all grounds, 2600 iterations" ">" 0.85 "$(measured paired matching matching -n 1000)" "pairs that do not fit (method=gan-int)" "$(measured unpaired matching matching -n 1000)"
row gan-int-cls "samples in which an independent classifier sees the caption's colour, the same run" ">" 0.7 "$(measured paired shows-colour shows-colour -n 1000)" "pairs that do not fit (method=gan-int)" "$(measured unpaired shows-colour shows-colour -n 1000)"
row gan-int-cls "samples from the mean of two captions of one colour and two kinds that have the colour, the run of 32 px, 2500 iterations" ">" 0.7 "$(measured with between-colour between-colour -n 1000)" - -
row gan-int-cls "D's score of such samples over that of samples from the captions themselves" ">=" 0.8 "$(measured with between-score between-score -n 1000)" - -
row gan-int-cls "squared error of z as the style encoder reads it off the picture, 1 at chance, 1000 iterations of it" "<" 0.5 "$(measured with style-error style-error -n 1000)" "training of the style encoder (1 iteration)" "$(measured untrained style-error style-error -n 1000)"
row gan-int-cls "distance of the styles read off two captions' pictures from one z / from two z" "<" 1 "$(measured with style-by-text style-by-text -n 1000)" - -
