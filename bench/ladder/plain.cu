// Step 1, the plain loop: a thread owns one result and reads everything that it needs from global memory. Two loads an
// FMA, and neighbouring threads, which own neighbouring k, read w a whole filter apart. Bound: load instructions and L1.
#include "bench/ladder/ladder.h"

namespace ganymede::kernels::GANYMEDE_TARGET::ladder {

__global__ void __launch_bounds__(kThreads) convolve_plain_kernel(Conv2d p, const Bf16* x, const Bf16* w, Bf16* y) {
  const int64_t results = int64_t{positions_of(p)} * p.k;
  for (int64_t i = first_item(); i < results; i += item_stride()) {
    const int k = static_cast<int>(i % p.k), position = static_cast<int>(i / p.k);
    float sum = 0;
    for (int slice = 0; slice < slices_of(p); slice += 8) {
      const Bf16 *a = patch(p, x, position, slice), *b = filter(p, w, k, slice);
      for (int c = 0; a && c < 8; ++c) sum += to_float(a[c]) * to_float(b[c]);
    }
    y[i] = to_bf16(sum);
  }
}

void convolve_plain(Stream stream, const Conv2d& p, const Bf16* x, const Bf16* w, Bf16* y) {
  check(p);
  launch(convolve_plain_kernel, blocks_for(int64_t{positions_of(p)} * p.k), kThreads, stream, p, x, w, y);
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET::ladder
