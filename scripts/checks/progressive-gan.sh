# Karras et al. 2018: blending, the average of G's weights and the minibatch deviation. Shapes of 32 px, 10,000 pictures a phase, 70,000 in all.
source "$(dirname "$0")/lib.sh"
common=(progressive-gan --data shapes:single --size 32 --channels 3 --batch 16 --threads 1 --set width=16 --set stable_images=10000)
run grown "${common[@]}" --steps 4375 --log-every 1 --set blend_images=10000
run raw "${common[@]}" --steps 4375 --set blend_images=10000 --set ema=0
run blind "${common[@]}" --steps 4375 --set blend_images=10000 --set stddev_group=0
run abrupt "${common[@]}" --steps 1900 --log-every 1 --set blend_images=0
# jump NAME ITERATION...: of D's adversarial loss and G's, the mean of the ten iterations after each of these beside the mean of the hundred before,
# in their deviations; the largest. Not of D's penalty: over four times as many pixels the slope of the same function is half as long.
jump() {
  local run=$1
  shift
  sed -nE 's/.*"iteration":([0-9]+),.*"D\/adv":([-0-9.e+]+),.*"G\/adv":([-0-9.e+]+),.*/\1 \2 \3/p' "$WORK/$run/stats.jsonl" |
    awk -v at="$*" '{ d[$1] = $2; g[$1] = $3 }
      function off(x, a,   i, m, s, n) {
        for (i = a - 99; i <= a; i++) { m += x[i] / 100; s += x[i] ^ 2 / 100 }
        for (i = a + 1; i <= a + 10; i++) n += x[i] / 10
        return s > m * m ? (n > m ? n - m : m - n) / sqrt(s - m * m) : 0
      }
      END { k = split(at, ends); for (i = 1; i <= k; i++) { most = most > off(d, ends[i]) ? most : off(d, ends[i]); most = most > off(g, ends[i]) ? most : off(g, ends[i]) } print most + 0 }'
}
row progressive-gan "jump of the adversarial losses of D and G as a resolution appears, in their deviations before, largest of 8, 16 and 32 px" "<=" 2 "$(jump grown 625 1875 3125)" "blending" "$(jump abrupt 625 1250 1875)"
distance() { measured "$1" distance distance -n 1000; }
row progressive-gan "random-feature distance of samples over that of G's last weights" "<" 1 "$(calculate "$(distance grown) / $(distance raw)")" "average (by definition)" 1
row progressive-gan "share of batches of real pictures that D scores above batches of their copies" ">=" 0.9 "$(measured grown copies copies -n 1000)" "minibatch deviation" "$(measured blind copies copies -n 1000)"
