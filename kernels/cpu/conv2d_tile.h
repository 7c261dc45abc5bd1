// The matrix product inside the convolutions with few channels: c(i, j) (+)= sum_l a(i, l) b(l, j), f32, one
// thread.
#pragma once
#include <cstdint>

namespace ganymede::kernels::cpu {

constexpr int kTileLanes = 16;  // columns come in multiples of this
// Columns of b that lie side by side where it is packed for a product: panels [length, kPanel], the last one narrower. In whole
// rows, whose length is often a power of two, a panel's lines would fight for one place of the first cache.
constexpr int kPanel = 64;

struct TileProduct {
  const float* a;  // a(i, l) = a[i * a_row + l * a_step]
  int64_t a_row, a_step;
  const float* b;  // b(l, j) = b[l * b_row + j]
  int64_t b_row;
  float* c;  // c(i, j) = c[i * c_row + j]
  int64_t c_row;
  int64_t rows, columns, length;
  bool accumulate;
};

void multiply_tiles(const TileProduct&);

}  // namespace ganymede::kernels::cpu
