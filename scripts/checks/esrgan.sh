# Wang et al. 2018, x4 on shapes, small networks: pixels alone have more PSNR of Y than bicubic enlargement; with a relativistic D beside them fine detail comes back, at the
# price of PSNR; weights halfway between both have more PSNR than the mean of both ends. Detail is the variance of the Laplacian of Y over that of the high pictures.
source "$(dirname "$0")/lib.sh"
beside=(--steps 3000 --set pretrain=2000)
run start esrgan --steps 1 --set objective=psnr
run with esrgan "${beside[@]}"
run without esrgan "${beside[@]}" --set adversarial=0
figure() { measured "$1" "$2" "$2" -n 200; }
detail_gained() { calculate "($(figure "$1" laplacian) - $(figure "$1" laplacian_alpha_0)) / $(figure "$1" laplacian_high)"; }
paid() { calculate "$(figure "$1" psnr_alpha_0) - $(figure "$1" psnr)"; }
row esrgan "PSNR of Y above that of bicubic enlargement in dB, unseen shapes of 32 px, x4, 2000 iterations of 16 by pixels" ">=" 2 "$(calculate "$(figure with psnr_alpha_0) - $(figure with psnr_bicubic)")" "training (1 iteration)" "$(figure start psnr_gain)"
row esrgan "fine detail of outputs over that of high pictures, above what there was before D, 1000 iterations more" ">" 0.3 "$(detail_gained with)" "adversarial term" "$(detail_gained without)"
row esrgan "PSNR of Y below what it was before D in dB, the same runs" in 0.5:6 "$(paid with)" "adversarial term" "$(paid without)"
row esrgan "PSNR of Y in dB by weights halfway between those before D and the last, above the mean of both" ">" 0.3 "$(calculate "$(figure with psnr_alpha_0.5) - ($(figure with psnr_alpha_0) + $(figure with psnr)) / 2")" - -
