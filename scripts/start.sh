#!/usr/bin/env bash
# From a bare Debian 12 to pictures: installs, builds, trains DCGAN on Fashion-MNIST into a new folder under runs/.
# Arguments go to `ganymede train dcgan`.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install.sh
scripts/build.sh -DGANYMEDE_TESTS=OFF
run=runs/dcgan-$(date +%Y%m%d-%H%M%S)
echo "train: DCGAN on Fashion-MNIST into $run"
build/ganymede train dcgan --data fashion-mnist --out "$run" "$@"
echo "pictures: $run/samples   report: $run/report.html"
