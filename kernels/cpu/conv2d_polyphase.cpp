#include "kernels/cpu/conv2d_polyphase.h"

#include <omp.h>

#include <algorithm>

#include "kernels/cpu/conv2d_epilogue.h"
#include "kernels/cpu/conv2d_onednn.h"
#include "kernels/cpu/conv2d_pack.h"
#include "kernels/cpu/conv2d_phase_transforms.h"
#include "kernels/cpu/conv2d_tile.h"
#include "kernels/cpu/gemm_onednn.h"
#include "kernels/cpu/onednn.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/vectors.h"

namespace ganymede::kernels::cpu {
namespace {

constexpr int kPoints = 9;  // of the transform
constexpr int kPhases = 4;  // (row parity, column parity)
constexpr int kPanel = 64;  // columns of a transformed weight that lie together

// A tile is 2x2 pixels of y; it reads 6x6 pixels of x, three of each parity in each dimension.
struct Tiles {
  int rows, columns;
  int64_t count;
  explicit Tiles(const Conv2d& p)
      : rows((p.p + 1) / 2), columns((p.q + 1) / 2), count(int64_t{p.n} * rows * columns) {}
};

struct Tile {
  int n, row, column;
  Tile(const Tiles& tiles, int64_t index)
      : n(static_cast<int>(index / (tiles.rows * tiles.columns))),
        row(static_cast<int>(index / tiles.columns % tiles.rows)),
        column(static_cast<int>(index % tiles.columns)) {}
};

// Pixel (i, j) of the tile's 6x6 in x, or null outside.
template <class T>
T* x_pixel(const Conv2d& p, const Tile& tile, T* x, int i, int j) {
  const int h = 4 * tile.row - p.pad_h + i, w = 4 * tile.column - p.pad_w + j;
  if (h < 0 || h >= p.h || w < 0 || w >= p.w) return nullptr;
  return x + ((int64_t{tile.n} * p.h + h) * p.w + w) * p.c;
}

template <class T>
T* y_pixel(const Conv2d& p, const Tile& tile, T* y, int i, int j) {
  const int row = 2 * tile.row + i, column = 2 * tile.column + j;
  if (row >= p.p || column >= p.q) return nullptr;
  return y + ((int64_t{tile.n} * p.p + row) * p.q + column) * p.k;
}

// One tile of x as v [9, 4, C]; point_stride is what separates the points in v.
void transform_x(const Conv2d& p, const Tile& tile, const float* x, float* v, int64_t point_stride) {
  for (int phase = 0; phase < kPhases; ++phase) {
    const float* pixel[3][3];
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) pixel[i][j] = x_pixel(p, tile, x, 2 * i + phase / 2, 2 * j + phase % 2);
    for (int c = 0; c < p.c; c += kRegisterLanes) {
      Lanes d[3][3];
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) d[i][j] = pixel[i][j] ? Lanes(lanes(pixel[i][j] + c)) : Lanes{};
      input_transform(d);
      for (int point = 0; point < kPoints; ++point)
        lanes(v + point * point_stride + phase * p.c + c) = d[point / 3][point % 3];
    }
  }
}

// Adds one tile's v [9, 4, C] to dx.
void add_adjoint_x(const Conv2d& p, const Tile& tile, const float* v, int64_t point_stride, float* dx) {
  for (int phase = 0; phase < kPhases; ++phase) {
    float* pixel[3][3];
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) pixel[i][j] = x_pixel(p, tile, dx, 2 * i + phase / 2, 2 * j + phase % 2);
    for (int c = 0; c < p.c; c += kRegisterLanes) {
      Lanes d[3][3];
      for (int point = 0; point < kPoints; ++point)
        d[point / 3][point % 3] = lanes(v + point * point_stride + phase * p.c + c);
      input_adjoint(d);
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j)
          if (pixel[i][j]) lanes(pixel[i][j] + c) += d[i][j];
    }
  }
}

// One tile of y from m [9, K].
void transform_y(const Conv2d& p, const Tile& tile, const float* m, int64_t point_stride, float* y) {
  float* pixel[2][2];
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) pixel[i][j] = y_pixel(p, tile, y, i, j);
  for (int k = 0; k < p.k; k += kRegisterLanes) {
    Lanes sums[3][3], out[2][2];
    for (int point = 0; point < kPoints; ++point)
      sums[point / 3][point % 3] = lanes(m + point * point_stride + k);
    output_transform(sums, out);
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 2; ++j)
        if (pixel[i][j]) lanes(pixel[i][j] + k) = out[i][j];
  }
}

// One tile of dy as m [9, K].
void adjoint_y(const Conv2d& p, const Tile& tile, const float* dy, float* m, int64_t point_stride) {
  const float* pixel[2][2];
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) pixel[i][j] = y_pixel(p, tile, dy, i, j);
  for (int k = 0; k < p.k; k += kRegisterLanes) {
    Lanes in[2][2], out[3][3];
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 2; ++j) in[i][j] = pixel[i][j] ? Lanes(lanes(pixel[i][j] + k)) : Lanes{};
    output_adjoint(in, out);
    for (int point = 0; point < kPoints; ++point)
      lanes(m + point * point_stride + k) = out[point / 3][point % 3];
  }
}

// The 2x2 filter of one phase for one output channel: a vector of input channels from c on.
void load_filter(const Conv2d& p, const float* w, int k, int phase, int c, Lanes (&g)[2][2]) {
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j)
      g[i][j] = lanes(w + ((int64_t{k} * 4 + 2 * i + phase / 2) * 4 + 2 * j + phase % 2) * p.c + c);
}

// Where element (row, column) of one point's matrix [rows, columns] lies: in panels [rows, 64], the last one
// narrower.
int64_t panel_index(int rows, int columns, int row, int column) {
  const int first = column / kPanel * kPanel, width = std::min(kPanel, columns - first);
  return int64_t{rows} * first + int64_t{row} * width + column - first;
}

// u [9] of matrices [4*C, K] in panels.
void transform_weights(const Conv2d& p, const float* w, float* u) {
  const int rows = kPhases * p.c;
  const int64_t matrix = int64_t{rows} * p.k;
#pragma omp parallel for collapse(2)
  for (int phase = 0; phase < kPhases; ++phase)
    for (int c = 0; c < p.c; c += kRegisterLanes)
      for (int k = 0; k < p.k; ++k) {
        Lanes g[2][2], t[3][3];
        load_filter(p, w, k, phase, c, g);
        filter_transform(g, t);
        float* const to = u + panel_index(rows, p.k, phase * p.c + c, k);
        const int width = std::min(kPanel, p.k - k / kPanel * kPanel);
        for (int point = 0; point < kPoints; ++point)
          for (int lane = 0; lane < kRegisterLanes; ++lane)
            to[point * matrix + lane * width] = t[point / 3][point % 3][lane];
      }
}

// u [9] of matrices [K, 4*C] in panels.
void transform_weights_transposed(const Conv2d& p, const float* w, float* u) {
  const int columns = kPhases * p.c;
  const int64_t matrix = int64_t{columns} * p.k;
#pragma omp parallel for
  for (int k = 0; k < p.k; ++k)
    for (int phase = 0; phase < kPhases; ++phase)
      for (int c = 0; c < p.c; c += kRegisterLanes) {
        Lanes g[2][2], t[3][3];
        load_filter(p, w, k, phase, c, g);
        filter_transform(g, t);
        float* const to = u + panel_index(p.k, columns, k, phase * p.c + c);
        for (int point = 0; point < kPoints; ++point) lanes(to + point * matrix) = t[point / 3][point % 3];
      }
}

// c [9, count, columns] = a [9, count, length] * u, one point after the other.
void multiply_points(int64_t count, int length, int columns, const float* a, const float* u, float* c) {
  for (int point = 0; point < kPoints; ++point)
    for (int first = 0; first < columns; first += kPanel) {
      const int width = std::min(kPanel, columns - first);
      multiply_tiles({a + point * count * length, length, 1, u + (int64_t{point} * columns + first) * length,
                      width, c + point * count * columns + first, columns, count, width, length, false});
    }
}

constexpr int64_t kManyWeights =
    1 << 16;  // C * K whose transform (2.25 times that of w) overflows the second cache

// Tiles at a time: what lies between the transforms fills about a second cache of 1 MB; more where the
// weights, read once a chunk, come from farther away.
int64_t chunk_of(const Conv2d& p) {
  constexpr int64_t kNumbers = 1 << 18;
  const int64_t least = int64_t{p.c} * p.k > kManyWeights ? 64 : 24;
  return std::clamp<int64_t>(kNumbers / (kPoints * (kPhases * p.c + p.k)) / 6 * 6, least, 96);
}

// Memory of one thread for a chunk: v [9, chunk, 4*C] and m [9, chunk, K].
struct Workspace {
  float *v, *m;
  Workspace(const Conv2d& p, int64_t chunk, float* memory, int thread) {
    v = memory + thread * chunk * kPoints * (kPhases * p.c + p.k);
    m = v + chunk * kPoints * kPhases * p.c;
  }
};

float* workspaces(const Conv2d& p, int64_t chunk) {
  const int64_t numbers = omp_get_max_threads() * chunk * kPoints * (kPhases * p.c + p.k);
  return static_cast<float*>(onednn_scratch(Scratch::source, numbers * sizeof(float)));
}

}  // namespace

bool goes_by_phases(const Conv2d& p, ConvRole role) {
  if (!winograd_is_allowed() || p.dtype != DType::f32 || p.groups != 1 || p.r != 4 || p.s != 4) return false;
  if (p.stride_h != 2 || p.stride_w != 2 || p.dilation_h != 1 || p.dilation_w != 1) return false;
  if (p.c % kTileLanes != 0 || p.k % kTileLanes != 0 || p.c < 32 || p.k < 32 || p.p < 4 || p.q < 4)
    return false;
  // Measured: with more weights than this, transforming them after every step costs what the products save.
  const int64_t most = role == ConvRole::forward ? 1 : role == ConvRole::data_gradient ? 2 : 4;
  if (int64_t{p.c} * p.k > most * kManyWeights) return false;
  return role != ConvRole::data_gradient || p.n >= omp_get_max_threads();
}

void forward_by_phases(const Conv2d& p, const void* x, const Weight& w, void* y, const Epilogue& epilogue) {
  auto lock = lock_onednn();
  const Tiles tiles(p);
  const float* const u =
      packed_weight(w, WeightForm::phases, int64_t{kPoints} * kPhases * p.c * p.k,
                    [&](float* to) { transform_weights(p, static_cast<const float*>(w.data), to); });
  const float* const input = static_cast<const float*>(x);
  float* const output = static_cast<float*>(y);
  const int64_t chunk = chunk_of(p), chunks = ceil_div(tiles.count, chunk);
  float* const memory = workspaces(p, chunk);
#pragma omp parallel for schedule(static)
  for (int64_t index = 0; index < chunks; ++index) {
    const Workspace space(p, chunk, memory, omp_get_thread_num());
    const int64_t begin = index * chunk, count = std::min(chunk, tiles.count - begin);
    for (int64_t i = 0; i < count; ++i)
      transform_x(p, Tile(tiles, begin + i), input, space.v + i * kPhases * p.c, count * kPhases * p.c);
    multiply_points(count, kPhases * p.c, p.k, space.v, u, space.m);
    for (int64_t i = 0; i < count; ++i)
      transform_y(p, Tile(tiles, begin + i), space.m + i * p.k, count * p.k, output);
  }
  apply_epilogue(p.dtype, int64_t{p.n} * p.p * p.q, p.k, epilogue, nullptr, y);
}

void data_gradient_by_phases(const Conv2d& p, const void* dy, const Weight& w, void* dx,
                             const Epilogue& epilogue) {
  auto lock = lock_onednn();
  const Tiles tiles(p);
  const float* const u = packed_weight(
      w, WeightForm::phases_transposed, int64_t{kPoints} * kPhases * p.c * p.k,
      [&](float* to) { transform_weights_transposed(p, static_cast<const float*>(w.data), to); });
  const float* const gradient = static_cast<const float*>(dy);
  float* const output = static_cast<float*>(dx);
  const int64_t image = int64_t{tiles.rows} * tiles.columns, numbers = int64_t{p.h} * p.w * p.c;
  // Neighbouring tiles overlap in dx, so a thread takes whole images: as many at a time as make a chunk.
  const int together =
      static_cast<int>(std::clamp<int64_t>(chunk_of(p) / image, 1, p.n / omp_get_max_threads()));
  const int64_t chunk = std::min(chunk_of(p), together * image);
  float* const memory = workspaces(p, chunk);
#pragma omp parallel for schedule(static)
  for (int n = 0; n < p.n; n += together) {
    const Workspace space(p, chunk, memory, omp_get_thread_num());
    const int images = std::min(together, p.n - n);
    std::fill_n(output + n * numbers, images * numbers, 0.0f);
    for (int64_t first = n * image; first < (n + images) * image; first += chunk) {
      const int64_t count = std::min(chunk, (n + images) * image - first);
      for (int64_t i = 0; i < count; ++i)
        adjoint_y(p, Tile(tiles, first + i), gradient, space.m + i * p.k, count * p.k);
      multiply_points(count, p.k, kPhases * p.c, space.m, u, space.v);
      for (int64_t i = 0; i < count; ++i)
        add_adjoint_x(p, Tile(tiles, first + i), space.v + i * kPhases * p.c, count * kPhases * p.c, output);
    }
    apply_epilogue(p.dtype, images * int64_t{p.h} * p.w, p.c, epilogue, nullptr, output + n * numbers);
  }
}

bool weight_gradient_by_phases(const Conv2d& p, const void* x, const void* dy, void* dw) {
  auto lock = lock_onednn();
  constexpr int64_t kChunk = 1024;
  const Tiles tiles(p);
  const int columns = kPhases * p.c;
  const int64_t chunk = std::min(kChunk, tiles.count), matrix = int64_t{columns} * p.k;
  float* const v =
      static_cast<float*>(onednn_scratch(Scratch::source, chunk * kPoints * columns * sizeof(float)));
  float* const m =
      static_cast<float*>(onednn_scratch(Scratch::destination, chunk * kPoints * p.k * sizeof(float)));
  float* const u = static_cast<float*>(onednn_scratch(Scratch::sums, kPoints * matrix * sizeof(float)));
  for (int64_t first = 0; first < tiles.count; first += chunk) {
    const int64_t count = std::min(chunk, tiles.count - first);
    parallel_ranges(count, count * kPoints * (columns + p.k), kCheapGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const Tile tile(tiles, first + i);
        transform_x(p, tile, static_cast<const float*>(x), v + i * columns, count * columns);
        adjoint_y(p, tile, static_cast<const float*>(dy), m + i * p.k, count * p.k);
      }
    });
    const Gemm gemm{kPoints,    p.k,        columns,     static_cast<int>(count),
                    true,       false,      count * p.k, count * columns,
                    DType::f32, DType::f32, Math::f32};
    if (!multiply_by_onednn(gemm, m, v, u, Epilogue{nullptr, Unary::identity, 0}, first > 0)) return false;
  }
#pragma omp parallel for
  for (int k = 0; k < p.k; ++k)
    for (int phase = 0; phase < kPhases; ++phase)
      for (int c = 0; c < p.c; c += kRegisterLanes) {
        Lanes t[3][3], g[2][2];
        for (int point = 0; point < kPoints; ++point)
          t[point / 3][point % 3] = lanes(u + point * matrix + int64_t{k} * columns + phase * p.c + c);
        filter_adjoint(t, g);
        for (int i = 0; i < 2; ++i)
          for (int j = 0; j < 2; ++j)
            lanes(static_cast<float*>(dw) +
                  ((int64_t{k} * 4 + 2 * i + phase / 2) * 4 + 2 * j + phase % 2) * p.c + c) = g[i][j];
      }
  return true;
}

}  // namespace ganymede::kernels::cpu
