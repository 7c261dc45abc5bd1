#!/usr/bin/env bash
# What SinGAN must show on a picture of 64 x 64 (tests/checks/singan.cpp): one line a property, ends with 1 if one fails.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=build/tests/check_singan
if [ ! -x "$program" ]; then
  echo "scripts/checks/singan.sh: no $program; build it with scripts/build.sh -DGANYMEDE_TESTS=ON" >&2
  exit 2
fi
exec "$program" "$@"
