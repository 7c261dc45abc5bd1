# Caballero et al. 2017 on clips of shapes of 48 px, x3 (low frames of 16 px): neighbours that a flow brings to the centre frame make a better picture than
# neighbours that stay where they are; a flow that learns alone brings them nearer.
source "$(dirname "$0")/lib.sh"
common=(vespcn --data shapes:clips,frames=3,plain=1 --size 48 --batch 8)
run with "${common[@]}" --steps 4000 --set pretrain=1000 --set beta=0.1 --set lambda=1e-4
run still "${common[@]}" --steps 3000 --set compensation=false
run flow "${common[@]}" --steps 3000 --set pretrain=3000 --set lambda=1e-4
run start "${common[@]}" --steps 1
figure() { measured "$1" "$2" "$2" -n 200; }
row vespcn "PSNR of Y above that without motion compensation in dB, unseen clips of 48 px, x3, 3000 iterations of 8, the flow 1000 before" ">" 0 "$(calculate "$(figure with psnr) - $(figure still psnr)")" "compensation (by definition)" 0
row vespcn "squared difference of neighbours to the centre frame after they are brought there, over that before, flow alone, 3000 iterations" "<" 0.2 "$(figure flow warp_left)" "training (1 iteration)" "$(figure start warp_left)"
