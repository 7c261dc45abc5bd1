# Che et al. 2017: on a ring of 8 Gaussians the regularised GAN and the manifold-diffusion GAN keep the modes that a plain GAN of the
# same size loses (lambda1 = lambda2 = 0 is that GAN, bit for bit). Means of five seeds wander by a mode and more: forty. Small batches
# and a high rate, for the plain GAN should find 5 modes at most.
source "$(dirname "$0")/lib.sh"
trained() { # trained NAME SETTING...
  local name=$1 seed
  shift
  for seed in {1..40}; do run "$name$seed" mrgan --data mixture:ring8 --batch 8 --steps 4000 --threads 1 --log-every 1000 --seed "$seed" --set rate=3e-3 --set width=64 --set latent=4 "$@"; done
}
trained plain --set lambda1=0 --set lambda2=0
# The weights 0.01 are meant for sums over hundreds of pixels; a point has two coordinates.
trained with --set lambda1=1 --set lambda2=2
trained unlikely --set lambda1=1 --set lambda2=0
trained manifold --set variant=manifold-diffusion --set lambda1=10
plain=$(average plain modes modes -n 2000)
row mrgan "modes of 8 covered, ring of Gaussians, mean of 40 seeds, 4000 iterations, Reg-GAN" ">=" 7 "$(average with modes modes -n 2000)" "regularisers (plain GAN)" "$plain"
row mrgan "the same" ">=" 7 "$(average with modes modes -n 2000)" "mode term (lambda2=0)" "$(average unlikely modes modes -n 2000)"
row mrgan "modes of 8 covered, the same, MDGAN" ">=" 7 "$(average manifold modes modes -n 2000)" "manifold step (plain GAN)" "$plain"
# 0.32: the variance of a coordinate on the ring.
row mrgan "(x - G(E(x)))^2 over the variance of the data, MDGAN, mean of 40 seeds" "<" 0.1 "$(calculate "$(average manifold reconstruction reconstruction -n 2000) / 0.32")" "E's training (plain GAN)" "$(calculate "$(average plain reconstruction reconstruction -n 2000) / 0.32")"
