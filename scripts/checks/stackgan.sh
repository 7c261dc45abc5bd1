# Zhang et al. 2017: a second stage draws from the first one's picture and the caption; c is drawn from a normal that the caption gives, so that one
# caption and one z have many pictures; and D learns from captions that do not fit. Drawn shapes in eight colours and kinds, 16 px and then 32.
source "$(dirname "$0")/lib.sh"
settings=(--data shapes:single,plain=1,label=both --size 32 --batch 64 --log-every 100 --steps 5500 --set text_steps=1500 --set first_steps=2000 --set wrong=class --set image_width=24 --set text_rate=1e-3 --set rate=5e-4 --set width=16 --set d_width=16 --set latent=8 --set halve_every=0)
run with stackgan "${settings[@]}"
run fixed stackgan "${settings[@]}" --set conditioning=fixed
row stackgan "test pictures to which stage II's D gives a higher score beside their own caption than beside another class's, 1500, 2000 and 2000 iterations" ">" 0.8 "$(measured with matching matching -n 1000)" - -
row stackgan "samples of stage I, 16 px enlarged, in which an independent classifier sees the caption's colour, the same run" ">" 0.7 "$(measured with first-shows-colour first-shows-colour -n 1000)" - -
row stackgan "samples of stage II in which it does" ">" 0.7 "$(measured with shows-colour shows-colour -n 1000)" - -
sharp=$(measured with sharpness sharpness -n 1000)
blurred=$(measured with first-sharpness first-sharpness -n 1000)
row stackgan "energy of edges in samples over that in stage I's, enlarged" ">" 1 "$(calculate "$sharp / $blurred")" "stage II (by definition)" 1
echo "stackgan: energy of edges over that of pictures: $sharp, stage I $blurred" >&2
row stackgan "distance of two samples of one caption and one z over that of two pictures" ">" 0 "$(measured with spread-by-conditioning spread-by-conditioning -n 1000)" "a c that is drawn (conditioning=fixed)" "$(measured fixed spread-by-conditioning spread-by-conditioning -n 1000)"
row stackgan "distance of two samples of one caption over that of two pictures" ">" 0 "$(measured with spread spread -n 1000)" - -
