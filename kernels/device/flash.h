// What the kernels of attention in bf16 share (Dao 2023, arXiv 2307.08691): tiles of an operand in shared memory, fragments of
// them in registers, and products whose left operand is the sums of the product before. src/attention_flash_*.cu use it.
//
// A block of 4 warps owns some rows of the result, 16 or 32 a warp, and walks the others 64 at a time, two tiles in turns: one
// arrives by asynchronous copies while the other is multiplied. Scores stay in the registers that the tensor cores leave them in:
// a lane's sums of [16 rows, 16 others] are, rounded, its fragment of the next product's left operand. Rows of tiles lie 16 bytes
// more than their length apart, so that ldmatrix meets each bank once.
#pragma once
#include <stdexcept>
#include <type_traits>

#include "kernels/device/convert.h"
#include "kernels/device/flash_plan.h"
#include "kernels/device/math.h"
#include "kernels/device/tile_load.h"
#include "kernels/simt/exp2.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

constexpr int kFlashThreads = 128, kFlashWarps = 4, kFlashOthers = 64;
constexpr int kFlashStep = 16;  // others that are multiplied at a time
constexpr float kLog2E = 1.4426950408889634f;

template <int kRows, int kColumns>
using FlashTile = SharedTile<Bf16, Along::slice, kRows, kColumns>;

// One operand: [batch, count, width].
struct FlashMatrix {
  const Bf16* data;
  int count, width;
  bool vectors;  // rows are runs of aligned 16 bytes

  // Starts to bring rows and columns of an element of the batch into a tile, zero where there are none. By the whole block; what
  // is not aligned is copied at once.
  template <int kRows, int kColumns>
  __device__ __forceinline__ void start_copy(int batch, int first_row, int first_column, FlashTile<kRows, kColumns>& tile) const {
    const Bf16* source = data + static_cast<int64_t>(batch) * count * width;
    const int thread = static_cast<int>(threadIdx.x);
    if (vectors) {
      constexpr int kRowVectors = kColumns / 8, kRowsAtOnce = kFlashThreads / kRowVectors;
      static_assert(kFlashThreads % kRowVectors == 0 && kRows % kRowsAtOnce == 0);
      const int column = thread % kRowVectors * 8, row = thread / kRowVectors;
      const int rows = first_column + column < width ? count - first_row - row : 0;
      source += (first_row + row) * width + first_column + column;
      const int step = kRowsAtOnce * width;
#pragma unroll
      for (int i = 0; i < kRows; i += kRowsAtOnce, source += step)
        simt::cp_async<16>(&tile.data[row + i][column], source, i < rows);  // else nothing is read
    } else {
#pragma unroll 1
      for (int i = thread; i < kRows * kColumns; i += kFlashThreads) {
        const int row = i / kColumns, column = i % kColumns;
        const bool there = first_row + row < count && first_column + column < width;
        tile.data[row][column] = there ? source[(first_row + row) * width + first_column + column] : Bf16{};
      }
    }
  }
};

// A warp's left operand: 16 * kRowTiles rows, kDepth terms.
template <int kRowTiles, int kDepth>
struct FlashFragments {
  uint32_t a[kRowTiles][kDepth / 16][4];

  template <class Tile>
  __device__ __forceinline__ void read(const Tile& tile, int first_row) {
    const int lane = simt::lane();
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
      for (int k = 0; k < kDepth / 16; ++k)
        simt::ldmatrix_x4(a[i][k], &tile.data[first_row + i * 16 + lane % 16][k * 16 + lane / 16 * 8]);
    }
  }
  __device__ __forceinline__ void negate() {
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
      for (int k = 0; k < kDepth / 16; ++k) {
#pragma unroll
        for (int e = 0; e < 4; ++e) a[i][k][e] ^= 0x80008000u;
      }
    }
  }
};

// A warp's sums: 16 * kRowTiles rows, kColumns columns. Of v[i][j][e] the row is i * 16 + row(e), the column j * 8 + column(e).
template <int kRowTiles, int kColumns>
struct FlashSums {
  float v[kRowTiles][kColumns / 8][4];

  static __device__ __forceinline__ int row(int e) { return simt::lane() / 4 + e / 2 * 8; }
  static __device__ __forceinline__ int column(int e) { return simt::lane() % 4 * 2 + e % 2; }

  __device__ __forceinline__ void clear() {
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
      for (int j = 0; j < kColumns / 8; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) v[i][j][e] = 0;
      }
    }
  }

  // += rows of the left operand times lines of the tile from `first` on, whose terms lie along them.
  template <int kDepth, class Tile>
  __device__ __forceinline__ void add_along(const FlashFragments<kRowTiles, kDepth>& rows, const Tile& tile, int first) {
    const int lane = simt::lane();
#pragma unroll
    for (int k = 0; k < kDepth / 16; ++k) {
#pragma unroll
      for (int j = 0; j < kColumns / 8; j += 2) {
        uint32_t r[4];
        simt::ldmatrix_x4(r, &tile.data[first + j * 8 + lane % 8 + lane / 16 * 8][k * 16 + lane / 8 % 2 * 8]);
        multiply(j, rows, k, r);
      }
    }
  }

  // += the left operand times rows of the tile from `first` on, each a term.
  template <int kDepth, class Tile>
  __device__ __forceinline__ void add_across(const FlashFragments<kRowTiles, kDepth>& rows, const Tile& tile, int first) {
    const int lane = simt::lane();
#pragma unroll
    for (int k = 0; k < kDepth / 16; ++k) {
#pragma unroll
      for (int j = 0; j < kColumns / 8; j += 2) {
        uint32_t r[4];
        simt::ldmatrix_x4_trans(r, &tile.data[first + k * 16 + lane % 16][j * 8 + lane / 16 * 8]);
        multiply(j, rows, k, r);
      }
    }
  }

  // The sums as the left operand of a product over their columns.
  __device__ __forceinline__ void round_to(FlashFragments<kRowTiles, kColumns>& rows) const {
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
      for (int j = 0; j < kColumns / 8; ++j) {
#pragma unroll
        for (int half = 0; half < 2; ++half)
          rows.a[i][j / 2][j % 2 * 2 + half] = simt::pack_bf16(v[i][j][2 * half], v[i][j][2 * half + 1]);
      }
    }
  }

  // Writes columns first_column ... of rows [0, rows) of `to`, whose rows are `width` long, times factor(i, half) of the sums' row
  // i * 16 + row(2 * half).
  template <class Factor>
  __device__ __forceinline__ void store(Bf16* to, int rows, int width, int first_row, int first_column, Factor&& factor) const {
    struct alignas(4) Pair {
      Bf16 low, high;
    };
    const bool pairs = width % 2 == 0 && reinterpret_cast<uintptr_t>(to) % 4 == 0;
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int place = first_row + i * 16 + row(2 * half);
        const float f = factor(i, half);
        if (place >= rows) continue;
        Bf16* line = to + static_cast<int64_t>(place) * width;
#pragma unroll
        for (int j = 0; j < kColumns / 8; ++j) {
          const int at = first_column + j * 8 + column(0);
          const uint32_t pair = simt::pack_bf16(f * v[i][j][2 * half], f * v[i][j][2 * half + 1]);
          if (pairs) {
            if (at < width) *reinterpret_cast<Pair*>(line + at) = {Bf16{static_cast<uint16_t>(pair)}, Bf16{static_cast<uint16_t>(pair >> 16)}};
          } else {
            if (at < width) line[at] = Bf16{static_cast<uint16_t>(pair)};
            if (at + 1 < width) line[at + 1] = Bf16{static_cast<uint16_t>(pair >> 16)};
          }
        }
      }
    }
  }

 private:
  template <int kDepth>
  __device__ __forceinline__ void multiply(int j, const FlashFragments<kRowTiles, kDepth>& rows, int k, const uint32_t (&r)[4]) {
    const uint32_t low[2] = {r[0], r[1]}, high[2] = {r[2], r[3]};
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
      simt::mma_bf16(v[i][j], rows.a[i][k], low);
      simt::mma_bf16(v[i][j + 1], rows.a[i][k], high);
    }
  }
};

// f(depth, width), integral constants: the least sizes of tiles that hold the problem's, wider values in columns of 128.
template <class F>
void with_flash_sizes(const Attention& a, F&& f) {
  const auto with_depth = [&](auto width) {
    if (a.depth <= 32) f(std::integral_constant<int, 32>{}, width);
    else if (a.depth <= 64) f(std::integral_constant<int, 64>{}, width);
    else f(std::integral_constant<int, 128>{}, width);
  };
  if (a.width <= 32 && a.depth <= 32) f(std::integral_constant<int, 32>{}, std::integral_constant<int, 32>{});
  else if (a.width <= 64) with_depth(std::integral_constant<int, 64>{});
  else with_depth(std::integral_constant<int, 128>{});
}

inline FlashMatrix flash_matrix(const void* data, int count, int width) {
  return {static_cast<const Bf16*>(data), count, width, aligned(data, 16) && width % 8 == 0};
}

inline unsigned flash_grid(int64_t blocks) {
  if (blocks > INT32_MAX) throw std::runtime_error("attention of more than 2^31 - 1 tiles");
  return static_cast<unsigned>(blocks);
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
