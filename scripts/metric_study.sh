#!/usr/bin/env bash
# Which measure notices what: real pictures with noise, blur, lost classes and lost variety, measured by `ganymede study-measures` on
# Fashion-MNIST with the self-trained classifier. Writes measures.svg, .json and .md into docs/measures; arguments go to the verb.
# GANYMEDE names the program (build/ganymede).
set -euo pipefail
cd "$(dirname "$0")/.."
GANYMEDE=${GANYMEDE:-build/ganymede}
[ -x "$GANYMEDE" ] || { echo "metric_study: no program $GANYMEDE; build it with scripts/build.sh, or set GANYMEDE" >&2; exit 2; }
"$GANYMEDE" study-measures --data fashion-mnist --out docs/measures "$@"
