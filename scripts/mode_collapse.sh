#!/usr/bin/env bash
# Which models lose modes of a ring of eight normals, and when they have found them: each trained for the same number of iterations
# (ITERATIONS, 3000), measured four times on the way. Prints the table of docs/mode_collapse.md and leaves runs and frames in OUT
# (runs/mode_collapse). GANYMEDE names the program (build/ganymede).
set -euo pipefail
cd "$(dirname "$0")/.."
GANYMEDE=${GANYMEDE:-build/ganymede} out=${OUT:-runs/mode_collapse} iterations=${ITERATIONS:-3000}
[ -x "$GANYMEDE" ] || { echo "mode_collapse.sh: no program $GANYMEDE; build it with scripts/build.sh, or set GANYMEDE" >&2; exit 2; }

figure() {
  "$GANYMEDE" evaluate "$1" -n 5000 --json | awk -F': ' -v name="\"$2\"" '/"name"/ { found = index($2, name) == 1 } /"value"/ && found { sub(/,$/, "", $2); print $2; exit }'
}
# row NAME MODEL OPTIONS...
row() {
  local name=$1 model=$2 run="$out/$1" line="| $1 |" quality=
  shift 2
  for part in 1 2 3 4; do
    if [ $part -eq 1 ]; then
      "$GANYMEDE" train "$model" --data mixture:ring8 --batch 128 --device cpu --out "$run" --steps $((iterations / 4)) --sample-every 100 "$@" >/dev/null 2>"$run.log" ||
        { tail -n 2 "$run.log" >&2; return 1; }
    else
      "$GANYMEDE" train --out "$run" --resume --steps $((iterations * part / 4)) >/dev/null 2>"$run.log" || { tail -n 2 "$run.log" >&2; return 1; }
    fi
    line="$line $(printf %.0f "$(figure "$run" modes-hit)") |" quality=$(figure "$run" quality)
  done
  echo "$line $(awk "BEGIN { printf \"%.0f %%\", 100 * $quality }") |"
}

mkdir -p "$out"
echo "| model | modes at $((iterations / 4)) | at $((iterations / 2)) | at $((iterations * 3 / 4)) | at $iterations | samples within 3 deviations |"
echo "|---|---|---|---|---|---|"
row gan gan
row gan-d-first gan --set order=d-first
row gan-g-first gan --set order=g-first
row gan-minimax gan --set generator=minimax
row improved-gan-plain improved-gan --set minibatch=false
row improved-gan-minibatch improved-gan
row wgan wgan
row wgan-gp wgan-gp
for d in js kl reverse-kl hellinger pearson; do row "f-gan-$d" f-gan --set divergence=$d --set gradient_norm=5; done
