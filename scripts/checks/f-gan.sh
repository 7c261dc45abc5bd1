# Nowozin et al. 2016: every divergence finds a single normal; on two modes KL spreads over both where reverse KL keeps to one.
source "$(dirname "$0")/lib.sh"
line=(--data mixture:gaussian --batch 512 --log-every 50 --set architecture=gaussian --set rate=0.002 --set gradient_norm=5)
# The data are normal with mean 0.3 and deviation 0.2: the larger of |mean - 0.3| / 0.2 and |deviation / 0.2 - 1|.
off() {
  local m s
  m=$(calculate "size($(measured "$1" sample-mean sample-mean) - 0.3) / 0.2") s=$(calculate "size($(measured "$1" sample-deviation sample-deviation) / 0.2 - 1)")
  calculate "$m > $s ? $m : $s"
}
run still f-gan "${line[@]}" --steps 1
still=$(off still)
for d in gan js kl reverse-kl pearson neyman hellinger jeffrey weighted-js alpha tv; do
  run "$d" f-gan "${line[@]}" --set divergence=$d --steps 2500
  row f-gan "mean (in deviations) and deviation of G, $d, larger error, 2500 iterations" "<" 0.05 "$(off "$d")" "training (1 iteration)" "$still"
done
two=(--data mixture:two --batch 512 --log-every 50 --set architecture=gaussian --set rate=0.002 --set gradient_norm=5 --steps 2500)
run both f-gan "${two[@]}" --set divergence=kl
run one f-gan "${two[@]}" --set divergence=reverse-kl
row f-gan "deviation of one normal G fitted to two modes, KL" ">" 0.4 "$(measured both sample-deviation sample-deviation)" "KL (reverse KL instead)" "$(measured one sample-deviation sample-deviation)"
