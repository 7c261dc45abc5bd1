#include "kernels/cpu/conv2d_winograd.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <type_traits>

#include "kernels/cpu/conv2d.h"
#include "kernels/cpu/conv2d_epilogue.h"
#include "kernels/cpu/conv2d_pack.h"
#include "kernels/cpu/conv2d_tile.h"
#include "kernels/cpu/conv2d_winograd_transforms.h"
#include "kernels/cpu/number.h"
#include "kernels/cpu/onednn.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/vectors.h"
#include "kernels/cpu/widen.h"

#pragma GCC optimize("fp-contract=fast")  // as in conv2d_tile.cpp

namespace ganymede::kernels::cpu {
namespace {

// Where element (row, column) of a matrix [rows, columns] lies that a product reads column by column, in panels.
int64_t panel_index(int64_t rows, int columns, int64_t row, int column) {
  const int first = column / kPanel * kPanel, width = std::min(kPanel, columns - first);
  return rows * first + row * width + column - first;
}

template <class Scheme>
constexpr int kPoints = Scheme::kSide * Scheme::kSide;

// From one point's matrix to the next's. Sizes are often multiples of 4 KB: a transform, which touches every point, would find all of them in
// one place of the first cache.
constexpr int64_t point_stride(int64_t numbers) { return numbers + 16; }
template <class Scheme>
constexpr int kPhases = Scheme::kStride * Scheme::kStride;  // images of x: (row, column) modulo the stride

// A tile is kOut x kOut pixels of y; it reads kSide x kSide pixels of each phase of x.
template <class Scheme>
struct Tiles {
  int rows, columns;
  int64_t count;
  explicit Tiles(const Conv2d& p)
      : rows((p.p + Scheme::kOut - 1) / Scheme::kOut),
        columns((p.q + Scheme::kOut - 1) / Scheme::kOut),
        count(int64_t{p.n} * rows * columns) {}
};

template <class Scheme>
struct Tile {
  int n, row, column;
  Tile(const Tiles<Scheme>& tiles, int64_t index)
      : n(static_cast<int>(index / (tiles.rows * tiles.columns))),
        row(static_cast<int>(index / tiles.columns % tiles.rows)),
        column(static_cast<int>(index % tiles.columns)) {}

  // Pixel (i, j) of what the tile reads of x, or null outside.
  template <class T>
  T* of_x(const Conv2d& p, T* x, int i, int j) const {
    constexpr int kStep = Scheme::kOut * Scheme::kStride;
    const int h = kStep * row - p.pad_h + i, w = kStep * column - p.pad_w + j;
    if (h < 0 || h >= p.h || w < 0 || w >= p.w) return nullptr;
    return x + ((int64_t{n} * p.h + h) * p.w + w) * p.c;
  }
  template <class T>
  T* of_y(const Conv2d& p, T* y, int i, int j) const {
    const int to_row = Scheme::kOut * row + i, to_column = Scheme::kOut * column + j;
    if (to_row >= p.p || to_column >= p.q) return nullptr;
    return y + ((int64_t{n} * p.p + to_row) * p.q + to_column) * p.k;
  }
};

// The pixels of one phase of x that a tile reads; `outside` for those that are none.
template <class Scheme, class T>
void find_pixels(const Conv2d& p, const Tile<Scheme>& tile, T* x, int phase, T* outside, T* (&pixel)[Scheme::kSide][Scheme::kSide]) {
  constexpr int kStride = Scheme::kStride;
  for (int i = 0; i < Scheme::kSide; ++i)
    for (int j = 0; j < Scheme::kSide; ++j) {
      T* const found = tile.of_x(p, x, kStride * i + phase / kStride, kStride * j + phase % kStride);
      pixel[i][j] = found ? found : outside;
    }
}

constexpr int64_t kMostWeights = 1 << 18;  // C * K, whose transforms stay in memory
constexpr int kLeastChannels = 32;
template <class T>
const T kZeros[kMostWeights / kLeastChannels] = {};  // the channels of a pixel outside

// One tile of x, transformed. place(column): where its phase * C + channel goes at the first point; point_stride: from one point to the next.
template <class Scheme, class T, class Place>
void transform_x(const Conv2d& p, const Tile<Scheme>& tile, const T* x, Place place, int64_t point_stride) {
  constexpr int kSide = Scheme::kSide;
  for (int phase = 0; phase < kPhases<Scheme>; ++phase) {
    const T* pixel[kSide][kSide];
    find_pixels(p, tile, x, phase, kZeros<T>, pixel);
    for (int c = 0; c < p.c; c += kRegisterLanes) {
      float* const v = place(phase * p.c + c);
      transform<Scheme::kInput, Lanes>([&](int i, int j) { return load_lanes(pixel[i][j] + c); },
                                       [&](int i, int j, Lanes value) { lanes(v + (i * kSide + j) * point_stride) = value; });
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
  for (int i = 0; i < kOut && pixel[i][0]; ++i) {
    const int columns = std::min(kOut, p.q - kOut * tile.column);
    if (!in_place) apply_epilogue(p.dtype, columns, p.k, epilogue, nullptr, pixel[i][0]);
    for (int j = 0; in_place && j < columns; ++j) apply_epilogue(p.dtype, 1, p.k, epilogue, m + (i * kOut + j) * point_stride, pixel[i][j]);
  }
}

// One tile of dy, by the transposed map. place(column): where channel column goes at the first point.
template <class Scheme, class T, class Place>
void adjoint_y(const Conv2d& p, const Tile<Scheme>& tile, const T* dy, Place place, int64_t point_stride) {
  constexpr int kSide = Scheme::kSide, kOut = Scheme::kOut;
  const T* pixel[kOut][kOut];
  for (int i = 0; i < kOut; ++i)
    for (int j = 0; j < kOut; ++j) {
      const T* const found = tile.of_y(p, dy, i, j);
      pixel[i][j] = found ? found : kZeros<T>;
    }
  for (int k = 0; k < p.k; k += kRegisterLanes) {
    float* const m = place(k);
    transform<Scheme::kOutput.transposed(), Lanes>([&](int i, int j) { return load_lanes(pixel[i][j] + k); },
                                                   [&](int i, int j, Lanes value) { lanes(m + (i * kSide + j) * point_stride) = value; });
  }
}

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
void transform_weights(const Conv2d& p, const T* w, float* u) {
  constexpr int kSide = Scheme::kSide, kTaps = Scheme::kTaps;
  const int rows = kPhases<Scheme> * p.c;
  const int64_t matrix = point_stride(int64_t{rows} * p.k);
#pragma omp parallel for collapse(2)
  for (int phase = 0; phase < kPhases<Scheme>; ++phase)
    for (int c = 0; c < p.c; c += kRegisterLanes)
      for (int k = 0; k < p.k; ++k) {
        Lanes g[kTaps][kTaps]{};
        for_each_tap<Scheme>(p, k, phase, c, [&](int64_t at, int i, int j) { g[i][j] = load_lanes(w + at); });
        float* const to = u + panel_index(rows, p.k, phase * p.c + c, k);
        const int width = std::min(kPanel, p.k - k / kPanel * kPanel);
        transform<Scheme::kFilter, Lanes>([&](int i, int j) { return g[i][j]; },
                                          [&](int i, int j, Lanes value) {
                                            for (int lane = 0; lane < kRegisterLanes; ++lane)
                                              to[(i * kSide + j) * matrix + lane * width] = value[lane];
                                          });
      }
}

// u [points] of matrices [K, phases * C] in panels; turned: of the filter turned by 180 degrees.
template <class Scheme, bool turned, class T>
void transform_weights_transposed(const Conv2d& p, const T* w, float* u) {
  constexpr int kSide = Scheme::kSide, kTaps = Scheme::kTaps;
  const int columns = kPhases<Scheme> * p.c;
  const int64_t matrix = point_stride(int64_t{columns} * p.k);
#pragma omp parallel for
  for (int k = 0; k < p.k; ++k)
    for (int phase = 0; phase < kPhases<Scheme>; ++phase)
      for (int c = 0; c < p.c; c += kRegisterLanes) {
        Lanes g[kTaps][kTaps]{};
        for_each_tap<Scheme>(p, k, phase, c, [&](int64_t at, int i, int j) {
          (turned ? g[kTaps - 1 - i][kTaps - 1 - j] : g[i][j]) = load_lanes(w + at);
        });
        float* const to = u + panel_index(p.k, columns, k, phase * p.c + c);
        transform<Scheme::kFilter, Lanes>([&](int i, int j) { return g[i][j]; },
                                          [&](int i, int j, Lanes value) { lanes(to + (i * kSide + j) * matrix) = value; });
      }
}

// c [points, count, columns] = a [points, count, length] * u, one point after the other.
template <class Scheme>
void multiply_points(int64_t count, int length, int columns, const float* a, const float* u, float* c) {
  for (int point = 0; point < kPoints<Scheme>; ++point)
    for (int first = 0; first < columns; first += kPanel) {
      const int width = std::min(kPanel, columns - first);
      multiply_tiles({a + point * point_stride(count * length), length, 1, u + point * point_stride(int64_t{columns} * length) + int64_t{first} * length, width,
                      c + point * point_stride(count * columns) + first, columns, count, width, length, false});
    }
}

template <class Scheme>
int64_t transformed_numbers(const Conv2d& p) {  // of the weights
  return kPoints<Scheme> * point_stride(int64_t{kPhases<Scheme>} * p.c * p.k);
}

template <class Scheme>
int64_t numbers_of_a_tile(const Conv2d& p) {
  return kPoints<Scheme> * (int64_t{kPhases<Scheme>} * p.c + p.k);
}

// Tiles at a time: what lies between the transforms fills about a second cache of 1 MB; as many as help where the weights, read
// once a chunk, come from beyond it; fewer where threads would go without.
template <class Scheme>
int64_t chunk_of(const Conv2d& p) {
  constexpr int64_t kNumbers = 1 << 18, kRows = 6, kLeast = 24, kMost = 96, kManyWeights = 3 << 19;
  const int64_t threads = omp_get_max_threads(), share = (Tiles<Scheme>(p).count + threads * kRows - 1) / (threads * kRows) * kRows;
  if (transformed_numbers<Scheme>(p) > kManyWeights) return std::min(share, kMost);
  return std::min(share, std::clamp(kNumbers / numbers_of_a_tile<Scheme>(p) / kRows * kRows, kLeast, kMost));
}

// Memory of one thread for a chunk: v [points, chunk, phases * C] and m [points, chunk, K].
template <class Scheme>
struct Workspace {
  float *v, *m;
  Workspace(const Conv2d& p, int64_t chunk, float* memory, int thread) {
    v = memory + thread * numbers(p, chunk);
    m = v + numbers_of_v(p, chunk);
  }
  static int64_t numbers_of_v(const Conv2d& p, int64_t chunk) { return kPoints<Scheme> * point_stride(chunk * kPhases<Scheme> * p.c); }
  static int64_t numbers(const Conv2d& p, int64_t chunk) { return numbers_of_v(p, chunk) + kPoints<Scheme> * point_stride(chunk * p.k); }
};

float* scratch(Scratch slot, int64_t numbers) { return static_cast<float*>(onednn_scratch(slot, numbers * sizeof(float))); }

template <class Scheme, class T>
void forward(const Conv2d& p, const T* x, const float* u, T* y, const Epilogue& epilogue) {
  const Tiles<Scheme> tiles(p);
  const int length = kPhases<Scheme> * p.c;
  const int64_t chunk = chunk_of<Scheme>(p), chunks = (tiles.count + chunk - 1) / chunk;
  float* const memory = scratch(Scratch::source, omp_get_max_threads() * Workspace<Scheme>::numbers(p, chunk));
#pragma omp parallel for schedule(static)
  for (int64_t index = 0; index < chunks; ++index) {
    const Workspace<Scheme> space(p, chunk, memory, omp_get_thread_num());
    const int64_t begin = index * chunk, count = std::min(chunk, tiles.count - begin);
    for (int64_t i = 0; i < count; ++i)
      transform_x(p, Tile<Scheme>(tiles, begin + i), x, [&](int column) { return space.v + i * length + column; }, point_stride(count * length));
    multiply_points<Scheme>(count, length, p.k, space.v, u, space.m);
    for (int64_t i = 0; i < count; ++i)
      transform_y(p, Tile<Scheme>(tiles, begin + i), space.m + i * p.k, point_stride(count * p.k), y, epilogue);
  }
}

// By the adjoint of every step. Neighbouring tiles overlap in dx: a thread takes whole images, as many as fill a chunk, or, where
// there are too few, bands of their tile rows, first the even ones, then the odd ones.
template <class Scheme, class T>
void adjoint(const Conv2d& p, const T* dy, const float* u, T* out, const Epilogue& epilogue) {
  const Tiles<Scheme> tiles(p);
  const int length = kPhases<Scheme> * p.c, threads = omp_get_max_threads();
  const int bands = p.n >= threads ? 1 : std::min(2 * threads, tiles.rows);
  const int64_t chunk = chunk_of<Scheme>(p), image = int64_t{tiles.rows} * tiles.columns;
  const int together = static_cast<int>(std::clamp<int64_t>(chunk / image, 1, std::max(1, p.n / threads)));
  float* const memory = scratch(Scratch::source, threads * Workspace<Scheme>::numbers(p, chunk));
  const int64_t pixels = int64_t{p.n} * p.h * p.w;
  constexpr bool kRounds = std::is_same_v<T, Bf16>;
  float* dx;
  if constexpr (kRounds) dx = wide_result(pixels * p.c);
  else dx = out;
  const auto add_tiles = [&](const Workspace<Scheme>& space, int64_t begin, int64_t end) {
    for (int64_t first = begin; first < end; first += chunk) {
      const int64_t count = std::min(chunk, end - first);
      for (int64_t i = 0; i < count; ++i)
        adjoint_y(p, Tile<Scheme>(tiles, first + i), dy, [&](int column) { return space.m + i * p.k + column; }, point_stride(count * p.k));
      multiply_points<Scheme>(count, p.k, length, space.m, u, space.v);
      for (int64_t i = 0; i < count; ++i)
        add_adjoint_x(p, Tile<Scheme>(tiles, first + i), space.v + i * length, point_stride(count * length), dx);
    }
  };
#pragma omp parallel
  {
    const Workspace<Scheme> space(p, chunk, memory, omp_get_thread_num());
#pragma omp for schedule(static)
    for (int64_t row = 0; row < int64_t{p.n} * p.h; ++row) std::fill_n(dx + row * p.w * p.c, int64_t{p.w} * p.c, 0.0f);
    if (bands == 1) {
#pragma omp for schedule(static)
      for (int n = 0; n < p.n; n += together) add_tiles(space, n * image, std::min(n + together, p.n) * image);
    } else {
      for (int parity = 0; parity < 2; ++parity)
#pragma omp for schedule(static)
        for (int pair = 0; pair < p.n * ((bands + 1 - parity) / 2); ++pair) {
          const int pairs = (bands + 1 - parity) / 2, band = 2 * (pair % pairs) + parity;
          const int64_t top = int64_t{pair / pairs} * tiles.rows;
          add_tiles(space, (top + tiles.rows * band / bands) * tiles.columns, (top + tiles.rows * (band + 1) / bands) * tiles.columns);
        }
    }
  }
  apply_epilogue(p.dtype, pixels, p.c, epilogue, kRounds ? dx : nullptr, out);
}

template <class Scheme, class T>
void weight_gradient(const Conv2d& p, const T* x, const T* dy, float* dw) {
  constexpr int kSide = Scheme::kSide, kTaps = Scheme::kTaps;
  const Tiles<Scheme> tiles(p);
  const int columns = kPhases<Scheme> * p.c;
  const int64_t matrix = point_stride(int64_t{columns} * p.k);
  // A chunk, which all threads read, fills about half a third cache, or, where that is more, as much as u, which each chunk rewrites.
  const int64_t numbers = std::max<int64_t>(1 << 21, kPoints<Scheme> * matrix);
  const int64_t chunk = std::min(tiles.count, std::max<int64_t>(96, numbers / numbers_of_a_tile<Scheme>(p)));
  float* const v = scratch(Scratch::source, kPoints<Scheme> * point_stride(chunk * columns));
  float* const m = scratch(Scratch::destination, kPoints<Scheme> * point_stride(chunk * p.k));
  float* const u = scratch(Scratch::sums, kPoints<Scheme> * matrix);
#pragma omp parallel
  {
    for (int64_t first = 0; first < tiles.count; first += chunk) {
      const int64_t count = std::min(chunk, tiles.count - first);
#pragma omp for schedule(static)
      for (int64_t i = 0; i < count; ++i) {
        const Tile<Scheme> tile(tiles, first + i);
        transform_x(p, tile, x, [&](int column) { return v + panel_index(count, columns, i, column); }, point_stride(count * columns));
        adjoint_y(p, tile, dy, [&](int column) { return m + panel_index(count, p.k, i, column); }, point_stride(count * p.k));
      }
#pragma omp for schedule(static) collapse(3)
      for (int point = 0; point < kPoints<Scheme>; ++point)
        for (int row = 0; row < p.k; row += kPanel)
          for (int column = 0; column < columns; column += kPanel) {
            const int rows = std::min(kPanel, p.k - row), width = std::min(kPanel, columns - column);
            multiply_tiles({m + point * point_stride(count * p.k) + count * row, 1, rows, v + point * point_stride(count * columns) + count * column, width,
                            u + point * matrix + int64_t{row} * columns + column, columns, rows, width, count, first > 0});
          }
    }
#pragma omp for
    for (int k = 0; k < p.k; ++k)
      for (int phase = 0; phase < kPhases<Scheme>; ++phase)
        for (int c = 0; c < p.c; c += kRegisterLanes) {
          Lanes g[kTaps][kTaps];
          const float* const from = u + int64_t{k} * columns + phase * p.c + c;
          transform<Scheme::kFilter.transposed(), Lanes>([&](int i, int j) { return Lanes(lanes(from + (i * kSide + j) * matrix)); },
                                                         [&](int i, int j, Lanes value) { g[i][j] = value; });
          for_each_tap<Scheme>(p, k, phase, c, [&](int64_t at, int i, int j) { lanes(dw + at) = g[i][j]; });
        }
  }
}

// The convolution of dy that is the data gradient of one of stride 1.
Conv2d turned(const Conv2d& p) {
  Conv2d q = p;
  q.h = p.p, q.w = p.q, q.c = p.k, q.k = p.c, q.p = p.h, q.q = p.w;
  q.pad_h = p.r - 1 - p.pad_h, q.pad_w = p.s - 1 - p.pad_w;
  return q;
}

// What a pass takes, in products per input and output channel. Measured: transforming the weights after a step costs as much as
// multiplying by them 36 times.
template <class Scheme>
int64_t cost(const Conv2d& p) {
  return (Tiles<Scheme>(p).count + 36) * kPoints<Scheme> * kPhases<Scheme>;
}

// Calls body with the cheapest scheme of a filter of p's size and stride.
template <class Body>
void with_scheme(const Conv2d& p, Body body) {
  if (p.stride_h == 1) body(StrideOne());
  else if (std::max(p.r, p.s) == 5) body(StrideTwoWide());
  else if (cost<StrideTwo>(p) < cost<StrideTwoSmall>(p)) body(StrideTwo());
  else body(StrideTwoSmall());
}

std::atomic<bool> winograd_allowed = true;

}  // namespace

void allow_winograd(bool allowed) { winograd_allowed = allowed; }

bool goes_by_winograd(const Conv2d& p) {
  if (!winograd_allowed || p.dtype == DType::f64 || p.groups != 1 || p.dilation_h != 1 || p.dilation_w != 1) return false;
  if (p.c % kTileLanes != 0 || p.k % kTileLanes != 0 || p.c < kLeastChannels || p.k < kLeastChannels || p.stride_h != p.stride_w) return false;
  const auto [least, most] = std::minmax(p.r, p.s);
  if (!(p.stride_h == 1 ? least == 3 && most == 3 : p.stride_h == 2 && least >= 3 && most <= 5)) return false;
  if (int64_t{p.c} * p.k > kMostWeights) return false;
  // Where the processor multiplies bf16, at twice the rate, half the products must do. With stride 2, or few channels, the transforms outweigh
  // what is left to save (measured in training steps, where weights are transformed anew each time).
  const bool against_bf16 = p.dtype == DType::bf16 && has_avx512();
  if (against_bf16 && (p.stride_h == 2 || p.c * p.k < 64 * 64)) return false;
  bool wins = false;
  with_scheme(p, [&]<class Scheme>(Scheme) {
    // One of 3x3 and stride 2, too, is transformed as if it had 4x4 taps, of which sums take nine.
    constexpr int kReach = Scheme::kStride * Scheme::kTaps;
    const int taps = std::max(p.r, p.s) == 3 ? p.r * p.s : kReach * kReach;
    wins = (against_bf16 ? 2 : 1) * cost<Scheme>(p) <= int64_t{p.n} * p.p * p.q * taps;
  });
  return wins;
}

void forward_by_winograd(const Conv2d& p, const void* x, const Weight& w, void* y, const Epilogue& epilogue) {
  auto lock = lock_onednn();
  with_scheme(p, [&]<class Scheme>(Scheme) {
    with_f32_or_bf16(p.dtype, [&]<class T>(T) {
      const float* const u = packed_weight(w, WeightForm::winograd, transformed_numbers<Scheme>(p), [&](float* to) {
        transform_weights<Scheme>(p, static_cast<const T*>(w.data), to);
      });
      forward<Scheme>(p, static_cast<const T*>(x), u, static_cast<T*>(y), epilogue);
    });
  });
}

void data_gradient_by_winograd(const Conv2d& p, const void* dy, const Weight& w, void* dx, const Epilogue& epilogue) {
  auto lock = lock_onednn();
  with_scheme(p, [&]<class Scheme>(Scheme) {
    with_f32_or_bf16(p.dtype, [&]<class T>(T) {
      constexpr bool kTurned = Scheme::kStride == 1;
      const float* const u = packed_weight(w, WeightForm::winograd_transposed, transformed_numbers<Scheme>(p), [&](float* to) {
        transform_weights_transposed<Scheme, kTurned>(p, static_cast<const T*>(w.data), to);
      });
      const T* const from = static_cast<const T*>(dy);
      T* const to = static_cast<T*>(dx);
      if constexpr (kTurned) forward<Scheme>(turned(p), from, u, to, epilogue);
      else adjoint<Scheme>(p, from, u, to, epilogue);
    });
  });
}

void weight_gradient_by_winograd(const Conv2d& p, const void* x, const void* dy, void* dw) {
  auto lock = lock_onednn();
  with_scheme(p, [&]<class Scheme>(Scheme) {
    with_f32_or_bf16(p.dtype, [&]<class T>(T) {
      weight_gradient<Scheme>(p, static_cast<const T*>(x), static_cast<const T*>(dy), static_cast<float*>(dw));
    });
  });
}

}  // namespace ganymede::kernels::cpu
