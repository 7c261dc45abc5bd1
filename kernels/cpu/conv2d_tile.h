// The matrix product inside convolutions of our own: c(i, j) (+)= sum_l a(i, l) b(l, j), one thread, sums in f32. A number of a and b is
// a float, or two bf16, neighbours along the sum, whose products are added.
#pragma once
#include <cstdint>

#include "kernels/api/types.h"

namespace ganymede::kernels::cpu {

constexpr int kTileLanes = 16;  // columns come in multiples of this
// Columns of b that lie side by side where it is packed for a product: panels [length, kPanel], the last one narrower. In whole
// rows, whose length is often a power of two, a panel's lines would fight for one place of the first cache.
constexpr int kPanel = 64;

struct Bf16Pair {
  uint32_t bits;  // the first in the low half
};

template <class Number>
struct TileProduct {
  const Number* a;  // a(i, l) = a[i * a_row + l * a_step]
  int64_t a_row, a_step;
  const Number* b;  // b(l, j) = b[l * b_row + j]
  int64_t b_row;
  float* c;  // c(i, j) = c[i * c_row + j]
  int64_t c_row;
  int64_t rows, columns, length;  // length in numbers
  bool accumulate;
};

void multiply_tiles(const TileProduct<float>&);
void multiply_tiles(const TileProduct<Bf16Pair>&);

}  // namespace ganymede::kernels::cpu
