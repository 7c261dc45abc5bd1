# Donahue et al. 2017: E inverts G though nothing compares x with G(E(x)); without E's adversarial gradient it does not.
source "$(dirname "$0")/lib.sh"
settings=(--data mixture:ring8 --batch 128 --steps 5000 --log-every 100 --set width=64 --set last_rate=0.1 --set rate=1e-3)
run with bigan "${settings[@]}"
run without bigan "${settings[@]}" --set encoder=0
pair() { row bigan "$1" "$2" "$3" "$(measured with "$4" "$4" -n 2000)" "E's gradient (encoder=0)" "$(measured without "$4" "$4" -n 2000)"; }
pair "distance of x to G(E(x)) over that to G(E(y)), ring of Gaussians, 5000 iterations" "<" 0.25 reconstruction-ratio
pair "distance of z to E(G(z)) over that to E(G(u)), the same run" "<" 0.25 latent-ratio
row bigan "mean of E(x) over the data, in deviations of the prior" "<" 0.15 "$(measured with code-mean code-mean -n 2000)" - -
pair "deviation of E(x) over the data / the prior's, from 1" "<" 0.15 code-deviation
