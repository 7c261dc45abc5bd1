// Step 2, shared memory: a block owns 64 positions x 64 outputs and a thread 4 x 4 of them. Sixteen slices at a time, the
// block brings what it needs to shared memory, where every element is used 64 times, and a thread's eight reads feed
// sixteen FMAs. Bound: FMA, and waiting, for the block stands still while it loads.
#include "bench/ladder/ladder.h"

namespace ganymede::kernels::GANYMEDE_TARGET::ladder {

constexpr int kTile = 64, kDepth = 16;

struct TiledShared {
  float a[kDepth][kTile + 4], b[kDepth][kTile + 4];  // four words apart, so that a warp's stores use more banks
};

__global__ void __launch_bounds__(256) convolve_tiled_kernel(Conv2d p, const Bf16* x, const Bf16* w, Bf16* y) {
  auto& tile = shared<TiledShared>();
  const int thread = static_cast<int>(threadIdx.x);
  const int first_position = static_cast<int>(blockIdx.x) * kTile, first_k = static_cast<int>(blockIdx.y) * kTile;
  // Half of the threads load patches, half filters: eight slices of one line each.
  const bool loads_a = thread < 128;
  const int line = thread % 128 / 2, run = thread % 2 * 8;
  const int row = thread / 16 * 4, column = thread % 16 * 4;
  float sum[4][4] = {};
  for (int slice = 0; slice < slices_of(p); slice += kDepth) {
    const Bf16* source = loads_a ? patch(p, x, first_position + line, slice + run) : filter(p, w, first_k + line, slice + run);
    const Pack<Bf16> values = source ? load_pack(source) : Pack<Bf16>{};
#pragma unroll
    for (int i = 0; i < 8; ++i) (loads_a ? tile.a : tile.b)[run + i][line] = to_float(values[i]);
    simt::sync_threads();  // the tile is there
#pragma unroll
    for (int k = 0; k < kDepth; ++k) {
      const Pack<float> a = load_pack(&tile.a[k][row]), b = load_pack(&tile.b[k][column]);
#pragma unroll
      for (int i = 0; i < 4; ++i) {
#pragma unroll
        for (int j = 0; j < 4; ++j) sum[i][j] += a[i] * b[j];
      }
    }
    simt::sync_threads();  // nobody reads it any more
  }
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 4; ++j) {
      const int position = first_position + row + i, k = first_k + column + j;
      if (position < positions_of(p) && k < p.k) y[int64_t{position} * p.k + k] = to_bf16(sum[i][j]);
    }
  }
}

void convolve_tiled(Stream stream, const Conv2d& p, const Bf16* x, const Bf16* w, Bf16* y) {
  check(p);
  const dim3 grid(static_cast<unsigned>(ceil_div(positions_of(p), kTile)), static_cast<unsigned>(ceil_div(p.k, kTile)));
  launch<TiledShared>(convolve_tiled_kernel, grid, 256, stream, p, x, w, y);
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET::ladder
