# Karras et al. 2020: even path lengths, flat slopes of D at real pictures, styles that mix, and (their paper of the same year) augmentation where pictures are few. 16 px.
source "$(dirname "$0")/lib.sh"
small=(stylegan2 --size 16 --batch 16 --threads 1 --set width=16 --set most_width=32 --set latent=32)
common=("${small[@]}" --steps 2500 --set r1=5)
run styled "${common[@]}"
run even "${common[@]}" --set path=200 --set path_every=4
run uneven "${common[@]}" --set path=0
run steep "${common[@]}" --set r1=0
run plain "${common[@]}" --set mixing=0
spread() { measured "$1" path-spread path-spread -n 1000; }
row stylegan2 "deviation of path lengths between samples over their mean, Fashion-MNIST, 2500 iterations, path=200 every 4" "<" 0.25 "$(spread even)" "path lengths (path=0)" "$(spread uneven)"
slope() { measured "$1" slope slope -n 1000; }
row stylegan2 "mean squared slope of D at test pictures, the same with path=2 every 8" "<" 0.1 "$(slope styled)" "R1 (r1=0)" "$(slope steep)"
distance() { measured "$1" "${2:-distance}" "${2:-distance}" -n 1000; }
mixed() { calculate "$(distance "$1" mixed-distance) / $(distance "$1")"; }
row stylegan2 "random-feature distance of samples of two styles over that of plain ones, the same" "<" 1.5 "$(mixed styled)" "mixing (mixing=0)" "$(mixed plain)"
few=("${small[@]}" --data shapes:single,count=100 --channels 3 --steps 4000 --log-every 10 --set r1=0.1)
run augmented "${few[@]}" --set ada=0.6 --set ada_images=20000
run alone "${few[@]}"
row stylegan2 "E sign(D(x)), 100 pictures of shapes, last 1000 of 4000 iterations" "<" 0.7 "$(logged augmented D/sign 100)" "augmentation (ada=0)" "$(logged alone D/sign 100)"
row stylegan2 "random-feature distance of samples over that without augmentation, the same" "<" 1 "$(calculate "$(distance augmented) / $(distance alone)")" "augmentation (by definition)" 1
