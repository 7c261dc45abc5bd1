# Salimans et al. 2017: unseen pictures cost fewer bits than under any independent values; shortcuts from the way down to the way up, and a
# stream of its own for what lies above, save some of them; samples' neighbouring values go together as the data's do.
source "$(dirname "$0")/lib.sh"
settings=(--data fashion-mnist --size 16 --batch 16 --set width=16)
for seed in 4 5; do
  run "with$seed" pixelcnn "${settings[@]}" --steps 600 --seed $seed
  run "direct$seed" pixelcnn "${settings[@]}" --steps 600 --seed $seed --set shortcuts=false
  run "left$seed" pixelcnn "${settings[@]}" --steps 600 --seed $seed --set streams=left
done
run untrained pixelcnn "${settings[@]}" --steps 1 --seed 4
saved() { calculate "$(measured "$1" independent-bits independent-bits -n 2000) - $(measured "$1" bits bits -n 2000)"; }
row pixelcnn "bits that a value of unseen pictures costs less than under the independent values that suit them best, Fashion-MNIST at 16 px, 600 iterations of width 16, seed 4" ">" 1 "$(saved with4)" "training (1 iteration)" "$(saved untrained)"
with=$(average with bits bits -n 2000)
row pixelcnn "bits of a value, mean of two seeds" "<" 3.75 "$with" "shortcuts (shortcuts=false)" "$(average direct bits bits -n 2000)"
row pixelcnn "the same, over that without the stream of what lies above (streams=left)" "<" 0.99 "$(calculate "$with / $(average left bits bits -n 2000)")" "the stream (by definition)" 1
row pixelcnn "how far the correlation of neighbouring values of 256 samples is from the data's, relative to it, seed 4" "<" 0.1 "$(measured with4 neighbours neighbours -n 256)" "training (1 iteration)" "$(measured untrained neighbours neighbours -n 256)"
