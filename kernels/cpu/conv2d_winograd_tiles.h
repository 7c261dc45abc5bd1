// The tiles of Winograd's convolutions: which pixels one reads and writes, and its transforms into operands of products and back.
#pragma once
#include <algorithm>
#include <type_traits>

#include "kernels/cpu/conv2d_border.h"
#include "kernels/cpu/conv2d_epilogue.h"
#include "kernels/cpu/conv2d_winograd_operands.h"
#include "kernels/cpu/conv2d_winograd_transforms.h"

namespace ganymede::kernels::cpu {

template <class Scheme>
constexpr int kPoints = Scheme::kSide * Scheme::kSide;
template <class Scheme>
constexpr int kPhases = Scheme::kStride * Scheme::kStride;  // images of x: (row, column) modulo the stride

// kOut x kOut pixels of y, the first of them in row top and column left; it reads kSide x kSide pixels of each phase of x.
template <class Scheme>
struct Tile {
  int n, top, left;

  // Row (column) i of what the tile reads of x, or -1 outside.
  int row_of_x(const Conv2d& p, int i) const { return rows_of(p).own(Scheme::kStride * top - p.pad_h + i); }
  int column_of_x(const Conv2d& p, int i) const { return columns_of(p).own(Scheme::kStride * left - p.pad_w + i); }
  // Pixel (i, j) of what it makes of y, or null outside, or where there is no y.
  template <class T>
  T* of_y(const Conv2d& p, T* y, int i, int j) const {
    const int to_row = top + i, to_column = left + j;
    if (!y || to_row >= p.p || to_column >= p.q) return nullptr;
    return y + ((int64_t{n} * p.p + to_row) * p.q + to_column) * p.k;
  }
};

// The tiles of parts of y, the same of each image. The last may overhang.
template <class Scheme>
class Tiles {
 public:
  struct Part {
    int top, left, rows, columns;  // rows and columns of tiles
    static Part of(int top, int left, int bottom, int right) {
      const auto tiles = [](int pixels) { return (pixels + Scheme::kOut - 1) / Scheme::kOut; };
      return {top, left, tiles(bottom - top), tiles(right - left)};
    }
    int64_t count() const { return int64_t{rows} * columns; }
  };
  int64_t of_image, count;

  explicit Tiles(const Conv2d& p) : Tiles(p.n, Part::of(0, 0, p.p, p.q), Part{}) {}
  Tiles(int images, Part first, Part second)
      : of_image(first.count() + second.count()), count(images * of_image), first_(first), second_(second) {}

  int rows() const { return first_.rows; }  // where there is one part
  int columns() const { return first_.columns; }
  Tile<Scheme> operator[](int64_t index) const {
    const int64_t in_image = index % of_image, in_second = in_image - first_.count();
    const Part& part = in_second < 0 ? first_ : second_;
    const int i = static_cast<int>(in_second < 0 ? in_image : in_second);
    return {static_cast<int>(index / of_image), part.top + Scheme::kOut * (i / part.columns), part.left + Scheme::kOut * (i % part.columns)};
  }

 private:
  Part first_, second_;
};

// How y is cut: into tiles of Scheme, and of Scheme::Rest where those would overhang and that takes fewer products.
template <class Scheme>
struct Cut {
  using Rest = typename Scheme::Rest;
  Tiles<Scheme> main;
  Tiles<Rest> rest;
  explicit Cut(const Conv2d& p) : main(p), rest(p.n, {}, {}) {
    if constexpr (Scheme::kHasRest) {
      constexpr int kUnit = Scheme::kOut * Rest::kOut;  // so that neither overhangs where they meet
      const int bottom = p.p / kUnit * kUnit, right = p.q / kUnit * kUnit;
      const Cut parted(Tiles<Scheme>(p.n, Tiles<Scheme>::Part::of(0, 0, bottom, right), {}),
                       Tiles<Rest>(p.n, Tiles<Rest>::Part::of(0, right, bottom, p.q), Tiles<Rest>::Part::of(bottom, 0, p.p, p.q)));
      if (bottom && right && parted.products() < products()) *this = parted;
    }
  }
  int64_t products() const { return main.count * kPoints<Scheme> + rest.count * kPoints<Rest>; }  // of an input and an output channel and a phase

 private:
  Cut(Tiles<Scheme> main, Tiles<Rest> rest) : main(main), rest(rest) {}
};

// m in m^T for in(i, j) = load(vector, i, j), each vector by itself; values of all go to put(point, them).
template <LinearMap m, class V, class Load, class Put>
[[gnu::always_inline]] inline void transform_vectors(Load load, Put put) {
  constexpr int kSide = std::size(m.at);
  if constexpr (kVectors<V> == 1) {
    transform<m, Lanes>([&](int i, int j) { return load(0, i, j); }, [&](int i, int j, Lanes value) { put(i * kSide + j, value); });
  } else {
    Lanes values[kVectors<V>][kSide * kSide];
    for (int vector = 0; vector < kVectors<V>; ++vector)
      transform<m, Lanes>([&](int i, int j) { return load(vector, i, j); }, [&](int i, int j, Lanes value) { values[vector][i * kSide + j] = value; });
    for (int point = 0; point < kSide * kSide; ++point) put(point, V{values[0][point], values[1][point]});
  }
}

// Pixels of a tile lie far apart in memory, where the processor does not expect them.
template <class T>
void prefetch(const T* pixel, int channels) {
  for (int c = 0; c < channels; c += 64 / sizeof(T)) __builtin_prefetch(pixel + c);
}

// The pixels of one phase of x that a tile reads; `outside` for those that are none.
template <class Scheme, class T>
void find_pixels(const Conv2d& p, const Tile<Scheme>& tile, T* x, int phase, T* outside, T* (&pixel)[Scheme::kSide][Scheme::kSide]) {
  constexpr int kStride = Scheme::kStride, kSide = Scheme::kSide;
  int columns[kSide];
  for (int j = 0; j < kSide; ++j) columns[j] = tile.column_of_x(p, kStride * j + phase % kStride);
  for (int i = 0; i < kSide; ++i) {
    const int row = x ? tile.row_of_x(p, kStride * i + phase / kStride) : -1;
    for (int j = 0; j < kSide; ++j) {
      pixel[i][j] = outside;
      if (row < 0 || columns[j] < 0) continue;
      pixel[i][j] = x + ((int64_t{tile.n} * p.h + row) * p.w + columns[j]) * p.c;
      prefetch(pixel[i][j], p.c);
    }
  }
}

constexpr int64_t kManyWeights = 1 << 18, kMostWeights = 1 << 19;  // C * K, whose transforms stay in memory
constexpr int kLeastChannels = 32;
template <class T>
inline constexpr T kZeros[kMostWeights / kLeastChannels] = {};  // the channels of a pixel outside

// Tiles of x from index on, as many as V has vectors, transformed; zeros from `end` on. place(column): where their phase * C + channel
// goes, an AlongSum or AcrossSums.
template <class V, class Scheme, class T, class Place>
void transform_x(const Conv2d& p, const Tiles<Scheme>& tiles, int64_t index, int64_t end, const T* x, Place place) {
  for (int phase = 0; phase < kPhases<Scheme>; ++phase) {
    const T* pixel[kVectors<V>][Scheme::kSide][Scheme::kSide];
    for (int i = 0; i < kVectors<V>; ++i) find_pixels(p, tiles[index + i], index + i < end ? x : nullptr, phase, kZeros<T>, pixel[i]);
    for (int c = 0; c < p.c; c += kRegisterLanes) {
      const auto v = place(phase * p.c + c);
      transform_vectors<Scheme::kInput, V>([&](int vector, int i, int j) { return load_lanes(pixel[vector][i][j] + c); },
                                           [&](int point, const V& value) { v.put(point, value); });
    }
  }
}

// Adds one tile's v [points, phases, C] to dx.
template <class Scheme>
void add_adjoint_x(const Conv2d& p, const Tile<Scheme>& tile, const float* v, int64_t point_stride, float* dx) {
  constexpr int kSide = Scheme::kSide;
  for (int phase = 0; phase < kPhases<Scheme>; ++phase) {
    float* pixel[kSide][kSide];
    find_pixels<Scheme, float>(p, tile, dx, phase, nullptr, pixel);
    for (int c = 0; c < p.c; c += kRegisterLanes) {
      const float* const from = v + phase * p.c + c;
      transform<Scheme::kInput.transposed(), Lanes>([&](int i, int j) { return Lanes(lanes(from + (i * kSide + j) * point_stride)); },
                                                    [&](int i, int j, Lanes value) {
                                                      if (pixel[i][j]) lanes(pixel[i][j] + c) += value;
                                                    });
    }
  }
}

// One tile of y from m [points, K], which may be overwritten.
template <class Scheme, class T>
void transform_y(const Conv2d& p, const Tile<Scheme>& tile, float* m, int64_t point_stride, T* y, const Epilogue& epilogue) {
  constexpr int kSide = Scheme::kSide, kOut = Scheme::kOut;
  constexpr bool kRounds = std::is_same_v<T, Bf16>;
  T* pixel[kOut][kOut];
  for (int i = 0; i < kOut; ++i)
    for (int j = 0; j < kOut; ++j) pixel[i][j] = tile.of_y(p, y, i, j);
  // Rounded once: where something follows, a sum takes the place of what it was made from.
  const bool plain = is_plain(epilogue), in_place = kRounds && !plain;
  for (int k = 0; k < p.k; k += kRegisterLanes) {
    transform<Scheme::kOutput, Lanes>([&](int i, int j) { return load_lanes(m + (i * kSide + j) * point_stride + k); },
                                      [&](int i, int j, Lanes value) {
                                        if (in_place) store_lanes(m + (i * kOut + j) * point_stride + k, value);
                                        else if (pixel[i][j]) store_lanes(pixel[i][j] + k, value);
                                      });
  }
  if (plain) return;
  const auto of_pixel = [&](const T* to) { return behind(epilogue, (to - y) * int64_t{sizeof(T)}); };
  for (int i = 0; i < kOut && pixel[i][0]; ++i) {
    const int columns = std::min(kOut, p.q - tile.left);
    if (!in_place) apply_epilogue(p.dtype, columns, p.k, of_pixel(pixel[i][0]), nullptr, pixel[i][0]);
    for (int j = 0; in_place && j < columns; ++j) apply_epilogue(p.dtype, 1, p.k, of_pixel(pixel[i][j]), m + (i * kOut + j) * point_stride, pixel[i][j]);
  }
}

// Tiles of dy, by the transposed map; as transform_x.
template <class V, class Scheme, class T, class Place>
void adjoint_y(const Conv2d& p, const Tiles<Scheme>& tiles, int64_t index, int64_t end, const T* dy, Place place) {
  constexpr int kOut = Scheme::kOut;
  const T* pixel[kVectors<V>][kOut][kOut];
  for (int vector = 0; vector < kVectors<V>; ++vector)
    for (int i = 0; i < kOut; ++i)
      for (int j = 0; j < kOut; ++j) {
        const T* const found = tiles[index + vector].of_y(p, index + vector < end ? dy : nullptr, i, j);
        pixel[vector][i][j] = found ? found : kZeros<T>;
        if (found) prefetch(found, p.k);
      }
  for (int k = 0; k < p.k; k += kRegisterLanes) {
    const auto m = place(k);
    transform_vectors<Scheme::kOutput.transposed(), V>([&](int vector, int i, int j) { return load_lanes(pixel[vector][i][j] + k); },
                                                       [&](int point, const V& value) { m.put(point, value); });
  }
}

}  // namespace ganymede::kernels::cpu
