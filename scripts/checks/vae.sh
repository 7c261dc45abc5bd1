# Kingma & Welling 2014: the bound on unseen pictures beats independent pixels; some but not all latents are used; with beta = 0
# nothing keeps the codes near the prior, and the bound is lost.
source "$(dirname "$0")/lib.sh"
settings=(--data fashion-mnist --size 28 --steps 1500)
run with vae "${settings[@]}"
run without vae "${settings[@]}" --set beta=0
row vae "gain of the bound over independent pixels, share of nats, test pictures, 1500 iterations" ">" 0.3 "$(measured with bound-gain bound-gain -n 2000)" "KL divergence (beta=0)" "$(measured without bound-gain bound-gain -n 2000)"
row vae "active latents of 20" in 2:20 "$(measured with active active -n 2000)" - -
