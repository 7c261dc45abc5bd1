# Donahue et al. 2017: E inverts G though nothing compares x with G(E(x)); without E's adversarial gradient it does not.
source "$(dirname "$0")/lib.sh"
settings=(--data mixture:ring8 --batch 128 --steps 4000 --set width=64 --set last_rate=0.1 --set rate=1e-3)
run with bigan "${settings[@]}"
run without bigan "${settings[@]}" --set encoder=0
row bigan "|x - G(E(x))| over that to other points, ring of Gaussians, 4000 iterations" "<" 0.25 "$(measured with reconstruction-ratio reconstruction-ratio -n 2000)" "E's gradient (encoder=0)" "$(measured without reconstruction-ratio reconstruction-ratio -n 2000)"
row bigan "|z - E(G(z))| over that to other latents, the same run" "<" 0.25 "$(measured with latent-ratio latent-ratio -n 2000)" "E's gradient (encoder=0)" "$(measured without latent-ratio latent-ratio -n 2000)"
