# Reed et al. 2016: D must call real pictures wrong beside captions that do not fit (CLS), or it judges pictures alone and G ignores what is said.
# Drawn shapes in eight colours and kinds, large and solid on light grounds, 32 px; 3500 iterations of the GAN.
source "$(dirname "$0")/lib.sh"
settings=(--data shapes:single,plain=1,label=both --size 32 --batch 64 --log-every 100 --set wrong=class --set image_width=24 --set text_rate=1e-3 --set rate=5e-4 --set width=16 --set d_width=16 --set latent=8 --set halve_every=0)
run with gan-int-cls "${settings[@]}" --steps 6000 --set text_steps=1500 --set style_steps=1000
run untrained gan-int-cls "${settings[@]}" --steps 40 --set text_steps=1 --set style_steps=1
run unpaired gan-int-cls "${settings[@]}" --steps 5000 --set text_steps=1500 --set style_steps=0 --set method=gan-int
run single gan-int-cls "${settings[@]}" --steps 5000 --set text_steps=1500 --set style_steps=0 --set method=gan-cls
row gan-int-cls "test pictures whose own caption the text encoder puts before 19 of other classes, shapes in 8 colours and kinds, 1500 iterations" ">" 0.9 "$(measured with retrieval retrieval -n 1000)" "training of the encoders (1 iteration)" "$(measured untrained retrieval retrieval -n 1000)"
row gan-int-cls "test pictures to which D gives a higher score beside their own caption than beside another class's, 3500 iterations" ">" 0.85 "$(measured with matching matching -n 1000)" "pairs that do not fit (method=gan-int)" "$(measured unpaired matching matching -n 1000)"
row gan-int-cls "samples in which an independent classifier sees the caption's colour, the same run" ">" 0.7 "$(measured with shows-colour shows-colour -n 1000)" "pairs that do not fit (method=gan-int)" "$(measured unpaired shows-colour shows-colour -n 1000)"
row gan-int-cls "samples from the mean of two captions of one colour and two kinds that have the colour, the same run" ">" 0.7 "$(measured with between-colour between-colour -n 1000)" - -
row gan-int-cls "D's score of such samples over that of samples from the captions themselves" ">=" 0.8 "$(measured with between-score between-score -n 1000)" "means of captions (method=gan-cls)" "$(measured single between-score between-score -n 1000)"
row gan-int-cls "squared error of z as the style encoder reads it off the picture, 1 at chance, 1000 iterations of it" "<" 0.5 "$(measured with style-error style-error -n 1000)" "training of the style encoder (1 iteration)" "$(measured untrained style-error style-error -n 1000)"
row gan-int-cls "distance of the styles read off two captions' pictures from one z / from two z" "<" 1 "$(measured with style-by-text style-by-text -n 1000)" - -
