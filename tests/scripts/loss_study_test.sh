#!/usr/bin/env bash
# scripts/loss_study.sh trains every network, keeps what is finished, trains on what is not, and shows what diverged: $1 is the program.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GANYMEDE=$1 GANYMEDE_CACHE=$work/cache OUT=$work/out UPDATES=6 SEEDS=1 SETS=shapes OBJECTIVES="wgan-gp hinge-sn"
fail() { echo "$1" >&2; cat "$work/log" "$OUT/tables.md" >&2 || true; exit 1; }
study() { scripts/loss_study.sh "$@" >/dev/null 2>"$work/log" || fail "loss_study.sh failed"; }
# rows PATTERN N: N rows of all tables match.
rows() { [ "$(grep -cE "$1" "$OUT/tables.md")" = "$2" ] || fail "there should be $2 rows like $1"; }

NETWORKS="dcgan cgan" study
NETWORKS="resnet sagan" OBJECTIVES=wgan-gp study
study
f='\| [0-9.]+ '
rows "^\\| wgan-gp $f$f$f$f\\|\$" 3
rows "^\\| wgan-gp $f$f\\|\$" 1
rows "^\\| hinge-sn $f$f$f$f\\|\$" 3
[ "$(grep -o 'data:image/png' "$OUT/shapes.svg" | wc -l)" = 8 ] || fail "shapes.svg: not eight pictures"
grep -q '"iteration":1,' "$OUT/shapes/sagan-wgan-gp-1/stats.jsonl" || fail "a critic's 6 updates are not one iteration"

# Finished cells are left alone; one without figures is measured again; losses that are not finite are a result, other failures are not.
mv "$OUT/shapes/dcgan-hinge-sn-1/checkpoints" "$work/gone"
study
[ ! -s "$work/log" ] || fail "a finished cell was touched"
rm "$OUT/shapes/cgan-hinge-sn-1.figures" && study
grep -q "cgan hinge-sn" "$work/log" || fail "an unfinished cell was not taken up"
cat >"$work/diverges" <<'E2'
#!/bin/sh
[ "$1" = train ] && echo "ganymede: D/adv is nan at iteration 4: the run has diverged; try a smaller rate" >&2
exit 1
E2
chmod +x "$work/diverges"
rm "$OUT/shapes/dcgan-wgan-gp-1".{figures,png}
GANYMEDE=$work/diverges study
rows '^\| wgan-gp \| diverged ' 3
grep -q '>diverged 4<' "$OUT/shapes.svg" || fail "shapes.svg does not say what diverged"
sed -i 's/the run has diverged/disk full/' "$work/diverges" && rm "$OUT/shapes/dcgan-wgan-gp-1.figures"
if GANYMEDE=$work/diverges scripts/loss_study.sh >/dev/null 2>"$work/log"; then fail "a failure passed for a result"; fi
grep -q 'disk full' "$work/log" || fail "the failure is not named"
