# Ledig et al. 2017, x4 on shapes, small networks: pixels alone (SRResNet) have more PSNR of Y than bicubic enlargement; with D beside them (SRGAN-MSE) D stays
# neither blind nor sure, fine detail comes back towards the real pictures', and PSNR falls a little. Detail is the variance of the Laplacian of Y over that of the
# high pictures.
source "$(dirname "$0")/lib.sh"
common=(--data shapes:sr,scale=4,plain=1 --set width=16 --set d_width=16)
run pixels srgan "${common[@]}" --steps 2500 --set objective=srresnet
run start srgan "${common[@]}" --steps 1 --set objective=srresnet
run with srgan "${common[@]}" --steps 3500 --set pretrain=2500 --set adversarial=1e-2
run without srgan "${common[@]}" --steps 3500 --set pretrain=2500 --set adversarial=0
detail() { calculate "$(measured "$1" laplacian laplacian -n 200) / $(measured "$1" laplacian_high laplacian_high -n 200)"; }
row srgan "PSNR of Y above that of bicubic enlargement in dB, unseen shapes of 32 px, x4, SRResNet, 2500 iterations of 16" ">=" 0.3 "$(measured pixels psnr_gain psnr_gain -n 200)" "training (1 iteration)" "$(measured start psnr_gain psnr_gain -n 200)"
