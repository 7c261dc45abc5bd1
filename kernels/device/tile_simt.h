// One block's share of a product in f32 without tensor cores: each thread keeps a rectangle of results in
// registers.
#pragma once
#include "kernels/device/tile_load.h"
#include "kernels/device/tile_table.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// Threads form a grid; a thread owns kRows x kColumns results. Where the shared tile is contiguous along
// lines, a thread owns runs of four lines (one 16-byte read a slice); otherwise it owns lines one thread row
// apart, so that neighbouring threads read neighbouring rows of the tile, whose padded pitch keeps them in
// different banks.
template <class Tile, Along kAlongA, Along kAlongB>
class SimtProduct {
 public:
  using SharedA = SharedTile<float, kAlongA, Tile::kM, Tile::kK>;
  using SharedB = SharedTile<float, kAlongB, Tile::kN, Tile::kK>;

  __device__ SimtProduct() {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
#pragma unroll
      for (int j = 0; j < kColumns; ++j) sum_[i][j] = 0;
    }
  }

  __device__ void multiply(const SharedA& a, const SharedB& b) {
#pragma unroll 2  // more would make ptxas hoist reads until registers spill
    for (int k = 0; k < Tile::kK; k += 2) {
      float x[kRows][2], y[kColumns][2];
      read<kAlongA, kRows, kThreadRows>(x, a, thread_row(), k);
      read<kAlongB, kColumns, kThreadColumns>(y, b, thread_column(), k);
#pragma unroll
      for (int t = 0; t < 2; ++t) {
#pragma unroll
        for (int i = 0; i < kRows; ++i) {
#pragma unroll
          for (int j = 0; j < kColumns; ++j) sum_[i][j] += x[i][t] * y[j][t];
        }
      }
    }
  }

  // change(row, column, sum&) for each result of this thread.
  template <class Change>
  __device__ void each(Change&& change) {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
        change(line_of<kAlongA, kThreadRows>(thread_row(), i),
               line_of<kAlongB, kThreadColumns>(thread_column(), j), sum_[i][j]);
      }
    }
  }

  // use(row, column, sum, the other product's sum).
  template <class Use>
  __device__ void combine(const SimtProduct& other, Use&& use) const {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
        use(line_of<kAlongA, kThreadRows>(thread_row(), i),
            line_of<kAlongB, kThreadColumns>(thread_column(), j), sum_[i][j], other.sum_[i][j]);
      }
    }
  }

  // Leaves the block's results in shared memory.
  template <int kPitch>
  __device__ void put(float (&results)[Tile::kM][kPitch]) const {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
        results[line_of<kAlongA, kThreadRows>(thread_row(), i)]
               [line_of<kAlongB, kThreadColumns>(thread_column(), j)] = sum_[i][j];
      }
    }
  }

 private:
  template <int kCount>
  struct alignas(4 * kCount) Vector {
    float v[kCount];
  };
  // 4 x 8 threads a warp.
  static constexpr int kThreadRows = 4 * Tile::kWarpsM, kThreadColumns = 8 * Tile::kWarpsN;
  static constexpr int kRows = Tile::kM / kThreadRows, kColumns = Tile::kN / kThreadColumns;
  static_assert(kRows % 4 == 0 && kColumns % 4 == 0 && Tile::kK % 2 == 0);

  static __device__ int thread_row() { return simt::warp() / Tile::kWarpsN * 4 + simt::lane() / 8; }
  static __device__ int thread_column() { return simt::warp() % Tile::kWarpsN * 8 + simt::lane() % 8; }

  template <Along kAlong, int kThreadsAcross>
  static __device__ int line_of(int thread, int i) {
    if constexpr (kAlong == Along::line) return thread * 4 + i % 4 + i / 4 * (4 * kThreadsAcross);
    else return thread + i * kThreadsAcross;
  }

  // x[i][t] = element (line i of this thread, slice k + t).
  template <Along kAlong, int kCount, int kThreadsAcross, class Shared>
  static __device__ void read(float (&x)[kCount][2], const Shared& tile, int thread, int k) {
    if constexpr (kAlong == Along::slice) {
#pragma unroll
      for (int i = 0; i < kCount; ++i) {
        const auto pair =
            *reinterpret_cast<const Vector<2>*>(tile.at(line_of<kAlong, kThreadsAcross>(thread, i), k));
        x[i][0] = pair.v[0];
        x[i][1] = pair.v[1];
      }
    } else {
#pragma unroll
      for (int t = 0; t < 2; ++t) {
#pragma unroll
        for (int i = 0; i < kCount; i += 4) {
          const auto four =
              *reinterpret_cast<const Vector<4>*>(tile.at(line_of<kAlong, kThreadsAcross>(thread, i), k + t));
#pragma unroll
          for (int u = 0; u < 4; ++u) x[i + u][t] = four.v[u];
        }
      }
    }
  }

  float sum_[kRows][kColumns];
};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
