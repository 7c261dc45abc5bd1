// What steps 3 and 4 share: a warp's 32 x 32 results on tensor cores.
#pragma once
#include "bench/ladder/ladder.h"
#include "kernels/device/fragment.h"

namespace ganymede::kernels::GANYMEDE_TARGET::ladder {

constexpr int kLines = 64, kSlices = 32, kWarps = 4;  // a block: 64 x 64 results, 32 slices at a time

// Rows are 80 bytes apart, so that the eight rows of an ldmatrix matrix lie in different banks.
struct alignas(16) OperandTile {
  Bf16 data[kLines][kSlices + 8];
};

// The accumulators stay in registers from the first slice to the last: 2 x 4 instructions' worth of 16 x 8 results.
struct WarpProduct {
  float sum[2][4][4] = {};

  __device__ static int first_row() { return simt::warp() / 2 * 32; }
  __device__ static int first_column() { return simt::warp() % 2 * 32; }

  __device__ void multiply(const OperandTile& a, const OperandTile& b) {
    const int lane = simt::lane();
#pragma unroll
    for (int k = 0; k < kSlices; k += 16) {
      uint32_t x[2][4], y[4][2];
#pragma unroll
      for (int i = 0; i < 2; ++i) simt::ldmatrix_x4(x[i], &a.data[first_row() + i * 16 + lane % 16][k + lane / 16 * 8]);
#pragma unroll
      for (int j = 0; j < 4; j += 2) {
        uint32_t both[4];
        simt::ldmatrix_x4(both, &b.data[first_column() + j * 8 + lane % 8 + lane / 16 * 8][k + lane / 8 % 2 * 8]);
        y[j][0] = both[0], y[j][1] = both[1], y[j + 1][0] = both[2], y[j + 1][1] = both[3];
      }
#pragma unroll
      for (int i = 0; i < 2; ++i) {
#pragma unroll
        for (int j = 0; j < 4; ++j) simt::mma_bf16(sum[i][j], x[i], y[j]);
      }
    }
  }

  // Straight from the registers to y; a lane has two neighbouring outputs of a position.
  __device__ void store(const Conv2d& p, Bf16* y, int first_position, int first_k) const {
#pragma unroll
    for (int i = 0; i < 2; ++i) {
#pragma unroll
      for (int j = 0; j < 4; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const int position = first_position + first_row() + i * 16 + AccumulatorMap::row(simt::lane(), e);
          const int k = first_k + first_column() + j * 8 + AccumulatorMap::column(simt::lane(), e);
          if (position < positions_of(p) && k < p.k) y[int64_t{position} * p.k + k] = to_bf16(sum[i][j][e]);
        }
      }
    }
  }
};

inline dim3 tile_grid(const Conv2d& p) {
  return dim3(static_cast<unsigned>(ceil_div(positions_of(p), kLines)), static_cast<unsigned>(ceil_div(p.k, kLines)));
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET::ladder
