#!/usr/bin/env bash
# scripts/translation_study.sh trains, measures and draws: $1 is the program.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
small=(--size 16 --steps 2 --batch 2 --set width=2 --threads 1)
# study NAME ROWS COLUMNS ARGUMENTS...: every row has a figure in every column.
study() {
  local name=$1 rows=$2 columns=$3 found
  shift 3
  OUT=$work/$name GANYMEDE=$program scripts/translation_study.sh "$name" "${small[@]}" "$@" >/dev/null 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
  found=$(grep -cE "^\\| [a-z+0-9-]+ (\\| -?[0-9.]+(e[-+]?[0-9]+)? ){$columns}(\\| - )?\\|\$" "$work/$name/README.md" || true)
  [ "$found" = "$rows" ] || { echo "$name: $found rows with $columns figures; there should be $rows" >&2; cat "$work/$name/README.md" >&2; exit 1; }
  [ "$(ls "$work/$name"/*.png | wc -l)" = "$rows" ] || { echo "$name: not a picture a row" >&2; exit 1; }
}
program=$1
export DATA=shapes:pairs,plain=1,objects=1,count=64   # without with=semantic: no network has to learn to segment
study losses 6 6
study patches 2 6
grep -q 'Left out: fields of 70 286 px' "$work/patches/README.md" || { echo "patches: nothing is said of the fields left out" >&2; exit 1; }
DATA+=,with=semantic
study encoders 4 4 --set latent=2
[ "$(grep -c '<circle' "$work/encoders/encoders.svg")" = 4 ] || { echo "encoders.svg: not four points" >&2; exit 1; }
