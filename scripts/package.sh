#!/usr/bin/env bash
# Makes the Debian packages ganymede and libganymede-dev in build-package/, for any machine of this architecture (the cuda
# device is in them where nvcc is found). Arguments go to CMake.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake -G Ninja -S . -B build-package -DCMAKE_BUILD_TYPE=Release -DGANYMEDE_NATIVE=OFF -DGANYMEDE_TESTS=OFF "$@" >/dev/null
cmake --build build-package
(cd build-package && cpack -G DEB >cpack.log 2>&1) || { cat build-package/cpack.log >&2; exit 1; }
ls build-package/*.deb
