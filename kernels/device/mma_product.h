// One block's share of a product on tensor cores (mma.sync): each warp keeps a rectangle of 16 x 8 results in
// registers.
#pragma once
#include <cstring>

#include "kernels/device/tile_load.h"
#include "kernels/device/tile_table.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// T is Bf16 (m16n8k16) or float (m16n8k8, rounded to tf32 on the way in). Either way a 16-byte row of an 8 x
// 8 ldmatrix matrix is half the depth of one instruction, so both types share the addressing; only transposed
// f32, which ldmatrix cannot do, is read word by word.
template <class T, class Tile, Along kAlongA, Along kAlongB>
class MmaProduct {
 public:
  using SharedA = SharedTile<T, kAlongA, Tile::kM, Tile::kK>;
  using SharedB = SharedTile<T, kAlongB, Tile::kN, Tile::kK>;

  __device__ MmaProduct() {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) sum_[i][j][e] = 0;
      }
    }
  }

  __device__ void multiply(const SharedA& a, const SharedB& b) {
#pragma unroll
    for (int k = 0; k < Tile::kK; k += 2 * kHalf) {
      uint32_t x[kRows][4], y[kColumns][2];
#pragma unroll
      for (int i = 0; i < kRows; ++i) read_a(x[i], a, first_row() + i * 16, k);
#pragma unroll
      for (int j = 0; j < kColumns; j += 2) read_b(y[j], y[j + 1], b, first_column() + j * 8, k);
#pragma unroll
      for (int i = 0; i < kRows; ++i) {
#pragma unroll
        for (int j = 0; j < kColumns; ++j) multiply_add(sum_[i][j], x[i], y[j]);
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
#pragma unroll
        for (int e = 0; e < 4; ++e) change(row_of(i, e), column_of(j, e), sum_[i][j][e]);
      }
    }
  }

  // use(row, column, sum, the other product's sum).
  template <class Use>
  __device__ void combine(const MmaProduct& other, Use&& use) const {
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) use(row_of(i, e), column_of(j, e), sum_[i][j][e], other.sum_[i][j][e]);
      }
    }
  }

  // Leaves the block's results in shared memory.
  template <int kPitch>
  __device__ void put(float (&results)[Tile::kM][kPitch]) const {
    struct alignas(8) Pair {
      float low, high;
    };
#pragma unroll
    for (int i = 0; i < kRows; ++i) {
#pragma unroll
      for (int j = 0; j < kColumns; ++j) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          *reinterpret_cast<Pair*>(&results[row_of(i, 2 * half)][column_of(j, 0)]) = {
              sum_[i][j][2 * half], sum_[i][j][2 * half + 1]};
        }
      }
    }
  }

 private:
  static constexpr int kHalf = 16 / sizeof(T);
  static constexpr bool kTransposable = sizeof(T) == 2;
  static constexpr int kWarpRows = Tile::kM / Tile::kWarpsM, kWarpColumns = Tile::kN / Tile::kWarpsN;
  static constexpr int kRows = kWarpRows / 16, kColumns = kWarpColumns / 8;
  static_assert(kWarpRows % 16 == 0 && kWarpColumns % 16 == 0 && Tile::kK % (2 * kHalf) == 0);

  static __device__ int first_row() { return simt::warp() / Tile::kWarpsN * kWarpRows; }
  static __device__ int first_column() { return simt::warp() % Tile::kWarpsN * kWarpColumns; }

  // Of element e of the accumulators of one instruction.
  static __device__ int row_of(int i, int e) { return first_row() + i * 16 + e / 2 * 8 + simt::lane() / 4; }
  static __device__ int column_of(int j, int e) {
    return first_column() + j * 8 + simt::lane() % 4 * 2 + e % 2;
  }

  static __device__ uint32_t word(const T* element) {
    uint32_t bits;
    memcpy(&bits, element, sizeof bits);
    return bits;
  }
  static __device__ uint32_t rounded(uint32_t bits) {
    if constexpr (sizeof(T) == 4) {
      float value;
      memcpy(&value, &bits, sizeof value);
      return simt::to_tf32(value);
    }
    return bits;
  }
  static __device__ void multiply_add(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    if constexpr (sizeof(T) == 2) simt::mma_bf16(d, a, b);
    else simt::mma_tf32(d, a, b);
  }

  // Registers of a: (lines 0-7, first half), (lines 8-15, first half), (0-7, second), (8-15, second).
  static __device__ void read_a(uint32_t (&r)[4], const SharedA& tile, int line, int k) {
    const int lane = simt::lane();
    if constexpr (kAlongA == Along::slice) {
      simt::ldmatrix_x4(r, tile.at(line + lane % 16, k + lane / 16 * kHalf));
    } else if constexpr (kTransposable) {
      simt::ldmatrix_x4_trans(r, tile.at(line + lane / 8 % 2 * 8, k + lane % 8 + lane / 16 * 8));
    } else {
#pragma unroll
      for (int i = 0; i < 4; ++i) r[i] = word(tile.at(line + lane / 4 + i % 2 * 8, k + lane % 4 + i / 2 * 4));
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) r[i] = rounded(r[i]);
  }

  // Registers of b for lines 0-7 and for lines 8-15: first half, second half.
  static __device__ void read_b(uint32_t (&low)[2], uint32_t (&high)[2], const SharedB& tile, int line,
                                int k) {
    const int lane = simt::lane();
    uint32_t r[4];
    if constexpr (kAlongB == Along::slice) {
      simt::ldmatrix_x4(r, tile.at(line + lane % 8 + lane / 16 * 8, k + lane / 8 % 2 * kHalf));
    } else if constexpr (kTransposable) {
      simt::ldmatrix_x4_trans(r, tile.at(line + lane / 16 * 8, k + lane % 16));
    } else {
#pragma unroll
      for (int i = 0; i < 4; ++i) r[i] = word(tile.at(line + lane / 4 + i / 2 * 8, k + lane % 4 + i % 2 * 4));
    }
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      low[i] = rounded(r[i]);
      high[i] = rounded(r[2 + i]);
    }
  }

  float sum_[kRows][kColumns][4];
};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
