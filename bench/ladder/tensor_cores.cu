// Step 3, tensor cores: the tile stays bf16 in shared memory, ldmatrix hands it to the lanes as mma.sync wants it, and one
// instruction of a warp does 2048 multiply-adds. Bound: waiting for the loads, which nothing hides: the tensor cores idle
// while a tile comes, and the copies idle while it is multiplied.
#include "bench/ladder/warp_product.h"

namespace ganymede::kernels::GANYMEDE_TARGET::ladder {

struct TensorCoreShared {
  OperandTile a, b;
};

__global__ void __launch_bounds__(32 * kWarps) convolve_tensor_cores_kernel(Conv2d p, const Bf16* x, const Bf16* w, Bf16* y) {
  auto& tile = shared<TensorCoreShared>();
  const int first_position = static_cast<int>(blockIdx.x) * kLines, first_k = static_cast<int>(blockIdx.y) * kLines;
  WarpProduct product;
  for (int slice = 0; slice < slices_of(p); slice += kSlices) {
    for (int i = static_cast<int>(threadIdx.x); i < kLines * kSlices / 8; i += 32 * kWarps) {
      const int line = i / (kSlices / 8), run = i % (kSlices / 8) * 8;
      const Bf16 *a = patch(p, x, first_position + line, slice + run), *b = filter(p, w, first_k + line, slice + run);
      store_pack(&tile.a.data[line][run], a ? load_pack(a) : Pack<Bf16>{});
      store_pack(&tile.b.data[line][run], b ? load_pack(b) : Pack<Bf16>{});
    }
    simt::sync_threads();
    product.multiply(tile.a, tile.b);
    simt::sync_threads();
  }
  product.store(p, y, first_position, first_k);
}

void convolve_tensor_cores(Stream stream, const Conv2d& p, const Bf16* x, const Bf16* w, Bf16* y) {
  check(p);
  launch<TensorCoreShared>(convolve_tensor_cores_kernel, tile_grid(p), 32 * kWarps, stream, p, x, w, y);
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET::ladder
