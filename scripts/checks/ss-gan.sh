# Wang and Gupta 2016: what a network that estimates normals reads off a rendered picture is held to the normals that it was rendered from; without
# that term a picture follows its normals only as far as D2 asks. Drawn rooms at 32 px with eight words for normals; the structure is learnt apart.
source "$(dirname "$0")/lib.sh"
settings=(--data solids --size 32 --batch 32 --threads 1 --log-every 100 --set fcn_steps=400 --set rate=5e-4 --set dropout=false --set high=1)
run with ss-gan "${settings[@]}" --steps 1620 --set structure_steps=500 --set style_steps=700
run without ss-gan "${settings[@]}" --steps 1121 --set structure_steps=1 --set style_steps=700 --set lambda=0
real=$(measured with normals-real normals-real -n 1000)
row ss-gan "pixels of test pictures whose normals' word FCN reads, one of 8, 400 iterations" ">" 0.7 "$real" - -
row ss-gan "the same of pictures rendered from test normals, over that of test pictures, 700 iterations" ">" 0.9 "$(calculate "$(measured with normals-rendered normals-rendered -n 1000) / $real")" "FCN's cross entropy (lambda=0)" "$(calculate "$(measured without normals-rendered normals-rendered -n 1000) / $(measured without normals-real normals-real -n 1000)")"
row ss-gan "rendered pictures that D2 takes for real, the same run" in 0.05:0.95 "$(measured with fooled fooled -n 1000)" - -
row ss-gan "pixels in which FCN reads the same word off two pictures of the same normals, over the first row" ">" 0.8 "$(calculate "$(measured with normals-agree normals-agree -n 1000) / $real")" - -
row ss-gan "half the differences of shares of words in G1's normals and in test normals, 500 iterations" "<" 0.2 "$(measured with structure-words structure-words -n 1000)" "training (1 iteration)" "$(measured without structure-words structure-words -n 1000)"
