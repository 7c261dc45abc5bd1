# Lample et al. 2017: the latent discriminator drives attributes out of the code, so that the decoder has to take them from the vector that it is given.
source "$(dirname "$0")/lib.sh"
for seed in 2 3 4; do
  run hidden$seed fader-networks --size 32 --steps 4000 --seed $seed
  run open$seed fader-networks --size 32 --steps 4000 --seed $seed --set lambda=0
done
pair() { row fader-networks "$1" "$2" "$3" "$($4 hidden $6 $6 -n 400)" "the latent discriminator (lambda=0, best of 3)" "$($5 open $6 $6 -n 400)"; }
pair "edited pictures in which a classifier trained apart finds the colour asked for, shapes of 3 colours, 32 px, 4000 iterations, worst of 3 seeds" ">" 0.9 least largest edited
pair "test pictures whose colour a network trained afresh reads off the code, a third by guessing, the same runs" "<=" 0.65 largest least code-accuracy
row fader-networks "mean (x - Dec(E(x), y))^2, the same runs" "<" 0.01 "$(largest hidden reconstruction reconstruction -n 400)" - -
row fader-networks "how far the thing in a picture moves when edited, in sides, the same runs" "<" 0.06 "$(largest hidden moved moved -n 400)" - -
