// What the kernels of attention on tensor cores share (Dao 2023, arXiv 2307.08691): tiles of an operand in shared memory, fragments of
// them in registers, and products whose left operand is the sums of the product before. src/attention_flash_*.cu use it.
//
// A block of 4 warps owns some rows of the result, 16 or 32 a warp, and walks the others 64 at a time, two tiles in turns: one
// arrives by asynchronous copies while the other is multiplied. Scores stay in the registers that the tensor cores leave them in:
// a lane's sums of [16 rows, 16 others] are, rounded, its fragment of the next product's left operand. Rows of tiles lie 16 bytes
// more than their length apart, so that ldmatrix meets each bank once. T is Bf16, or float for tf32, rounded on its
// way to the fragments: tensor cores would cut its low 13 bits off, which doubles the error and gives it a sign.
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

template <class T>
constexpr int kFlashTerms = 32 / static_cast<int>(sizeof(T));  // of one instruction

template <class T, int kRows, int kColumns>
using FlashTile = SharedTile<T, Along::slice, kRows, kColumns>;

// One operand: [batch, count, width].
template <class T>
struct FlashMatrix {
  const T* data;
  int count, width;
  bool vectors;  // rows are runs of aligned 16 bytes

  // Starts to bring rows and columns of an element of the batch into a tile, zero where there are none. By the whole block; what
  // is not aligned is copied at once.
  template <int kRows, int kColumns>
  __device__ __forceinline__ void start_copy(int batch, int first_row, int first_column, FlashTile<T, kRows, kColumns>& tile) const {
    const T* source = data + static_cast<int64_t>(batch) * count * width;
    const int thread = static_cast<int>(threadIdx.x);
    if (vectors) {
      constexpr int kVector = 16 / static_cast<int>(sizeof(T)), kRowVectors = kColumns / kVector, kRowsAtOnce = kFlashThreads / kRowVectors;
      static_assert(kFlashThreads % kRowVectors == 0 && kRows % kRowsAtOnce == 0);
      const int column = thread % kRowVectors * kVector, row = thread / kRowVectors;
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
        tile.data[row][column] = there ? source[(first_row + row) * width + first_column + column] : T{};
      }
    }
  }
};

// As tensor cores take them.
template <class T>
__device__ __forceinline__ void round_words(uint32_t (&words)[4]) {
  if constexpr (sizeof(T) == 4) {
#pragma unroll
    for (uint32_t& word : words) {
      float value;
      memcpy(&value, &word, sizeof value);
      word = simt::to_tf32(value);
    }
  }
}

// Waits for a tile that is on its way and sends for the next one. By the whole block.
template <class StartCopy>
__device__ __forceinline__ void advance_tiles(int tile, int tiles, StartCopy&& start_copy, simt::Where where = simt::Where::current()) {
  simt::cp_async_wait<0>();
  simt::sync_threads(where);  // the tile is there, and nobody reads what the next one overwrites
  if (tile + 1 < tiles) start_copy(tile + 1);
  simt::cp_async_commit();
}

// A warp's left operand: 16 * kRowTiles rows, kDepth terms.
template <class T, int kRowTiles, int kDepth>
struct FlashFragments {
  static constexpr int kTerms = kFlashTerms<T>;
  uint32_t a[kRowTiles][kDepth / kTerms][4];

  template <class Tile>
  __device__ __forceinline__ void read(const Tile& tile, int first_row) {
    const int lane = simt::lane();
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
      for (int k = 0; k < kDepth / kTerms; ++k) {
        simt::ldmatrix_x4(a[i][k], &tile.data[first_row + i * 16 + lane % 16][k * kTerms + lane / 16 * (kTerms / 2)]);
        round_words<T>(a[i][k]);
      }
    }
  }
  __device__ __forceinline__ void negate() {
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
      for (int k = 0; k < kDepth / kTerms; ++k) {
#pragma unroll
        for (int e = 0; e < 4; ++e) a[i][k][e] ^= sizeof(T) == 2 ? 0x80008000u : 0x80000000u;
      }
    }
  }
};

// A warp's sums: 16 * kRowTiles rows, kColumns columns. Of v[i][j][e] the row is i * 16 + row(e), the column j * 8 + column(e).
template <class T, int kRowTiles, int kColumns>
struct FlashSums {
  static constexpr int kTerms = kFlashTerms<T>;
  float v[kRowTiles][kColumns / 8][4];

  static __device__ __forceinline__ int row(int e) { return simt::lane() / 4 + e / 2 * 8; }
  static __device__ __forceinline__ int column(int e) { return simt::lane() % 4 * 2 + e % 2; }

  // f(i, j, e, sum) for each of them.
  template <class F>
  __device__ __forceinline__ void each(F&& f) {
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
      for (int j = 0; j < kColumns / 8; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) f(i, j, e, v[i][j][e]);
      }
    }
  }
  __device__ __forceinline__ void clear() {
    each([](int, int, int, float& sum) { sum = 0; });
  }

  // += rows of the left operand times lines of the tile from `first` on, whose terms lie along them.
  template <int kDepth, class Tile>
  __device__ __forceinline__ void add_along(const FlashFragments<T, kRowTiles, kDepth>& rows, const Tile& tile, int first) {
    const int lane = simt::lane();
#pragma unroll
    for (int k = 0; k < kDepth / kTerms; ++k) {
#pragma unroll
      for (int j = 0; j < kColumns / 8; j += 2) {
        uint32_t r[4];
        simt::ldmatrix_x4(r, &tile.data[first + j * 8 + lane % 8 + lane / 16 * 8][k * kTerms + lane / 8 % 2 * (kTerms / 2)]);
        round_words<T>(r);
        multiply(j, rows, k, r);
      }
    }
  }

  // += the left operand, as round_to leaves it, times rows of the tile from `first` on, each a term.
  template <int kDepth, class Tile>
  __device__ __forceinline__ void add_across(const FlashFragments<T, kRowTiles, kDepth>& rows, const Tile& tile, int first) {
    const int lane = simt::lane();
#pragma unroll
    for (int k = 0; k < kDepth / kTerms; ++k) {
#pragma unroll
      for (int j = 0; j < kColumns / 8; j += 2) {
        uint32_t r[4];
        if constexpr (sizeof(T) == 2) {
          simt::ldmatrix_x4_trans(r, &tile.data[first + k * 16 + lane % 16][j * 8 + lane / 16 * 8]);
        } else {
#pragma unroll
          for (int i = 0; i < 4; ++i) r[i] = simt::to_tf32(tile.data[first + k * 8 + lane % 4 * 2 + i % 2][(j + i / 2) * 8 + lane / 4]);
        }
        multiply(j, rows, k, r);
      }
    }
  }

  // The sums as the left operand of a product over their columns. An instruction of tf32 takes a lane's columns 2n and 2n + 1 as
  // terms n and n + 4; add_across reads the tile's rows in that order.
  __device__ __forceinline__ void round_to(FlashFragments<T, kRowTiles, kColumns>& rows) const {
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
      for (int j = 0; j < kColumns / 8; ++j) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          if constexpr (sizeof(T) == 2) {
            rows.a[i][j / 2][j % 2 * 2 + half] = simt::pack_bf16(v[i][j][2 * half], v[i][j][2 * half + 1]);
          } else {
            rows.a[i][j][half] = simt::to_tf32(v[i][j][2 * half]);
            rows.a[i][j][half + 2] = simt::to_tf32(v[i][j][2 * half + 1]);
          }
        }
      }
    }
  }

  // Writes columns first_column ... of rows [0, rows) of `to`, whose rows are `width` long, times factor(i, half) of the sums' row
  // i * 16 + row(2 * half).
  template <class Factor>
  __device__ __forceinline__ void store(T* to, int rows, int width, int first_row, int first_column, Factor&& factor) const {
    struct alignas(2 * sizeof(T)) Pair {
      T low, high;
    };
    const bool pairs = width % 2 == 0 && reinterpret_cast<uintptr_t>(to) % sizeof(Pair) == 0;
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int place = first_row + i * 16 + row(2 * half);
        const float f = factor(i, half);
        if (place >= rows) continue;
        T* line = to + static_cast<int64_t>(place) * width;
#pragma unroll
        for (int j = 0; j < kColumns / 8; ++j) {
          const int at = first_column + j * 8 + column(0);
          const Pair pair{narrow<T>(f * v[i][j][2 * half]), narrow<T>(f * v[i][j][2 * half + 1])};
          if (pairs) {
            if (at < width) *reinterpret_cast<Pair*>(line + at) = pair;
          } else {
            if (at < width) line[at] = pair.low;
            if (at + 1 < width) line[at + 1] = pair.high;
          }
        }
      }
    }
  }

 private:
  template <int kDepth>
  __device__ __forceinline__ void multiply(int j, const FlashFragments<T, kRowTiles, kDepth>& rows, int k, const uint32_t (&r)[4]) {
    const uint32_t low[2] = {r[0], r[1]}, high[2] = {r[2], r[3]};
#pragma unroll
    for (int i = 0; i < kRowTiles; ++i) {
      if constexpr (sizeof(T) == 2) {
        simt::mma_bf16(v[i][j], rows.a[i][k], low);
        simt::mma_bf16(v[i][j + 1], rows.a[i][k], high);
      } else {
        simt::mma_tf32(v[i][j], rows.a[i][k], low);
        simt::mma_tf32(v[i][j + 1], rows.a[i][k], high);
      }
    }
  }
};

// f(element, depth, width), the last two integral constants: the least tiles that hold the problem's sizes, wider values in
// columns of 128.
template <class F>
void with_flash_sizes(const Attention& a, F&& f) {
  using std::integral_constant;
  const auto with_small = [&](auto element) {
    if (a.depth <= 32 && a.width <= 32) f(element, integral_constant<int, 32>{}, integral_constant<int, 32>{});
    else if (a.depth <= 32 && a.width <= 64) f(element, integral_constant<int, 32>{}, integral_constant<int, 64>{});
    else if (a.depth <= 32) f(element, integral_constant<int, 32>{}, integral_constant<int, 128>{});
    else f(element, integral_constant<int, 64>{}, integral_constant<int, 64>{});
  };
  if (a.dtype == DType::f32) with_small(float{});
  else if (a.depth <= 32 || (a.depth <= 64 && a.width <= 64)) with_small(Bf16{});
  else if (a.depth <= 64) f(Bf16{}, integral_constant<int, 64>{}, integral_constant<int, 128>{});
  else if (a.width <= 64) f(Bf16{}, integral_constant<int, 128>{}, integral_constant<int, 64>{});
  else f(Bf16{}, integral_constant<int, 128>{}, integral_constant<int, 128>{});
}

// Whether registers hold 32 rows a warp.
template <class T>
constexpr bool flash_can_pair_rows(int depth, int width) {
  return sizeof(T) == 2 && depth * width <= 4096;
}

template <class T>
FlashMatrix<T> flash_matrix(const void* data, int count, int width) {
  return {static_cast<const T*>(data), count, width, aligned(data, 16) && width % static_cast<int>(16 / sizeof(T)) == 0};
}

inline unsigned flash_grid(int64_t blocks) {
  if (blocks > INT32_MAX) throw std::runtime_error("attention of more than 2^31 - 1 tiles");
  return static_cast<unsigned>(blocks);
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
