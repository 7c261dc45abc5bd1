#!/usr/bin/env bash
# The checks of the models' sheets on the cpu: scripts/check_models.sh [MODEL...] (all that have one). Each trains small, measures a property
# against its bound, and again without the ingredient that the property rests on, which must miss the bound. One line a check:
#   MODEL  PROPERTY  BOUND  FIGURE  FIGURE-WITHOUT  PASS|FAIL
# GANYMEDE names the program (build/ganymede). Fails if a check does.
set -euo pipefail
cd "$(dirname "$0")/.."
export GANYMEDE=${GANYMEDE:-build/ganymede}
if [ ! -x "$GANYMEDE" ]; then
  echo "check_models.sh: no program $GANYMEDE; build it with scripts/build.sh, or set GANYMEDE" >&2
  exit 2
fi
if [ $# -eq 0 ]; then
  for f in scripts/checks/*.sh; do
    case $f in */common.sh) ;; *) set -- "$@" "$(basename "$f" .sh)" ;; esac
  done
fi
failed=0
for model in "$@"; do
  if [ ! -f "scripts/checks/$model.sh" ]; then
    echo "check_models.sh: no check of $model" >&2
    exit 2
  fi
  bash "scripts/checks/$model.sh" || failed=1
done
exit $failed
