# Shi et al. 2016, x3 on shapes: more PSNR of Y than bicubic enlargement, on unseen scenes, after a training of a minute.
source "$(dirname "$0")/lib.sh"
settings=(--data shapes:sr,scale=3,plain=1)
run with espcn "${settings[@]}" --steps 5000
run start espcn "${settings[@]}" --steps 1
row espcn "PSNR of Y above that of bicubic enlargement in dB, unseen shapes of 51 px, x3, 5000 iterations of 16" ">=" 0.5 "$(measured with psnr_gain psnr_gain -n 200)" "training (1 iteration)" "$(measured start psnr_gain psnr_gain -n 200)"
row espcn "SSIM of Y above that of bicubic enlargement, the same runs" ">" 0 "$(calculate "$(measured with ssim ssim -n 200) - $(measured with ssim_bicubic ssim_bicubic -n 200)")" "training (1 iteration)" "$(calculate "$(measured start ssim ssim -n 200) - $(measured start ssim_bicubic ssim_bicubic -n 200)")"
