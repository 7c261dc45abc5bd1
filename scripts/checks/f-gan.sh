# Nowozin et al. 2016: every divergence finds a single normal; on two modes KL spreads over both where reverse KL keeps to one.
source "$(dirname "$0")/lib.sh"
line=(--batch 256 --log-every 50 --steps 2500 --set architecture=gaussian --set rate=0.002 --set gradient_norm=5 --set width=32)
# The data are normal with mean 0.3 and deviation 0.2.
off() { larger "$(measured "$1" sample-mean sample-mean) / 0.3 - 1" "$(measured "$1" sample-deviation sample-deviation) / 0.2 - 1"; }
run still f-gan --data mixture:gaussian --batch 256 --steps 1 --set architecture=gaussian
still=$(off still)
for d in gan js kl reverse-kl pearson neyman hellinger jeffrey weighted-js alpha tv; do
  # Neyman's divergence from the first G, which is wider than the data, is infinite: V is held in [-2, 2].
  more=()
  [ $d = neyman ] && more=(--set bound=2)
  run "$d" f-gan --data mixture:gaussian "${line[@]}" "${more[@]}" --set divergence=$d
  row f-gan "mean and deviation of G, larger relative error, 2500 iterations, $d" "<" 0.05 "$(off "$d")" "training (1 iteration)" "$still"
done
run both f-gan --data mixture:two "${line[@]}" --set divergence=kl
run one f-gan --data mixture:two "${line[@]}" --set divergence=reverse-kl
row f-gan "deviation of one normal G fitted to two modes, KL" ">" 0.4 "$(measured both sample-deviation sample-deviation)" "KL (reverse KL instead)" "$(measured one sample-deviation sample-deviation)"
