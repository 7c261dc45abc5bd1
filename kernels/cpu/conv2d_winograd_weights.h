// The filters of Winograd's convolutions, transformed into right operands of products, in panels (conv2d_tile.h).
#pragma once
#include <algorithm>

#include "kernels/cpu/conv2d_winograd_tiles.h"

namespace ganymede::kernels::cpu {

template <class Scheme>
constexpr int64_t numbers_of(int64_t terms) {
  return (terms + kTerms<typename Scheme::Number> - 1) / kTerms<typename Scheme::Number>;
}

// Where number (row, column) of a matrix [rows, columns] lies that a product reads column by column, in panels.
inline int64_t panel_index(int64_t rows, int columns, int64_t row, int column) {
  const int first = column / kPanel * kPanel, width = std::min(kPanel, columns - first);
  return rows * first + row * width + column - first;
}
// From one point's matrix to the next's. Sizes are often multiples of 4 KB: a transform, which touches every point, would find all of them in
// one place of the first cache.
constexpr int64_t point_stride(int64_t numbers) { return numbers + 16; }

// Calls use(where w holds it, i, j) for each tap of one phase's filter for one output channel: channels from c on.
template <class Scheme, class Use>
void for_each_tap(const Conv2d& p, int k, int phase, int c, Use use) {
  constexpr int kStride = Scheme::kStride;
  for (int i = 0; i < Scheme::kTaps; ++i)
    for (int j = 0; j < Scheme::kTaps; ++j) {
      const int r = kStride * i + phase / kStride, s = kStride * j + phase % kStride;
      if (r < p.r && s < p.s) use(((int64_t{k} * p.r + r) * p.s + s) * p.c + c, i, j);
    }
}

// u [points] of matrices [phases * C, K] in panels.
template <class Scheme, class T>
void transform_weights(const Conv2d& p, const T* w, typename Scheme::Number* u) {
  using Number = typename Scheme::Number;
  constexpr int kTaps = Scheme::kTaps, kNumbers = kRegisterLanes / kTerms<Number>;
  const int64_t rows = numbers_of<Scheme>(kPhases<Scheme> * p.c), matrix = point_stride(rows * p.k);
#pragma omp parallel for collapse(2)
  for (int phase = 0; phase < kPhases<Scheme>; ++phase)
    for (int c = 0; c < p.c; c += kRegisterLanes)
      for (int k = 0; k < p.k; k += kRegisterLanes) {
        WordLanes block[kPoints<Scheme>][kNumbers];  // [points, k, rows], transposed to [points, rows, k]
        for (int lane = 0; lane < kRegisterLanes; ++lane) {
          Lanes g[kTaps][kTaps]{};
          for_each_tap<Scheme>(p, k + lane, phase, c, [&](int64_t at, int i, int j) { g[i][j] = load_lanes(w + at); });
          const AlongSum<Number> to{reinterpret_cast<Number*>(block) + lane * kNumbers, kNumbers * kRegisterLanes};
          transform_vectors<Scheme::kFilter, Lanes>([&](int, int i, int j) { return g[i][j]; }, [&](int point, Lanes value) { to.put(point, value); });
        }
        Number* const to = u + panel_index(rows, p.k, numbers_of<Scheme>(phase * p.c + c), k);
        const int width = std::min(kPanel, p.k - k / kPanel * kPanel);
        for (int point = 0; point < kPoints<Scheme>; ++point) {
          transpose(block[point]);
          for (int row = 0; row < kNumbers; ++row) *reinterpret_cast<UnalignedWordLanes*>(to + point * matrix + row * width) = block[point][row];
        }
      }
}

// u [points] of matrices [K, phases * C] in panels; turned: of the filter turned by 180 degrees.
template <class Scheme, bool turned, class T>
void transform_weights_transposed(const Conv2d& p, const T* w, typename Scheme::Number* u) {
  using Number = typename Scheme::Number;
  constexpr int kTaps = Scheme::kTaps;
  const int columns = kPhases<Scheme> * p.c;
  const int64_t rows = numbers_of<Scheme>(p.k), matrix = point_stride(rows * columns);
  using V = Terms<Number>;
#pragma omp parallel for
  for (int k = 0; k < p.k; k += kVectors<V>)
    for (int phase = 0; phase < kPhases<Scheme>; ++phase)
      for (int c = 0; c < p.c; c += kRegisterLanes) {
        Lanes g[kVectors<V>][kTaps][kTaps]{};
        for (int vector = 0; vector < kVectors<V>; ++vector)
          for_each_tap<Scheme>(p, k + vector, phase, c, [&](int64_t at, int i, int j) {
            (turned ? g[vector][kTaps - 1 - i][kTaps - 1 - j] : g[vector][i][j]) = load_lanes(w + at);
          });
        const AcrossSums<Number> to{u + panel_index(rows, columns, k / kVectors<V>, phase * p.c + c), matrix};
        transform_vectors<Scheme::kFilter, V>([&](int vector, int i, int j) { return g[vector][i][j]; },
                                              [&](int point, const V& value) { to.put(point, value); });
      }
}

template <class Scheme>
int64_t transformed_numbers(const Conv2d& p) {  // of the weights
  return kPoints<Scheme> * point_stride(numbers_of<Scheme>(int64_t{kPhases<Scheme>} * p.c * p.k));
}

}  // namespace ganymede::kernels::cpu
