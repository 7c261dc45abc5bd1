#!/usr/bin/env bash
# Installs what Ganymede needs to build, test and train, from Debian's own packages. Does nothing when all is there.
set -euo pipefail
packages=(g++ cmake ninja-build ccache pkg-config
  libdnnl-dev libonnx-dev libprotobuf-dev ocl-icd-opencl-dev libcli11-dev libcpp-httplib-dev nlohmann-json3-dev libtomlplusplus-dev libstb-dev zlib1g-dev libeigen3-dev libboost-context1.74-dev libopenmpi-dev openmpi-bin libgtest-dev libgmock-dev libbenchmark-dev
  dataset-fashion-mnist)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "install: every package is there"
  exit 0
fi
sudo=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "install: as root, run: apt-get install ${missing[*]}" >&2; exit 1; }
  sudo=(sudo)
fi
echo "install: ${missing[*]}"
"${sudo[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
echo "install: done"
