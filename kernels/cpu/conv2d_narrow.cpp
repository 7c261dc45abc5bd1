// Both cases, few channels in x and few channels in y (stride 1), are one: pixel (p, q) of the wide image
// touches the pixels (p * stride_h - pad_h + r, q * stride_w - pad_w + s) of the narrow one. A patch is what
// one wide pixel touches, (r, s, c) in that order, J numbers. Then everything is a matrix product over wide
// pixels, all of it f32 inside:
//   fold:             patches [M, J] = wide [M, B] * w [B, J], added up where they overlap, are the narrow
//   image weight gradient:  dw [J, B] = patches^T [J, M] * wide [M, B]
// Where x has a border, the image with it is the narrow or the wide one; its pixels are found when they are read.
#include "kernels/cpu/conv2d_narrow.h"

#include <omp.h>

#include <algorithm>
#include <type_traits>

#include "kernels/cpu/conv2d_border.h"
#include "kernels/cpu/conv2d_epilogue.h"
#include "kernels/cpu/conv2d_tile.h"
#include "kernels/cpu/onednn.h"

namespace ganymede::kernels::cpu {
namespace {

struct Shape {
  int n, h, w, c;               // narrow image
  int rows, columns, channels;  // wide image
  int r, s, stride_h, stride_w, pad_h, pad_w;
  bool flipped;  // the narrow image is y: taps count backwards
  DType dtype;
  bool has_border;
  BorderAxis x_rows, x_columns;

  explicit Shape(const Conv2d& given) : Shape(padded_problem(given), given) {}

 private:
  Shape(const Conv2d& p, const Conv2d& given)
      : n(p.n),
        r(p.r),
        s(p.s),
        stride_h(p.stride_h),
        stride_w(p.stride_w),
        flipped(p.k < p.c),
        dtype(p.dtype),
        has_border(given.border != Padding::zero),
        x_rows(rows_of(given)),
        x_columns(columns_of(given)) {
    if (flipped) {
      h = p.p, w = p.q, c = p.k, rows = p.h, columns = p.w, channels = p.c;
      pad_h = p.r - 1 - p.pad_h, pad_w = p.s - 1 - p.pad_w;
    } else {
      h = p.h, w = p.w, c = p.c, rows = p.p, columns = p.q, channels = p.k;
      pad_h = p.pad_h, pad_w = p.pad_w;
    }
  }

 public:
  int run() const { return s * c; }
  int patch() const { return r * s * c; }
  int padded_patch() const { return (patch() + kTileLanes - 1) / kTileLanes * kTileLanes; }
  int64_t wide_pixels() const { return int64_t{n} * rows * columns; }

  // The narrow image as it lies: x through its border, or with zeros outside; and how far above and left of it patches begin.
  bool reads_narrow_border() const { return !flipped && has_border; }
  BorderAxis narrow_rows() const { return reads_narrow_border() ? x_rows : BorderAxis{h, 0, Padding::zero}; }
  BorderAxis narrow_columns() const { return reads_narrow_border() ? x_columns : BorderAxis{w, 0, Padding::zero}; }
  int narrow_pad_h() const { return pad_h + (reads_narrow_border() ? x_rows.pad : 0); }
  int narrow_pad_w() const { return pad_w + (reads_narrow_border() ? x_columns.pad : 0); }

  // Where plain weights [K, R, S, C] hold the tap j of a patch for wide channel b.
  int64_t plain_index(int j, int b) const {
    if (!flipped) return int64_t{b} * patch() + j;
    const int channel = j % c, tap = r * s - 1 - j / c;
    return (int64_t{channel} * r * s + tap) * channels + b;
  }
};

constexpr int kChunk = 48;  // wide pixels at a time, so that their patches stay in the first cache
constexpr int kPiece = 96;  // wide pixels of a row at a time, so that they stay there

int64_t in_lines(int64_t floats) { return (floats + 15) / 16 * 16; }

// Scratch memory: one part for all threads and one for each.
struct Memory {
  float* common;
  float* own(int thread) const { return first + thread * size; }
  Memory(int64_t common_floats, int64_t own_floats, int threads) : size(in_lines(own_floats)) {
    const int64_t shared = in_lines(common_floats);
    common = static_cast<float*>(onednn_scratch(Scratch::source, (shared + size * threads) * sizeof(float)));
    first = common + shared;
  }

 private:
  float* first;
  int64_t size;
};

// The wide pixels [begin, begin + count) as f32, counted with x's border where x is the wide image; buffer holds them if they are not
// f32, or not side by side.
template <typename T>
const float* wide_as_f32(const Shape& shape, const T* wide, int64_t begin, int64_t count, float* buffer) {
  const int channels = shape.channels;
  const auto widen = [&](const T* from, int64_t length, float* to) {
#pragma omp simd
    for (int64_t i = 0; i < length; ++i) to[i] = load(from[i]);
  };
  const T* from = wide + begin * channels;
  if (shape.flipped && shape.has_border) {
    const int64_t line = begin / shape.columns;  // of all rows of all images
    int64_t n = line / shape.rows;
    int row = static_cast<int>(line % shape.rows), column = static_cast<int>(begin % shape.columns);
    const auto at = [&](int own) { return wide + ((n * shape.x_rows.extent + shape.x_rows.own(row - shape.x_rows.pad)) * shape.x_columns.extent + own) * channels; };
    if (!shape.x_columns.has(column - shape.x_columns.pad, static_cast<int>(count))) {
      for (int64_t i = 0; i < count; ++i) {
        widen(at(shape.x_columns.own(column - shape.x_columns.pad)), channels, buffer + i * channels);
        if (++column < shape.columns) continue;
        column = 0;
        if (++row == shape.rows) row = 0, ++n;
      }
      return buffer;
    }
    from = at(column - shape.x_columns.pad);
  }
  if constexpr (std::is_same_v<T, float>) return from;
  widen(from, count * channels, buffer);
  return buffer;
}

// Pixels [left, left + count) of a row of the narrow image as f32, through its border or with zeros outside; buffer holds them if they
// are not f32, or not side by side.
template <typename T>
const float* line_as_f32(const BorderAxis& columns, const T* row, int left, int count, int c, float* buffer) {
  if constexpr (std::is_same_v<T, float>) {
    if (columns.has(left, count)) return row + int64_t{left} * c;
  }
  const int first = std::clamp(-left, 0, count), last = std::clamp(columns.extent - left, first, count);
  const auto outside = [&](int i) {
    const int own = columns.own(left + i);
    for (int j = 0; j < c; ++j) buffer[i * c + j] = own < 0 ? 0.0f : load(row[own * c + j]);
  };
  for (int i = 0; i < first; ++i) outside(i);
  const T* const from = row + int64_t{left} * c;
#pragma omp simd
  for (int j = first * c; j < last * c; ++j) buffer[j] = load(from[j]);
  for (int i = last; i < count; ++i) outside(i);
  return buffer;
}

// to[0, length) += from[0, length), in whole vectors: what lies beyond gets zeros added, so both need that
// much room.
void add_run(const float* from, int length, float* to) {
  for (int j = 0; j < length; j += kTileLanes)
#pragma omp simd
    for (int lane = 0; lane < kTileLanes; ++lane) to[j + lane] += j + lane < length ? from[j + lane] : 0.0f;
}

template <typename T>
void fold(const Shape& shape, const T* wide, const T* w, T* narrow, const Epilogue& epilogue) {
  const int threads = omp_get_max_threads(), patch = shape.padded_patch(), channels = shape.channels;
  // An image, or where there are too few, a band of its rows; neighbouring bands both compute the patches
  // that they share.
  const int parts = shape.n % threads == 0 || shape.n >= 8 * threads ? 1 : std::min(2 * threads, shape.h);
  const int band = (shape.h + parts - 1) / parts;
  const int64_t width =
      int64_t{std::max((shape.columns - 1) * shape.stride_w + shape.s, shape.w + shape.pad_w)} * shape.c;
  const int64_t row_size = in_lines(width) + kTileLanes;
  const Memory memory(int64_t{channels} * patch,
                      row_size * band + int64_t{kChunk} * (patch + channels) + kTileLanes, threads);
  for (int b = 0; b < channels; ++b)
    for (int j = 0; j < patch; ++j)
      memory.common[b * patch + j] = j < shape.patch() ? load(w[shape.plain_index(j, b)]) : 0.0f;
#pragma omp parallel for schedule(static)
  for (int part = 0; part < shape.n * parts; ++part) {
    float* const sums = memory.own(omp_get_thread_num());  // [band, width] from column -pad_w on
    float* const converted = sums + row_size * band;
    float* const patches = converted + kChunk * channels;
    const int n = part / parts, h0 = part % parts * band, h1 = std::min(shape.h, h0 + band);
    if (h0 >= h1) continue;
    std::fill_n(sums, row_size * band, 0.0f);
    const int reach = h0 + shape.pad_h - shape.r + 1;
    const int p0 = reach > 0 ? (reach + shape.stride_h - 1) / shape.stride_h : 0;
    const int p1 = std::min(shape.rows, (h1 - 1 + shape.pad_h) / shape.stride_h + 1);
    const int64_t image = int64_t{n} * shape.rows * shape.columns, end = image + int64_t{p1} * shape.columns;
    for (int64_t begin = image + int64_t{p0} * shape.columns; begin < end; begin += kChunk) {
      const int64_t count = std::min<int64_t>(kChunk, end - begin);
      const float* const pixels = wide_as_f32(shape, wide, begin, count, converted);
      multiply_tiles(
          {pixels, channels, 1, memory.common, patch, patches, patch, count, patch, channels, false});
      for (int64_t i = 0; i < count; ++i) {
        const int p = static_cast<int>((begin - image + i) / shape.columns);
        const int q = static_cast<int>((begin - image + i) % shape.columns);
        for (int r = 0; r < shape.r; ++r) {
          const int h = p * shape.stride_h - shape.pad_h + r;
          if (h >= h0 && h < h1)
            add_run(patches + i * patch + r * shape.run(), shape.run(),
                    sums + (h - h0) * row_size + int64_t{q} * shape.stride_w * shape.c);
        }
      }
    }
    for (int h = h0; h < h1; ++h) {
      const int64_t to = (int64_t{n} * shape.h + h) * shape.w * shape.c;
      apply_epilogue(shape.dtype, shape.w, shape.c, behind(epilogue, to * int64_t{sizeof(T)}),
                     sums + (h - h0) * row_size + shape.pad_w * shape.c, narrow + to);
    }
  }
}

// Row r of all patches under a piece of a row of wide pixels lies in one row of the narrow image, where the patch of the next pixel begins
// stride_w pixels further: it is multiplied as it lies.
template <typename T>
void weight_gradient(const Shape& shape, const T* narrow, const T* wide, float* dw) {
  const int threads = omp_get_max_threads(), patch = shape.patch(), run = shape.run(), channels = shape.channels;
  const int pieces = ceil_div(shape.columns, kPiece), piece = ceil_div(shape.columns, pieces), step = shape.stride_w * shape.c;
  const int64_t size = int64_t{patch} * channels, line = in_lines(int64_t{piece} * step + run), lines = int64_t{shape.n} * shape.rows;
  const BorderAxis rows_of_narrow = shape.narrow_rows(), columns_of_narrow = shape.narrow_columns();
  const Memory memory(0, size + line + int64_t{piece} * channels, threads);
#pragma omp parallel
  {
    const int share = omp_get_num_threads(), rank = omp_get_thread_num();
    float* const sums = memory.own(rank);
    float* const buffer = sums + size;
    float* const converted = buffer + line;
    std::fill_n(sums, size, 0.0f);
    for (int64_t row = lines * rank / share; row < lines * (rank + 1) / share; ++row) {
      const int top = static_cast<int>(row % shape.rows) * shape.stride_h - shape.narrow_pad_h();
      const T* const image = narrow + row / shape.rows * rows_of_narrow.extent * columns_of_narrow.extent * shape.c;
      for (int column = 0; column < shape.columns; column += piece) {
        const int count = std::min(piece, shape.columns - column), left = column * shape.stride_w - shape.narrow_pad_w();
        const float* const pixels = wide_as_f32(shape, wide, row * shape.columns + column, count, converted);
        for (int r = 0; r < shape.r; ++r) {
          const int h = rows_of_narrow.own(top + r);
          if (h < 0) continue;
          const float* const under = line_as_f32(columns_of_narrow, image + int64_t{h} * columns_of_narrow.extent * shape.c, left,
                                                 (count - 1) * shape.stride_w + shape.s, shape.c, buffer);
          multiply_tiles({under, 1, step, pixels, channels, sums + r * run * channels, channels, run, channels, count, true});
        }
      }
    }
#pragma omp barrier
#pragma omp for schedule(static)
    for (int j = 0; j < patch; ++j)
      for (int b = 0; b < channels; ++b) {
        float sum = 0;
        for (int thread = 0; thread < share; ++thread) sum += memory.own(thread)[j * channels + b];
        dw[shape.plain_index(j, b)] = sum;
      }
  }
}

}  // namespace

bool is_narrow(const Conv2d& p, ConvRole role) {
  constexpr int kFewChannels = 4, kWorthFolding = 8;
  if (p.dtype == DType::f64 || p.groups != 1 || p.dilation_h != 1 || p.dilation_w != 1) return false;
  const Shape shape(p);
  if (shape.c > kFewChannels || shape.channels % kTileLanes != 0 || shape.pad_h < 0 || shape.pad_w < 0)
    return false;
  if (shape.patch() < kWorthFolding) return false;
  // With AVX-512 oneDNN's weight gradients are the faster.
  if (!shape.flipped) return role == ConvRole::data_gradient || (role == ConvRole::weight_gradient && !has_avx512());
  return p.stride_h == 1 && p.stride_w == 1 && role != ConvRole::data_gradient;
}

void forward_narrow(const Conv2d& p, const void* x, const void* w, void* y, const Epilogue& epilogue) {
  auto lock = lock_onednn();
  with_f32_or_bf16(p.dtype, [&]<typename T>(T) {
    fold(Shape(p), static_cast<const T*>(x), static_cast<const T*>(w), static_cast<T*>(y), epilogue);
  });
}

void data_gradient_narrow(const Conv2d& p, const void* dy, const void* w, void* dx,
                          const Epilogue& epilogue) {
  auto lock = lock_onednn();
  with_f32_or_bf16(p.dtype, [&]<typename T>(T) {
    fold(Shape(p), static_cast<const T*>(dy), static_cast<const T*>(w), static_cast<T*>(dx), epilogue);
  });
}

void weight_gradient_narrow(const Conv2d& p, const void* x, const void* dy, void* dw) {
  auto lock = lock_onednn();
  with_f32_or_bf16(p.dtype, [&]<typename T>(T) {
    const Shape shape(p);
    weight_gradient(shape, static_cast<const T*>(shape.flipped ? dy : x), static_cast<const T*>(shape.flipped ? x : dy), static_cast<float*>(dw));
  });
}

}  // namespace ganymede::kernels::cpu
