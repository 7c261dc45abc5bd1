# f-GAN: every divergence finds a single normal; for two, KL spreads over both and reverse KL keeps to one.
source "$(dirname "$0")/common.sh"
line="--data mixture:gaussian --batch 512 --log-every 50 --set architecture=gaussian --set rate=0.002"
worst=0
for d in gan js kl reverse-kl pearson neyman hellinger jeffrey weighted-js alpha tv; do
  train "one-$d" f-gan $line --set divergence=$d --steps 2500 --set gradient_norm=5
  off=$(calculate "m = sqrt(($(measure "one-$d" sample-mean) - 0.3)^2) / 0.2; s = sqrt(($(measure "one-$d" sample-deviation) / 0.2 - 1)^2); print (m > s ? m : s); exit 0; m" | head -n 1)
  echo "  $d: $off" >&2
  worst=$(calculate "($off > $worst) ? $off : $worst")
done
train still f-gan $line --steps 1 --set rate=0
still=$(calculate "sqrt(($(measure still sample-deviation) / 0.2 - 1)^2)")
report f-gan "mean (in deviations) and deviation of G, the worst divergence" "< 0.05" "$worst" "$still"

two="--data mixture:two --batch 512 --log-every 50 --set architecture=gaussian --set rate=0.002 --set gradient_norm=5 --steps 2500"
train kl f-gan $two --set divergence=kl
train rkl f-gan $two --set divergence=reverse-kl
report f-gan "deviation of G on two modes, KL; beside it reverse KL" "> 0.4" "$(measure kl sample-deviation)" "$(measure rkl sample-deviation)"
exit $failed
