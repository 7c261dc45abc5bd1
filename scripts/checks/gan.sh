# Goodfellow et al. 2014: the best discriminator of a fixed generator is p / (p + q); G finds a normal; log(1 - D) leaves G without a
# gradient where D is ahead.
source "$(dirname "$0")/lib.sh"
# The data are normal with mean 0.3 and deviation 0.2. So many points because D's error is taken from densities by kernels.
line=(--data mixture:gaussian,count=100000 --log-every 50 --set network=gaussian)

# G stays a standard normal while D learns for all of the run; "untrained" stops after one step.
run fixed gan "${line[@]}" --batch 512 --set head_start=1500 --steps 1500
run untrained gan "${line[@]}" --batch 512 --set head_start=1 --steps 1
row gan "largest distance of D from p/(p+q), G fixed, 1500 iterations" "<" 0.05 "$(measured fixed d-error d-error -n 100000)" "D's training (1 iteration)" "$(measured untrained d-error d-error -n 100000)"
gap() { calculate "size($(measured "$1" d-value d-value -n 100000) - $(measured "$1" best-value best-value -n 100000))"; }
row gan "distance of V from -log 4 + 2 JSD, the same run" "<" 0.02 "$(gap fixed)" "D's training (1 iteration)" "$(gap untrained)"

off() { larger "$(measured "$1" sample-mean sample-mean) / 0.3 - 1" "$(measured "$1" sample-deviation sample-deviation) / 0.2 - 1"; }
run learned gan "${line[@]}" --batch 256 --steps 2000
row gan "mean and deviation of G, larger relative error, 2000 iterations" "<" 0.1 "$(off learned)" "training (1 iteration)" "$(off untrained)"
row gan "D's loss from log 2, mean of its last 10 logged values" "<" 0.02 "$(calculate "size($(logged learned D+G/D) - log(2))")" "training (G fixed)" "$(calculate "size($(logged fixed D+G/D) - log(2))")"

# G's gradient in its first iteration after a head start of D, by both losses from the same state.
ratio() { # ratio NAME HEAD_START
  local far=(--data mixture:ring8 --batch 128 --log-every $(($2 + 1)) --set head_start="$2" --steps $(($2 + 1)))
  run "$1-heuristic" gan "${far[@]}"
  run "$1-minimax" gan "${far[@]}" --set generator=minimax
  calculate "$(logged "$1-heuristic" grad_norm/G 1) / $(logged "$1-minimax" grad_norm/G 1)"
}
row gan "G's gradient by -log D over that by log(1 - D), D 1500 iterations ahead" ">=" 10 "$(ratio ahead 1500)" "D's head start" "$(ratio even 0)"
