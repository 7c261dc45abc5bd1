# Donahue et al. 2017: E inverts G though nothing compares x with G(E(x)); without E's adversarial gradient it does not. The worst
# of three seeds. The normals are so wide that a code of two numbers can be read off a point (on a ring E cannot fill the middle of
# the square of z, having no point there), and D is wider than E and G: one of their size calls two joint laws equal that are not.
source "$(dirname "$0")/lib.sh"
settings=(--data mixture:grid25,deviation=0.1 --batch 128 --steps 26000 --log-every 100 --threads 1 --set width=64 --set d_width=128 --set rate=1e-3)
for seed in 1 2 3; do run with$seed bigan "${settings[@]}" --seed $seed; done
run without bigan "${settings[@]}" --set encoder=0
pair() { row bigan "$1" "$2" "$3" "$(largest with "$4" "$4" -n 2000)" "E's gradient (encoder=0)" "$(measured without "$4" "$4" -n 2000)"; }
pair "distance of x to G(E(x)) over that to G(E(y)), 25 Gaussians, 26000 iterations, worst of 3 seeds" "<" 0.25 reconstruction-ratio
pair "distance of z to E(G(z)) over that to E(G(u)), the same runs" "<" 0.25 latent-ratio
row bigan "mean of E(x) over the data, in deviations of the prior, the same runs" "<" 0.15 "$(largest with code-mean code-mean -n 2000)" - -
pair "deviation of E(x) over the data / the prior's, from 1, the same runs" "<" 0.15 code-deviation
