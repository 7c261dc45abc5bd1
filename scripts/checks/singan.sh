# All eight checks of SinGAN on one procedural picture of 64 x 64, 500 iterations a scale, 16 channels at the coarsest:
# tests/checks/singan.cpp trains (with everything, three times; two scales without the reconstruction loss, two with z* redrawn, and for super-resolution) and measures.
set -euo pipefail
program=$(dirname "$GANYMEDE")/tests/check_singan
[ -x "$program" ] || { echo "checks/singan.sh: no $program; build with -DGANYMEDE_TESTS=ON" >&2; exit 2; }
"$program" 500 16 ${GALLERY:+"$GALLERY"} || [ $? = 1 ]  # a property that fails says so in its row
