# Dong et al. 2014, 9-1-5, x3 on shapes: more PSNR of Y than bicubic enlargement, on unseen scenes, after a training of minutes. From the paper's first
# weights, N(0, 0.001^2), so short a training does not get there.
source "$(dirname "$0")/lib.sh"
settings=(--data shapes:sr,scale=3,plain=1)
run with srcnn "${settings[@]}" --steps 3000
run start srcnn "${settings[@]}" --steps 1
run paper srcnn "${settings[@]}" --steps 3000 --set first=paper
gain=$(measured with psnr_gain psnr_gain -n 200)
row srcnn "PSNR of Y above that of bicubic enlargement in dB, unseen shapes of 48 px, x3, 3000 iterations of 16" ">=" 0.5 "$gain" "training (1 iteration)" "$(measured start psnr_gain psnr_gain -n 200)"
row srcnn "the same" ">=" 0.5 "$gain" "first weights by He (the paper's)" "$(measured paper psnr_gain psnr_gain -n 200)"
row srcnn "SSIM of Y above that of bicubic enlargement, the same runs" ">" 0 "$(calculate "$(measured with ssim ssim -n 200) - $(measured with ssim_bicubic ssim_bicubic -n 200)")" "training (1 iteration)" "$(calculate "$(measured start ssim ssim -n 200) - $(measured start ssim_bicubic ssim_bicubic -n 200)")"
