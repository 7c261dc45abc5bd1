// Winograd's maps (device/winograd_maps.h) applied to vectors of channels, and which of them serve which convolutions.
#pragma once
#include <type_traits>

#include "kernels/cpu/conv2d_tile.h"
#include "kernels/device/winograd_maps.h"

namespace ganymede::kernels::cpu {

// A filter of stride 2 goes as kTaps x kTaps filters on the four images of even and odd rows and columns. Number: in which transformed
// operands are multiplied; rounded to bf16 where the maps are only sums of few, so that little is lost (a relative 0.4 %; by F42 and F43
// it would be 1.5 and 2.5 %). R: another with smaller tiles and some of the points, for what would be left of y. Products for a whole filter and
// one input channel:
struct Nothing;
template <class Maps, int stride, class N, class R = Nothing>
struct Scheme : Maps {
  using Number = N;
  using Rest = std::conditional_t<std::is_same_v<R, Nothing>, Scheme, R>;
  static constexpr int kStride = stride;
  static constexpr bool kHasRest = !std::is_same_v<R, Nothing>;
};
using StrideOne = Scheme<F43, 1, float>;             // 3x3: 36 for 4x4 outputs, direct sums take 144
using StrideOneBf16 = Scheme<F23, 1, Bf16Pair>;      // 3x3: 16 for 2x2 outputs, not 36
using StrideOneWide = Scheme<F34, 1, float>;         // 4x4: 36 for 3x3 outputs, not 144
using StrideTwoSmall = Scheme<F22, 2, float>;        // 4x4: 36 for 2x2 outputs, not 64
using StrideTwoSmallBf16 = Scheme<F22, 2, Bf16Pair>;
using StrideTwo = Scheme<F42, 2, float>;             // 4x4: 100 for 4x4 outputs, not 256
using StrideTwoBf16 = Scheme<F32, 2, Bf16Pair, Scheme<F22OfF32, 2, Bf16Pair>>;  // 4x4: 64 for 3x3 outputs, not 144
using StrideTwoWide = Scheme<F43, 2, float>;         // 5x5: 144 for 4x4 outputs, not 400
using StrideTwoWideBf16 = Scheme<F23, 2, Bf16Pair>;  // 5x5: 64 for 2x2 outputs, not 100

// The sum over j of row i of m times x[j], without the terms that are 0.
template <LinearMap m, int columns, class V>
[[gnu::always_inline]] inline V sum_of_row(int i, const V (&x)[columns]) {
  V sum{};
  bool first = true;
#pragma GCC unroll 6
  for (int j = 0; j < columns; ++j) {
    const float factor = m.at[i][j];
    if (factor == 0) continue;
    if (first) sum = factor == 1 ? x[j] : factor * x[j];
    else if (factor == 1) sum += x[j];
    else if (factor == -1) sum -= x[j];
    else sum += factor * x[j];
    first = false;
  }
  return sum;
}

// m in m^T for in(i, j) = load(i, j); each value goes to store(i, j, value).
template <LinearMap m, class V, int to, int from, class Load, class Store>
[[gnu::always_inline]] inline void transform_with(const LinearMap<to, from>&, Load load, Store store) {
  V half[to][from];
#pragma GCC unroll 6
  for (int j = 0; j < from; ++j) {
    V column[from];
#pragma GCC unroll 6
    for (int i = 0; i < from; ++i) column[i] = load(i, j);
#pragma GCC unroll 6
    for (int i = 0; i < to; ++i) half[i][j] = sum_of_row<m>(i, column);
  }
#pragma GCC unroll 6
  for (int i = 0; i < to; ++i)
#pragma GCC unroll 6
    for (int j = 0; j < to; ++j) store(i, j, sum_of_row<m>(j, half[i]));
}

template <LinearMap m, class V, class Load, class Store>
[[gnu::always_inline]] inline void transform(Load load, Store store) {
  transform_with<m, V>(m, load, store);
}

}  // namespace ganymede::kernels::cpu
