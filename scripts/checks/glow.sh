# Kingma & Dhariwal 2018: unseen pictures cost fewer bits than under any normal distribution; a learned invertible 1x1 convolution before
# each coupling saves more of them than the order of channels reversed; samples have the data's moments; decoding undoes encoding.
source "$(dirname "$0")/lib.sh"
settings=(--data fashion-mnist --size 8 --batch 64 --steps 1500 --set levels=2 --set depth=4 --set width=32)
for seed in 2 3; do
  run "with$seed" glow "${settings[@]}" --seed $seed
  run "reverse$seed" glow "${settings[@]}" --seed $seed --set mixing=reverse
done
run untrained glow "${settings[@]}" --seed 2 --steps 1
row glow "bits that a value of unseen pictures costs less than under the normal distribution that suits them best, Fashion-MNIST at 8 px, 1500 iterations, the lesser of two seeds" ">" 0.2 "$(least with gain gain -n 2000)" "training (1 iteration)" "$(measured untrained gain gain -n 2000)"
row glow "bits of a value, mean of the same two" "<" 1 "$(average with bits bits -n 2000)" "learned 1x1 convolutions (mixing=reverse)" "$(average reverse bits bits -n 2000)"
row glow "error of the means and deviations of samples at temperature 1, in deviations of the data, the larger of the two" "<" 0.1 "$(largest with moments moments -n 4000)" "training (1 iteration)" "$(measured untrained moments moments -n 4000)"
row glow "largest error of decoding what was encoded, the larger of the two" "<" 1e-4 "$(largest with inversion inversion -n 2000)" - -
