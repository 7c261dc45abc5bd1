# Salimans et al. 2017: unseen pictures cost fewer bits than under any independent values; shortcuts from the way down to the way up, and a
# stream of its own for what lies above, save some of them; samples' neighbouring values go together as the data's do.
source "$(dirname "$0")/lib.sh"
settings=(--data fashion-mnist --size 16 --batch 16 --steps 600 --set width=16)
for seed in 2 3; do
  run "with$seed" pixelcnn "${settings[@]}" --seed $seed
  run "direct$seed" pixelcnn "${settings[@]}" --seed $seed --set shortcuts=false
  run "left$seed" pixelcnn "${settings[@]}" --seed $seed --set streams=left
done
run untrained pixelcnn "${settings[@]}" --steps 1 --seed 2
saved() { calculate "$(measured "$1" independent-bits independent-bits -n 2000) - $(measured "$1" bits bits -n 2000)"; }
row pixelcnn "bits that a value of unseen pictures costs less than under the independent values that suit them best, Fashion-MNIST at 16 px, 600 iterations of width 16, seed 2" ">" 1 "$(saved with2)" "training (1 iteration)" "$(saved untrained)"
row pixelcnn "bits of a value, mean of two seeds" "<" 3.75 "$(average with bits bits -n 2000)" "shortcuts (shortcuts=false)" "$(average direct bits bits -n 2000)"
row pixelcnn "the same" "<" 3.65 "$(average with bits bits -n 2000)" "the stream of what lies above (streams=left)" "$(average left bits bits -n 2000)"
row pixelcnn "how far the correlation of neighbouring values of 256 samples is from the data's, relative to it, seed 2" "<" 0.1 "$(measured with2 neighbours neighbours -n 256)" "training (1 iteration)" "$(measured untrained neighbours neighbours -n 256)"
