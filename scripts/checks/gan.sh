# Goodfellow et al. 2014: the best discriminator of a fixed generator is p / (p + q); G finds a normal; log(1 - D) leaves G without a
# gradient where D is ahead.
source "$(dirname "$0")/lib.sh"
line=(--data mixture:gaussian --batch 256 --log-every 50)

# G stays at a standard normal while D learns for all of the run; "untrained" stops after one step.
run fixed gan "${line[@]}" --set network=gaussian --set head_start=1500 --steps 1500 --set rate=0.002
run untrained gan "${line[@]}" --set network=gaussian --set head_start=1 --steps 1
row gan "largest |D - p/(p+q)|, G fixed, 1500 iterations" "<" 0.05 "$(measured fixed d-error d-error)" "D's training (1 iteration)" "$(measured untrained d-error d-error)"
gap() { calculate "size($(measured "$1" d-value d-value) - $(measured "$1" best-value best-value))"; }
row gan "|V - (-log 4 + 2 JSD)|, the same run" "<" 0.02 "$(gap fixed)" "D's training (1 iteration)" "$(gap untrained)"

# The data are normal with mean 0.3 and deviation 0.2.
off() { calculate "size($(measured "$1" sample-mean sample-mean) / 0.3 - 1) > size($(measured "$1" sample-deviation sample-deviation) / 0.2 - 1) ? size($(measured "$1" sample-mean sample-mean) / 0.3 - 1) : size($(measured "$1" sample-deviation sample-deviation) / 0.2 - 1)"; }
run learned gan "${line[@]}" --set network=gaussian --steps 3000
row gan "mean and deviation of G, larger relative error, 3000 iterations" "<" 0.1 "$(off learned)" "G's training (1 iteration)" "$(off untrained)"

# The same head start for D, then both losses of G from the same state.
far=(--data mixture:ring8 --batch 128 --log-every 10 --set head_start=600 --steps 620)
run heuristic gan "${far[@]}"
run minimax gan "${far[@]}" --set generator=minimax
gradient() { logged "$1" grad_norm/G 1; }
row gan "|grad G| of -log D over that of log(1 - D), 20 iterations after a head start of D of 600" ">=" 10 "$(calculate "$(gradient heuristic) / $(gradient minimax)")" - -
