# Che et al. 2017: on a ring of 8 Gaussians the regularised GAN and the manifold-diffusion GAN keep the modes that a plain GAN of the
# same size loses (lambda1 = lambda2 = 0 is that GAN, bit for bit).
source "$(dirname "$0")/lib.sh"
average() { # average NAME SETTING...: modes of 8, the mean over seeds
  local name=$1 seed sum=0
  shift
  for seed in 1 2 3; do
    run "$name$seed" mrgan --data mixture:ring8 --batch 64 --steps 1000 --log-every 100 --seed "$seed" --set rate=1e-3 "$@"
    sum=$(awk -v s="$sum" -v m="$(measured "$name$seed" modes modes -n 2000)" 'BEGIN { print s + m }')
  done
  awk -v s="$sum" 'BEGIN { printf "%.3g\n", s / 3 }'
}
plain=$(average plain --set lambda1=0 --set lambda2=0)
row mrgan "modes of 8 covered, ring of Gaussians, 3 seeds, 1000 iterations, Reg-GAN" ">=" 7 "$(average with --set lambda1=0.2 --set lambda2=0.4)" "regularisers (plain GAN)" "$plain"
row mrgan "modes of 8 covered, ring of Gaussians, 3 seeds, 1000 iterations, MDGAN" ">=" 7 "$(average manifold --set variant=manifold-diffusion --set lambda1=1)" "manifold step (plain GAN)" "$plain"
