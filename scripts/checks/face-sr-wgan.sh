# Chen and Tong 2017, small networks on shapes of 32 px, x4: pictures agree with the low ones that they were made of, the critic keeps its slope where the penalty
# asks for it, and fine detail comes nearer to the high pictures' than bicubic enlargement's.
source "$(dirname "$0")/lib.sh"
common=(face-sr-wgan --data shapes:sr,scale=4,plain=1,degradation=area,count=500 --size 32 --batch 16 --set width=32 --set last=16 --set d_width=16)
run with "${common[@]}" --steps 3000
run alone "${common[@]}" --steps 3000 --set rho=1 --set halve=1000
run start "${common[@]}" --steps 1
run free "${common[@]}" --steps 300 --set gp=0
run untied "${common[@]}" --steps 300 --set rho=0
figure() { measured "$1" "$2" "$2" -n 200; }
# nearer RUN: by how much the outputs' variance of the Laplacian is nearer to the high pictures' than bicubic enlargement's, as a share of theirs.
nearer() { calculate "(size($(figure "$1" laplacian_bicubic) - $(figure "$1" laplacian_high)) - size($(figure "$1" laplacian) - $(figure "$1" laplacian_high))) / $(figure "$1" laplacian_high)"; }
row face-sr-wgan "mean \\|box(G(y)) - y\\|, pixels in [0, 1], unseen shapes of 32 px, x4, 3000 iterations of 16, rho=1, halve=1000" "<" 0.01 "$(figure alone box_error)" "training (1 iteration)" "$(figure start box_error)"
row face-sr-wgan "the same, rho=0.9" "<" 0.03 "$(figure with box_error)" "the low picture's term (rho=0, 300 iterations)" "$(figure untied box_error)"
row face-sr-wgan "norm of the critic's gradient between real and made, last of these iterations" in 0.8:1.2 "$(logged with D+G/norm)" "penalty (gp=0, 300 iterations)" "$(logged free D+G/norm)"
row face-sr-wgan "how much nearer the variance of the Laplacian is to the high pictures' than bicubic enlargement's, share of theirs, rho=0.9" ">" 0 "$(nearer with)" - -
row face-sr-wgan "the same above that by rho=1" ">" 0 "$(calculate "$(nearer with) - $(nearer alone)")" "critic (by definition)" 0
