// Tiles of c live in registers: 24 vectors of 16, three or four vectors wide, so that a value of a is loaded
// once for them.
#include "kernels/cpu/conv2d_tile.h"

#include <algorithm>

#pragma GCC optimize("fp-contract=fast")  // this file alone may fuse: its sums have no twin on another device

namespace ganymede::kernels::cpu {
namespace {

using Vector = float __attribute__((vector_size(4 * kTileLanes)));
using Unaligned = float __attribute__((vector_size(4 * kTileLanes), aligned(4)));

template <int rows, int vectors>
void multiply_tile(const TileProduct& p, const float* a, const float* b, float* c) {
  Vector sum[rows][vectors];
#pragma GCC unroll 24
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v)
      sum[i][v] = p.accumulate ? Vector(*reinterpret_cast<const Unaligned*>(c + i * p.c_row + v * kTileLanes))
                               : Vector{};
  for (int64_t l = 0; l < p.length; ++l) {
    Vector right[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v)
      right[v] = *reinterpret_cast<const Unaligned*>(b + l * p.b_row + v * kTileLanes);
#pragma GCC unroll 24
    for (int i = 0; i < rows; ++i) {
      const float left = a[i * p.a_row + l * p.a_step];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[i][v] += left * right[v];
    }
  }
#pragma GCC unroll 24
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v)
      *reinterpret_cast<Unaligned*>(c + i * p.c_row + v * kTileLanes) = sum[i][v];
}

template <int vectors>
void multiply_columns(const TileProduct& p, int64_t column) {
  constexpr int kRows = vectors == 4 ? 6 : vectors == 3 ? 8 : 12;
  int64_t i = 0;
  for (; i + kRows <= p.rows; i += kRows)
    multiply_tile<kRows, vectors>(p, p.a + i * p.a_row, p.b + column, p.c + i * p.c_row + column);
  for (; i + 2 <= p.rows; i += 2)
    multiply_tile<2, vectors>(p, p.a + i * p.a_row, p.b + column, p.c + i * p.c_row + column);
  for (; i < p.rows; ++i)
    multiply_tile<1, vectors>(p, p.a + i * p.a_row, p.b + column, p.c + i * p.c_row + column);
}

}  // namespace

// Rows of b that a block of columns keeps in the first cache while all rows of a pass.
constexpr int64_t kLengthBlock = 96;

void multiply_tiles(const TileProduct& product) {
  TileProduct p = product;
  p.length = std::min(kLengthBlock, product.length);
  for (int64_t done = 0; done < product.length; done += p.length) {
    p.length = std::min(kLengthBlock, product.length - done);
    p.a = product.a + done * p.a_step;
    p.b = product.b + done * p.b_row;
    p.accumulate = product.accumulate || done > 0;
    for (int64_t column = 0; column < p.columns;) {
      const int64_t left = (p.columns - column) / kTileLanes;
      const int vectors = left == 5 || left == 6 ? 3 : static_cast<int>(std::min<int64_t>(left, 4));
      if (vectors == 4) multiply_columns<4>(p, column);
      if (vectors == 3) multiply_columns<3>(p, column);
      if (vectors == 2) multiply_columns<2>(p, column);
      if (vectors == 1) multiply_columns<1>(p, column);
      column += vectors * kTileLanes;
    }
  }
}

}  // namespace ganymede::kernels::cpu
