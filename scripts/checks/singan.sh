# All eight checks of SinGAN on one procedural picture of 64 x 64: tests/checks/singan.cpp trains and measures.
set -euo pipefail
program=$(dirname "$GANYMEDE")/tests/check_singan
[ -x "$program" ] || { echo "checks/singan.sh: no $program; build with -DGANYMEDE_TESTS=ON" >&2; exit 2; }
"$program" "$@" || [ $? = 1 ]  # a property that fails says so in its row
