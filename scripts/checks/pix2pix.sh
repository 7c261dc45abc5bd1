# Isola et al. 2017. Label maps and outlines to pictures, shapes of 32 px on a plain ground. Where a choice is open (two colours a class, either likely)
# L1 averages; the discriminator chooses, so a network that segments real pictures recognises more of the outputs, and they keep
# their colours and their fine details. Skips carry the places of edges, so a U-Net meets targets without a choice better than an
# encoder-decoder of its size. Dropout is off and batches are of 8: with 16 channels and a picture at a time, dropping half of the inner
# features and normalising over their 2 x 2 places left hardly more than the outline.
source "$(dirname "$0")/lib.sh"
common=(pix2pix --size 32 --batch 8 --steps 3000 --set width=16 --set dropout=0 --set constant_part=0.5)
edges=shapes:pairs,plain=1,objects=1,count=2000,with=semantic maps=shapes:pairs,from=labels,plain=1,objects=1,count=2000,with=semantic
run both-maps "${common[@]}" --data $maps,colours=two --set rate=1e-3
run l1-maps "${common[@]}" --data $maps,colours=two --set rate=1e-3 --set loss=l1
run both "${common[@]}" --data $edges,colours=two --set rate=1e-3
run l1 "${common[@]}" --data $edges,colours=two --set rate=1e-3 --set loss=l1
run skips "${common[@]}" --data $edges,colours=class --set rate=2e-3 --set loss=l1
run none "${common[@]}" --data $edges,colours=class --set rate=2e-3 --set loss=l1 --set generator=encoder-decoder
pair() { row pix2pix "$1" "$2" "$3" "$(measured "both$5" "$4" "$4" -n 200)" discriminator "$(measured "l1$5" "$4" "$4" -n 200)"; }
pair "class accuracy of a segmenting network on outputs (FCN-score), label maps to pictures of two colours a class, shapes 32 px" ">=" 0.35 fcn_classes -maps
pair "saturation of outputs over that of targets, the same" ">=" 0.8 saturation -maps
row pix2pix "FCN-score over that of L1 alone, outlines to pictures of two colours a class" ">" 1 "$(calculate "$(measured both fcn_classes fcn_classes -n 200) / $(measured l1 fcn_classes fcn_classes -n 200)")" "discriminator (by definition)" 1
pair "saturation of outputs over that of targets, the same" ">=" 0.8 saturation ""
pair "energy of details of 1 to 2 px, of outputs over targets, the same" ">=" 0.6 spectrum_1 ""
row pix2pix "sharpness kept (slope of output differences on the target's), outlines to pictures of one colour a class, L1 alone" ">=" 0.5 "$(measured skips sharpness sharpness -n 200)" "skips" "$(measured none sharpness sharpness -n 200)"
row pix2pix "L1 to the target over that of an encoder-decoder of equal size, the same" "<=" 0.9 "$(calculate "$(measured skips l1 l1 -n 200) / $(measured none l1 l1 -n 200)")" "skips (by definition)" 1
