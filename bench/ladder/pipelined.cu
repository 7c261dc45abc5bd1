// Step 4, pipelining: four tiles of each operand in shared memory. cp.async copies go past the registers, and three tiles
// are on their way while the fourth is multiplied; one barrier a tile is enough. Bound: tensor cores where there are
// blocks enough, else the address arithmetic in front of each copy.
#include "bench/ladder/warp_product.h"

namespace ganymede::kernels::GANYMEDE_TARGET::ladder {

constexpr int kStages = 4;

struct PipelinedShared {
  OperandTile a[kStages], b[kStages];
};

__global__ void __launch_bounds__(32 * kWarps) convolve_pipelined_kernel(Conv2d p, const Bf16* x, const Bf16* w, Bf16* y) {
  auto& tiles = shared<PipelinedShared>();
  const int first_position = static_cast<int>(blockIdx.x) * kLines, first_k = static_cast<int>(blockIdx.y) * kLines;
  const int steps = ceil_div(slices_of(p), kSlices);
  const auto load = [&](int step) {
    for (int i = static_cast<int>(threadIdx.x); step < steps && i < kLines * kSlices / 8; i += 32 * kWarps) {
      const int line = i / (kSlices / 8), run = i % (kSlices / 8) * 8, slice = step * kSlices + run;
      const Bf16 *a = patch(p, x, first_position + line, slice), *b = filter(p, w, first_k + line, slice);
      simt::cp_async<16>(&tiles.a[step % kStages].data[line][run], a ? a : x, a != nullptr);
      simt::cp_async<16>(&tiles.b[step % kStages].data[line][run], b ? b : w, b != nullptr);
    }
    simt::cp_async_commit();  // an empty group, too, so that the count below stays right at the end
  };
  WarpProduct product;
  for (int step = 0; step < kStages - 1; ++step) load(step);
  for (int step = 0; step < steps; ++step) {
    simt::cp_async_wait<kStages - 2>();
    simt::sync_threads();  // this step's tile is there, and nobody reads the one that is overwritten next
    load(step + kStages - 1);
    product.multiply(tiles.a[step % kStages], tiles.b[step % kStages]);
  }
  simt::cp_async_wait<0>();
  product.store(p, y, first_position, first_k);
}

void convolve_pipelined(Stream stream, const Conv2d& p, const Bf16* x, const Bf16* w, Bf16* y) {
  check(p);
  launch<PipelinedShared>(convolve_pipelined_kernel, tile_grid(p), 32 * kWarps, stream, p, x, w, y);
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET::ladder
