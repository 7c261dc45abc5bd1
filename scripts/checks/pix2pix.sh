# Isola et al. 2017. Shapes of 32 px on a plain ground, pictures from outlines or label maps. Skips carry the places of edges, so a U-Net
# meets the targets better than an encoder-decoder of its size. Where a choice is open (two colours a class, either likely) L1
# averages; the discriminator chooses, so a network that segments real pictures recognises the outputs, and they keep their colours.
source "$(dirname "$0")/lib.sh"
common=(pix2pix --size 32 --batch 1 --set width=16 --set rate=5e-4 --set constant_part=0.5 ${OMP_NUM_THREADS:+--threads $OMP_NUM_THREADS})
edges=(--data shapes:pairs,plain=1,objects=1,count=2000,with=semantic,colours=class) maps=(--data shapes:pairs,from=labels,plain=1,objects=1,count=2000,with=semantic,colours=two)
run both "${common[@]}" --steps 2500 "${maps[@]}"
run l1 "${common[@]}" --steps 2500 "${maps[@]}" --set loss=l1
run skips "${common[@]}" "${edges[@]}" --set loss=l1 --steps 1500
run none "${common[@]}" "${edges[@]}" --set loss=l1 --set generator=encoder-decoder --steps 1500
row pix2pix "class accuracy of a segmenting network on outputs (FCN-score), label maps to pictures of two colours a class, shapes 32 px" ">=" 0.35 "$(measured both fcn_classes fcn_classes -n 200)" "discriminator" "$(measured l1 fcn_classes fcn_classes -n 200)"
row pix2pix "saturation of outputs over that of targets, the same" ">=" 0.8 "$(measured both saturation saturation -n 200)" "discriminator" "$(measured l1 saturation saturation -n 200)"
row pix2pix "sharpness kept (slope of output differences on the target's), outlines to pictures, L1 alone" ">=" 0.5 "$(measured skips sharpness sharpness -n 200)" "skips" "$(measured none sharpness sharpness -n 200)"
row pix2pix "L1 to the target over that of an encoder-decoder of equal size, the same" "<=" 0.9 "$(calculate "$(measured skips l1 l1 -n 200) / $(measured none l1 l1 -n 200)")" "skips (by definition)" 1
