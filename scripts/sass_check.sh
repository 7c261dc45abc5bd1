#!/usr/bin/env bash
# Looks into the machine code of the kernels for sm_90a: every variant of the twins must load by TMA and multiply by wgmma, and those of
# attention must compute 2^x between the two waits of their loop, while products run.
#   scripts/sass_check.sh BUILD
# Says so and ends well where the build has no cuda device, or no cuobjdump is found (on the PATH, in /usr/local/cuda/bin or
# $CUDA_HOME/bin; it comes with the CUDA toolkit and calls nvdisasm, which must be beside it or on the PATH).
set -euo pipefail
library=$(realpath -m "$1/kernels/libganymede_kernels_cuda.a")
[ -f "$library" ] || { echo "sass_check: $1 has no cuda device; nothing to look into"; exit 0; }
export PATH=$PATH:/usr/local/cuda/bin:${CUDA_HOME:-/usr/local/cuda}/bin
command -v cuobjdump >/dev/null && command -v nvdisasm >/dev/null || { echo "sass_check: no cuobjdump and nvdisasm found; the machine code was not looked into"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# look OBJECT KERNEL PRODUCTS LOADS IM2COL: at least so many in each variant, and nothing in local memory.
look() {
  (cd "$work" && ar x "$library" "$1")
  cuobjdump -sass -arch sm_90a "$work/$1" >"$work/sass" 2>"$work/error" || { echo "sass_check: cuobjdump: $(head -1 "$work/error")" >&2; return 1; }
  awk -v pattern="$2" -v products="$3" -v loads="$4" -v windows="$5" '
    /Function :/ { name = $NF; if (name ~ pattern) { kernels[name] = 1; multiply[name] += 0; load[name] += 0; im2col[name] += 0 } }
    /HGMMA/ { multiply[name]++ }
    /UTMALDG/ { load[name]++ }
    /UTMALDG.*IM2COL/ { im2col[name]++ }
    /STL|LDL/ { spill[name]++ }
    /DEPBAR.LE gsb0, 0x1/ { waited[name] = 1 }
    /DEPBAR.LE gsb0, 0x0/ { if (waited[name] == 1) waited[name] = 2 }
    /HGMMA/ { if (waited[name] == 2) waited[name] = 3 }
    /MUFU.EX2/ { if (waited[name] == 2) late[name]++ }
    END {
      for (k in kernels) {
        ++n
        if (k ~ /flash/ && late[k] > 8) { print "sass_check: " k ": " late[k] " of 2^x behind the wait for the products that should run meanwhile"; bad = 1 }
        if (multiply[k] < products || load[k] < loads || im2col[k] < windows || spill[k]) { print "sass_check: " k ": HGMMA " multiply[k] ", UTMALDG " load[k] " (im2col " im2col[k] "), local memory " spill[k] + 0; bad = 1 }
      }
      if (!n) { print "sass_check: no " pattern " is in the code for sm_90a; was the build for it (GANYMEDE_CUDA_ARCHITECTURES)?"; exit 0 }
      if (!bad) print "sass_check: " n " of " pattern " for sm_90a load by UTMALDG and multiply by HGMMA"
      exit bad
    }' "$work/sass"
}
look conv2d_forward_twin.cu.o multiply_twin_kernel 4 2 1
look attention_flash_output_twin.cu.o flash_output_twin_kernel 20 3 0
look attention_flash_query_gradient_twin.cu.o flash_query_gradient_twin_kernel 28 4 0
look attention_flash_key_gradient_twin.cu.o flash_key_gradient_twin_kernel 28 5 0
