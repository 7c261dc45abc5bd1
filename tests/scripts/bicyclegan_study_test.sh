#!/usr/bin/env bash
# scripts/bicyclegan_study.sh trains, measures and draws: $1 is the program.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
OUT=$work GANYMEDE=$1 scripts/bicyclegan_study.sh encoders --size 16 --steps 2 --batch 2 --set width=2 --set latent=2 --threads 1 >/dev/null 2>"$work/log" ||
  { cat "$work/log" >&2; exit 1; }
rows=$(grep -cE '^\| (resnet|cnn)-(all|input) (\| -?[0-9.]+(e[-+]?[0-9]+)? ){4}\|$' "$work/README.md")
[ "$rows" = 4 ] || { echo "rows with four figures: $rows; there should be 4" >&2; cat "$work/README.md" >&2; exit 1; }
[ "$(grep -c '<circle' "$work/encoders.svg")" = 4 ] || { echo "encoders.svg: not four points" >&2; exit 1; }
for name in resnet-all cnn-input; do [ -s "$work/$name.png" ] || { echo "no $name.png" >&2; exit 1; }; done
