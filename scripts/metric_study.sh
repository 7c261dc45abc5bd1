#!/usr/bin/env bash
# Which measure notices what: real pictures with noise, blur, lost classes and lost variety, measured by `ganymede study-measures` on
# Fashion-MNIST with the self-trained classifier. Writes measures.svg, .json and .md into docs/measures. Arguments go to the verb.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh -DGANYMEDE_TESTS=OFF
build/ganymede study-measures --data fashion-mnist --out docs/measures "$@"
