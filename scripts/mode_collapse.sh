#!/usr/bin/env bash
# Which models lose modes, and when they have found them; prints the tables of docs/mode_collapse.md and leaves runs and frames in OUT
# (runs/mode_collapse).
#   scripts/mode_collapse.sh [ring|pictures|gradients|half]...      all four
# ring: eight normals, SEEDS (1 2 3), ITERATIONS (4000) of 64 points, measured at a sixteenth, an eighth, ... and the end.
# pictures: Fashion-MNIST at 16 px, PICTURE_ITERATIONS (600) of 64: classes lost, and variety lost inside a class.
# gradients: G's first gradient by log(1 - D) and by -log D, from the same state, after D moved alone for a while.   half: D's mean on both sides while G finds a normal.
# GANYMEDE names the program (build/ganymede).
set -euo pipefail
cd "$(dirname "$0")/.."
GANYMEDE=${GANYMEDE:-build/ganymede} out=${OUT:-runs/mode_collapse} iterations=${ITERATIONS:-4000} seeds=${SEEDS:-1 2 3} pictured=${PICTURE_ITERATIONS:-600}
[ -x "$GANYMEDE" ] || { echo "mode_collapse.sh: no program $GANYMEDE; build it with scripts/build.sh, or set GANYMEDE" >&2; exit 2; }

# train RUN ARGUMENTS...
train() {
  local run=$1
  shift
  "$GANYMEDE" train "$@" --device cpu --out "$run" >/dev/null 2>"$run.log" || { tail -n 2 "$run.log" >&2; return 1; }
}
# figure NAME: the value of that name in evaluate's JSON.
figure() { awk -F': ' -v name="\"$1\"" '/"name"/ { found = index($2, name) == 1 } /"value"/ && found { sub(/,$/, "", $2); print $2; exit }'; }

# ring_row NAME MODEL OPTIONS...
ring_row() {
  local name=$1 model=$2 seed part run judged
  shift 2
  for seed in $seeds; do
    run="$out/$name-$seed"
    for part in 16 8 4 2 1; do
      if [ $part -eq 16 ]; then train "$run" "$model" --data mixture:ring8 --batch 64 --seed "$seed" --steps $((iterations / 16)) --sample-every 250 --log-every 50 "$@"
      else train "$run" --resume --steps $((iterations / part)); fi
      judged=$("$GANYMEDE" evaluate "$run" -n 5000 --metrics modes --json)
      echo "$part $(figure modes-hit <<<"$judged") $(figure quality <<<"$judged")"
    done
  done | awk -v name="$name" '
    { sum[$1] += $2; n[$1]++ }
    $1 == 1 { good += $3; if (n[1] == 1 || $2 < low) low = $2; if ($2 > high) high = $2 }
    END { printf "| %s |", name; for (p = 16; p >= 1; p /= 2) printf " %.1f |", sum[p] / n[p]; printf " %d to %d | %.0f %% |\n", low, high, 100 * good / n[1] }'
}
ring() {
  echo "| model | modes at $((iterations / 16)) | at $((iterations / 8)) | at $((iterations / 4)) | at $((iterations / 2)) | at $iterations | of the seeds | samples within 3 deviations |"
  echo "|---|---|---|---|---|---|---|---|"
  ring_row gan gan
  ring_row gan-d-first gan --set order=d-first
  ring_row gan-g-first gan --set order=g-first
  ring_row gan-minimax gan --set generator=minimax
  ring_row acgan acgan
  local d
  for d in gan js kl reverse-kl hellinger pearson; do ring_row "f-gan-$d" f-gan --set divergence=$d --set gradient_norm=5; done
  # The same networks and rates, with and without the regularisers (both weights 0: the plain GAN).
  local regularised=(--set rate=1e-3 --set latent=6)
  ring_row mrgan-plain mrgan "${regularised[@]}" --set lambda1=0 --set lambda2=0
  ring_row mrgan-regularised mrgan "${regularised[@]}" --set lambda1=1 --set lambda2=1
  ring_row mrgan-manifold-diffusion mrgan "${regularised[@]}" --set variant=manifold-diffusion --set lambda1=10
  ring_row wgan wgan
  ring_row wgan-gp wgan-gp
  ring_row improved-gan-plain improved-gan --set minibatch=false
  ring_row improved-gan-minibatch improved-gan
}

# picture_row NAME MODEL OPTIONS...
picture_row() {
  local name=$1 model=$2 run="$out/pictures-$1" judged
  shift 2
  train "$run" "$model" --data fashion-mnist --size 16 --channels 1 --batch 64 --steps "$pictured" --sample-every "$pictured" --log-every 50 "$@"
  judged=$("$GANYMEDE" evaluate "$run" -n 2000 --metrics coverage,diversity --no-floor --json)
  printf '| %s | %d | %.1f %% | %.2f | %.2f |\n' "$name" "$(awk "BEGIN { print 10 - $(figure classes-covered <<<"$judged") }")" \
    "$(awk "BEGIN { print 100 * $(figure smallest-class <<<"$judged") }")" "$(figure class-diversity <<<"$judged")" "$(figure least-class-diversity <<<"$judged")"
}
pictures() {
  echo "| model | classes lost, of 10 | smallest class | variety inside a class, data: 1 | in the least varied class |"
  echo "|---|---|---|---|---|"
  picture_row gan gan --set width=256 --set units=64
  picture_row dcgan dcgan --set width=16 --set latent=32
  picture_row acgan acgan --set width=32 --set d_width=8 --set latent=32
  picture_row mrgan-plain mrgan --set width=16 --set latent=32 --set lambda1=0 --set lambda2=0
  picture_row mrgan-regularised mrgan --set width=16 --set latent=32
  picture_row f-gan-js f-gan --set architecture=dcgan --set width=16 --set latent=32 --set divergence=js
  picture_row f-gan-kl f-gan --set architecture=dcgan --set width=16 --set latent=32 --set divergence=kl --set gradient_norm=5
  picture_row wgan wgan --set width=16 --set latent=32
  picture_row wgan-gp wgan-gp --set width=16 --set latent=32
  picture_row improved-gan-plain improved-gan --set width=16 --set latent=32 --set minibatch=false
  picture_row improved-gan-minibatch improved-gan --set width=16 --set latent=32
}

# logged RUN NAME: the logged values, one a line.
logged() { sed -nE "s#.*\"${2//+/\\+}\":([-0-9.e+]+).*#\1#p" "$1/stats.jsonl"; }
gradients() {
  local ahead loss
  echo "| iterations of D before | E D(G(z)) | norm of G's gradient, log(1 - D) | norm, -log D | ratio |"
  echo "|---|---|---|---|---|"
  for ahead in 0 25 50 100 200 500 1500; do
    for loss in minimax non-saturating; do
      train "$out/loss-$loss-$ahead" gan --data mixture:ring8 --batch 128 --steps $((ahead + 1)) --log-every $((ahead + 1)) --sample-every 10000 --set head_start=$ahead --set generator=$loss
    done
    echo "$ahead $(logged "$out/loss-minimax-$ahead" D+G/fake) $(logged "$out/loss-minimax-$ahead" grad_norm/G) $(logged "$out/loss-non-saturating-$ahead" grad_norm/G)"
  done | awk '{ printf "| %d | %.2g | %.2g | %.2g | %.3g |\n", $1, $2, $3, $4, $4 / $3 }'
}
half() {
  train "$out/half" gan --data mixture:gaussian --batch 256 --steps 2000 --log-every 200 --sample-every 2000 --set network=gaussian
  echo "| iteration | E D(x) | E D(G(z)) | D's loss; log 2 = 0.693 |"
  echo "|---|---|---|---|"
  paste <(logged "$out/half" iteration) <(logged "$out/half" D+G/real) <(logged "$out/half" D+G/fake) <(logged "$out/half" D+G/D) | awk '{ printf "| %d | %.3f | %.3f | %.3f |\n", $1, $2, $3, $4 }'
}

mkdir -p "$out"
[ $# -gt 0 ] || set -- ring gradients half pictures
for part; do
  case $part in
    ring | pictures | gradients | half) "$part" ;;
    *) echo "mode_collapse.sh: $part: it must be ring, pictures, gradients or half" >&2; exit 2 ;;
  esac
  echo
done
