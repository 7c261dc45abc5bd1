# Isola et al. 2017: skips carry the places of edges, so a U-Net meets the targets better than an encoder-decoder of its size; the
# discriminator keeps what L1 averages away: detail and colours whose choice is open (two colours a shape, either likely).
source "$(dirname "$0")/lib.sh"
common=(pix2pix --size 32 --batch 1 --steps 1500 --set width=12)
class=(--data shapes:pairs,colours=class,objects=1) two=(--data shapes:pairs,colours=two,objects=1)
run skips "${common[@]}" "${class[@]}"
run none "${common[@]}" "${class[@]}" --set generator=encoder-decoder
run both "${common[@]}" "${two[@]}" --set lambda=10
run l1 "${common[@]}" "${two[@]}" --set loss=l1 --set lambda=10
row pix2pix "L1 to the target, edges to colours of each class, shapes 32 px" "<=" 0.25 "$(measured skips l1 l1 -n 200)" "skips" "$(measured none l1 l1 -n 200)"
row pix2pix "detail of outputs over that of targets, two colours a shape" ">=" 0.6 "$(measured both detail detail -n 200)" "discriminator" "$(measured l1 detail detail -n 200)"
