// Tiles of c live in registers, two vectors wide or, where there are 32 registers, up to four, so that a value of a is loaded
// once for them; beside them the row of b and the value of a.
#include "kernels/cpu/conv2d_tile.h"

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#include <algorithm>
#include <bit>

#include "kernels/cpu/vectors.h"

#pragma GCC optimize("fp-contract=fast")  // this file alone may fuse: its sums have no twin on another device

namespace ganymede::kernels::cpu {
namespace {

constexpr int kSums = kRegisters == 32 ? 24 : 12;  // vectors of c at a time
constexpr int kMostVectors = kRegisters == 32 ? 4 : 2;
static_assert(kTileLanes % (kRegisterLanes * (kRegisters == 32 ? 1 : 2)) == 0, "columns come in whole pairs of vectors");

[[gnu::always_inline]] inline void add_products(Lanes& sum, float left, Lanes right) { sum += left * right; }

// A row of b, and a number of a for each of its lanes.
[[gnu::always_inline]] inline void add_products(Lanes& sum, uint32_t left, WordLanes right) {
#ifdef __AVX512BF16__
  sum = _mm512_dpbf16_ps(sum, std::bit_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(left))), std::bit_cast<__m512bh>(right));
#else
  sum += std::bit_cast<float>(left << 16) * std::bit_cast<Lanes>(right << 16);
  sum += std::bit_cast<float>(left & 0xffff0000u) * std::bit_cast<Lanes>(right & 0xffff0000u);
#endif
}

inline float value_of(float number) { return number; }
inline uint32_t value_of(Bf16Pair number) { return number.bits; }
inline Lanes row_of(const float* b) { return lanes(b); }
inline WordLanes row_of(const Bf16Pair* b) { return *reinterpret_cast<const UnalignedWordLanes*>(b); }

template <int rows, int vectors, class Number>
void multiply_tile(const TileProduct<Number>& p, const Number* a, const Number* b, float* c) {
  Lanes sum[rows][vectors];
#pragma GCC unroll 24
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v)
      sum[i][v] = p.accumulate ? Lanes(lanes(c + i * p.c_row + v * kRegisterLanes)) : Lanes{};
  for (int64_t l = 0; l < p.length; ++l) {
    decltype(row_of(b)) right[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) right[v] = row_of(b + l * p.b_row + v * kRegisterLanes);
#pragma GCC unroll 24
    for (int i = 0; i < rows; ++i) {
      const auto left = value_of(a[i * p.a_row + l * p.a_step]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) add_products(sum[i][v], left, right[v]);
    }
  }
#pragma GCC unroll 24
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) lanes(c + i * p.c_row + v * kRegisterLanes) = sum[i][v];
}

template <int vectors, class Number>
void multiply_columns(const TileProduct<Number>& p, int64_t column) {
  constexpr int kRows = kRegisters == 32 && vectors <= 2 ? 12 : kSums / vectors;
  int64_t i = 0;
  for (; i + kRows <= p.rows; i += kRows)
    multiply_tile<kRows, vectors>(p, p.a + i * p.a_row, p.b + column, p.c + i * p.c_row + column);
  for (; i + 4 <= p.rows; i += 4)
    multiply_tile<4, vectors>(p, p.a + i * p.a_row, p.b + column, p.c + i * p.c_row + column);
  for (; i + 3 <= p.rows; i += 3)
    multiply_tile<3, vectors>(p, p.a + i * p.a_row, p.b + column, p.c + i * p.c_row + column);
  for (; i + 2 <= p.rows; i += 2)
    multiply_tile<2, vectors>(p, p.a + i * p.a_row, p.b + column, p.c + i * p.c_row + column);
  for (; i < p.rows; ++i)
    multiply_tile<1, vectors>(p, p.a + i * p.a_row, p.b + column, p.c + i * p.c_row + column);
}

// The next columns from `column` on, as many vectors as go well together with those that are left. Returns how many columns.
template <class Number>
int64_t multiply_some(const TileProduct<Number>& p, int64_t column) {
  const int64_t left = (p.columns - column) / kRegisterLanes;
  int vectors = static_cast<int>(std::min<int64_t>(left, kMostVectors));
  if constexpr (kMostVectors == 4) {
    if (left == 5 || left == 6) vectors = 3;
    if (vectors == 4) multiply_columns<4>(p, column);
    if (vectors == 3) multiply_columns<3>(p, column);
  }
  if (vectors == 2) multiply_columns<2>(p, column);
  if (vectors == 1) multiply_columns<1>(p, column);
  return vectors * kRegisterLanes;
}

// Rows of b that a block of columns keeps in the first cache, or about there, while all rows of a pass: longer sums are interrupted less
// often. Measured: 192 takes 2 to 3 % less than 96 where a row of b is 256 bytes.
constexpr int64_t kLengthBlock = kRegisters == 32 ? 192 : 96;

template <class Number>
void multiply_blocks(const TileProduct<Number>& product) {
  TileProduct<Number> p = product;
  p.length = std::min(kLengthBlock, product.length);
  for (int64_t done = 0; done < product.length; done += p.length) {
    p.length = std::min(kLengthBlock, product.length - done);
    p.a = product.a + done * p.a_step;
    p.b = product.b + done * p.b_row;
    p.accumulate = product.accumulate || done > 0;
    for (int64_t column = 0; column < p.columns;) column += multiply_some(p, column);
  }
}

}  // namespace

void multiply_tiles(const TileProduct<float>& p) { multiply_blocks(p); }
void multiply_tiles(const TileProduct<Bf16Pair>& p) { multiply_blocks(p); }

}  // namespace ganymede::kernels::cpu
