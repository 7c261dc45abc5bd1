# Ledig et al. 2017, x4 on shapes, small networks: pixels alone (SRResNet) have more PSNR of Y than bicubic enlargement; with D beside them (SRGAN-MSE) D stays
# neither blind nor sure, fine detail comes back towards the real pictures', and PSNR falls a little. Detail is the variance of the Laplacian of Y over that of the
# high pictures.
source "$(dirname "$0")/lib.sh"
common=(--data shapes:sr,scale=4,plain=1 --set width=16)
beside=("${common[@]}" --set d_width=16 --set pretrain=2500 --steps 3500 --set adversarial=3e-3)
run pixels srgan "${common[@]}" --steps 2500 --set objective=srresnet
run start srgan "${common[@]}" --steps 1 --set objective=srresnet
run with srgan "${beside[@]}"
run without srgan "${beside[@]}" --set adversarial=0
figure() { measured "$1" "$2" "$2" -n 200; }
detail() { calculate "$(figure "$1" laplacian) / $(figure "$1" laplacian_high)"; }
row srgan "PSNR of Y above that of bicubic enlargement in dB, unseen shapes of 32 px, x4, SRResNet, 2500 iterations of 16" ">=" 0.3 "$(figure pixels psnr_gain)" "training (1 iteration)" "$(figure start psnr_gain)"
row srgan "share of pictures that D tells right, mean of its last 10 logged values, SRGAN-MSE, adversarial=0.003, 1000 iterations more" in 0.55:0.95 "$(logged with D/accuracy)" "adversarial term" "$(logged without D/accuracy)"
row srgan "fine detail of outputs over that of high pictures, the same run, above SRResNet's" ">" 0.1 "$(calculate "$(detail with) - $(detail pixels)")" "adversarial term" "$(calculate "$(detail without) - $(detail pixels)")"
row srgan "PSNR of Y below SRResNet's in dB, the same runs" in 0.5:3 "$(calculate "$(figure pixels psnr) - $(figure with psnr)")" "adversarial term" "$(calculate "$(figure pixels psnr) - $(figure without psnr)")"
