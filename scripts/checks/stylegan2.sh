# Karras et al. 2020: even path lengths, flat slopes of D at real pictures, styles that can be mixed; and augmentation where there are few pictures. 16 px, 2500 iterations.
source "$(dirname "$0")/lib.sh"
common=(stylegan2 --size 16 --batch 16 --threads 1 --steps 2500 --set width=16 --set most_width=32 --set latent=32)
run styled "${common[@]}"
run uneven "${common[@]}" --set path=0
run steep "${common[@]}" --set r1=0
run plain "${common[@]}" --set mixing=0
spread() { measured "$1" path-spread path-spread -n 1000; }
row stylegan2 "deviation of |J^T y| between samples over its mean, Fashion-MNIST" "<" 0.3 "$(spread styled)" "path lengths (path=0)" "$(spread uneven)"
slope() { measured "$1" slope slope -n 1000; }
row stylegan2 "E |grad D(x)|^2 on test pictures, the same" "<" 10 "$(slope styled)" "R1" "$(slope steep)"
mixed() { calculate "$(measured "$1" mixed-distance mixed-distance -n 1000) / $(measured "$1" distance distance -n 1000)"; }
row stylegan2 "random-feature distance of samples of mixed styles over that of plain ones, the same" "<" 1.5 "$(mixed styled)" "mixing" "$(mixed plain)"
few=(stylegan2 --data shapes:single,count=500 --size 16 --channels 3 --batch 16 --threads 1 --steps 4000 --set width=16 --set most_width=32 --set latent=32)
run augmented "${few[@]}" --set ada=0.6
run alone "${few[@]}"
distance() { measured "$1" distance distance -n 1000; }
row stylegan2 "random-feature distance of samples over that without augmentation, 500 shapes, 4000 iterations" "<" 0.8 "$(calculate "$(distance augmented) / $(distance alone)")" "augmentation (by definition)" 1
