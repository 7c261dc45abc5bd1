# Wang et al. 2018. Heavy rain over shapes of 32 px, and the shapes again. Without L_P nothing says which clean picture belongs to which rainy one; without the margin D's
# features are those of its adversary alone.
source "$(dirname "$0")/lib.sh"
common=(pan --size 32 --steps 6000)
run pan "${common[@]}"
run gan "${common[@]}" --set lambda1=0 --set lambda2=0 --set lambda3=0 --set lambda4=0
run adversary "${common[@]}" --set margin=0
gain() { measured "$1" psnr_gain psnr_gain -n 300; }
kept() { measured "$1" sharpness sharpness -n 300; }
row pan "PSNR of results less that of rainy pictures in dB, held-out scenes of 32 px, 6000 iterations" ">" 4.6 "$(gain pan)" "L_P (lambda=0, GAN alone)" "$(gain gan)"
row pan "sharpness kept (slope of output differences on the target's), the same" ">" 0.63 "$(kept pan)" "L_P (lambda=0, GAN alone)" "$(kept gan)"
row pan "PSNR gain, the same" ">" 4.6 "$(gain pan)" "features of D trained to differ (margin=0)" "$(gain adversary)"
row pan "sharpness kept, the same" ">" 0.63 "$(kept pan)" "features of D trained to differ (margin=0)" "$(kept adversary)"
row pan "L_P over its margin of 2, mean of the last 100 of 600 logged" in 0.8:1.5 "$(calculate "$(logged pan D/perceptual 100) / 2")" "features of D trained to differ (margin=0)" "$(calculate "$(logged adversary D/perceptual 100) / 2")"
