# Johnson et al. 2016. Style: a small network (channels 8, 16, 32, two blocks) on 20 pictures of 64 px, VGG-16 of a quarter of its widths with random
# weights: unseen pictures take the style on, which they do not without its term. Content alone comes back. Super-resolution: pixels have more PSNR, features
# more fine detail.
source "$(dirname "$0")/lib.sh"
style=(perceptual-losses --data shapes:count=20 --size 64 --set width=8 --set vgg_divisor=4 --set style_weight=10 --set tv=1e-8)
run with "${style[@]}" --steps 1000
run start "${style[@]}" --steps 1
run without "${style[@]}" --steps 1000 --set style_weight=0
content=(perceptual-losses --data shapes:count=1 --size 64 --batch 1 --set width=8 --set vgg_divisor=4 --set style_weight=0 --set tv=0)
run content "${content[@]}" --steps 1500
run unmoved "${content[@]}" --steps 10 --log-every 1
larger=(perceptual-losses --data shapes:sr,scale=4,plain=1 --size 32 --batch 8 --set width=16)
run features "${larger[@]}" --steps 1500 --set vgg_divisor=4
run pixels "${larger[@]}" --steps 1500 --set loss=pixels
figure() { measured "$1" "$2" "$2" -n "${3:-100}"; }
row perceptual-losses "distance to the style (Gram matrices) on unseen pictures over that of the untrained network, shapes of 64 px, 1000 iterations" "<" 0.2 "$(calculate "$(figure with style) / $(figure start style)")" "style's term" "$(calculate "$(figure without style) / $(figure start style)")"
row perceptual-losses "the same over that of the pictures themselves" "<" 0.5 "$(figure with style_left)" "style's term" "$(figure without style_left)"
row perceptual-losses "content's distance on one picture, last of 1500 iterations over the mean of the first ten, content alone" "<=" 0.1 "$(calculate "$(logged content f/content) / $(logged unmoved f/content)")" "training (by definition)" 1
row perceptual-losses "PSNR of Y by pixels above that by features in dB, unseen shapes of 32 px, x4, 1500 iterations of 8" ">" 0 "$(calculate "$(figure pixels psnr 200) - $(figure features psnr 200)")" "pixels (by definition)" 0
row perceptual-losses "variance of the Laplacian by features over that by pixels, the same runs" ">" 1 "$(calculate "$(figure features laplacian 200) / $(figure pixels laplacian 200)")" "features (by definition)" 1
