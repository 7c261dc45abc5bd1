#include "kernels/cpu/conv2d_direct.h"

#include <omp.h>

#include <algorithm>

#include "kernels/cpu/conv2d_border.h"
#include "kernels/cpu/conv2d_epilogue.h"
#include "kernels/cpu/conv2d_pack.h"
#include "kernels/cpu/conv2d_tile.h"
#include "kernels/cpu/conv2d_winograd.h"
#include "kernels/cpu/onednn.h"

namespace ganymede::kernels::cpu {
namespace {

// The taps of the filter that reach one phase of the output, in one dimension, in the order in which the input lies: tap t is filter tap
// `filter + t * filter_step` and reads input i * step + first + t at output i of the phase.
struct Taps {
  int count, filter, filter_step, step, first;
};

Taps forward_taps(int filter, int stride, int pad) { return {filter, 0, 1, stride, -pad}; }

// Of the data gradient: dx[phase + stride * i] meets the taps r with (phase + pad - r) % stride == 0, at dy[i + (phase + pad - r) / stride].
Taps gradient_taps(int filter, int stride, int pad, int phase) {
  const int least = (phase + pad) % stride, count = (filter - least + stride - 1) / stride, last = least + stride * (count - 1);
  return {count, last, -stride, 1, (phase + pad - last) / stride};
}

// One phase of a dense sum: image [N, rows_in, columns_in, channels_in] to the pixels (top + row * spread, left + column * spread) of
// the output [N, rows_out, columns_out, channels_out]. Weights [taps of rows, taps of columns, channels_in, channels_out] in panels.
struct Phase {
  Taps down, across;
  int n, rows_in, columns_in, channels_in, rows_out, columns_out, channels_out;
  int top, left, spread;
  BorderAxis image_rows, image_columns;

  int rows() const { return (rows_out - top + spread - 1) / spread; }
  int columns() const { return (columns_out - left + spread - 1) / spread; }
  int64_t pixels() const { return int64_t{n} * rows() * columns(); }
  int run() const { return across.count * channels_in; }
  // Apart by a line more: runs are often multiples of 4 KB, and would fight for one place of the first cache.
  int pitch() const { return run() + 16; }
  int64_t weights() const { return int64_t{down.count} * run() * channels_out; }
};

Phase forward_phase(const Conv2d& p) {
  return {forward_taps(p.r, p.stride_h, p.pad_h), forward_taps(p.s, p.stride_w, p.pad_w), p.n, p.h, p.w, p.c, p.p, p.q, p.k, 0, 0, 1, rows_of(p), columns_of(p)};
}

Phase gradient_phase(const Conv2d& p, int phase) {
  const int top = phase / p.stride_h, left = phase % p.stride_h;
  return {gradient_taps(p.r, p.stride_h, p.pad_h, top), gradient_taps(p.s, p.stride_w, p.pad_w, left), p.n, p.p, p.q, p.k, p.h, p.w, p.c, top, left, p.stride_h,
          {p.p, 0, Padding::zero}, {p.q, 0, Padding::zero}};
}

// take(r, s, i, o): the weight at filter tap (r, s) from input channel i to output channel o. Few input channels at a time, so that what
// lies side by side on either side is still in the first cache.
template <class Take>
void pack(const Phase& f, float* to, Take take) {
  constexpr int kBlock = 8;  // input channels come in multiples of it
#pragma omp parallel for collapse(2)
  for (int r = 0; r < f.down.count; ++r)
    for (int panel = 0; panel < f.channels_out; panel += kPanel) {
      const int width = std::min(kPanel, f.channels_out - panel);
      float* at = to + (int64_t{r} * f.channels_out + panel) * f.run();
      for (int s = 0; s < f.across.count; ++s)
        for (int block = 0; block < f.channels_in; block += kBlock, at += kBlock * width)
          for (int o = 0; o < width; ++o)
            for (int i = 0; i < kBlock; ++i)
              at[i * width + o] = take(f.down.filter + r * f.down.filter_step, f.across.filter + s * f.across.filter_step, block + i, panel + o);
    }
}

// The numbers under output pixels [begin, begin + count) in row r of the taps: to [count, run], through the border.
void copy_runs(const Phase& f, const float* image, int r, int64_t begin, int64_t count, float* to) {
  const int run = f.run(), columns = f.columns(), rows = f.rows(), channels = f.channels_in;
  int column = static_cast<int>(begin % columns), row = static_cast<int>(begin / columns % rows);
  int64_t n = begin / columns / rows;
  for (int64_t i = 0; i < count; ++i, to += f.pitch()) {
    const int h = f.image_rows.own(row * f.down.step + f.down.first + r), w = column * f.across.step + f.across.first;
    if (h < 0) std::fill_n(to, run, 0.0f);
    else copy_pixels(f.image_columns, image + (n * f.rows_in + h) * f.columns_in * channels, w, f.across.count, channels, to);
    if (++column < columns) continue;
    column = 0;
    if (++row == rows) row = 0, ++n;
  }
}

// Pixels at a time: what is copied fills about half a second cache; more where the weights, read once a chunk, come from beyond it.
int64_t chunk_of(const Phase& f) {
  constexpr int64_t kNumbers = 1 << 16, kMoreNumbers = 1 << 18, kRows = 6, kLeast = 48, kMost = 288, kManyWeights = 1 << 18;
  const int64_t threads = omp_get_max_threads(), share = (f.pixels() + threads * kRows - 1) / (threads * kRows) * kRows;
  const int64_t numbers = f.weights() > kManyWeights ? kMoreNumbers : kNumbers;
  return std::min(share, std::clamp(numbers / f.run() / kRows * kRows, kLeast, kMost));
}

void add_phase(const Phase& f, const float* image, const float* weights, float* out, const Epilogue& epilogue) {
  const int64_t pixels = f.pixels(), chunk = chunk_of(f), chunks = (pixels + chunk - 1) / chunk;
  const int run = f.run(), pitch = f.pitch(), channels = f.channels_out;
  const bool in_place = f.spread == 1;
  const int64_t own = chunk * (pitch + (in_place ? 0 : channels));
  float* const memory = static_cast<float*>(onednn_scratch(Scratch::source, size_t(omp_get_max_threads() * own) * sizeof(float)));
#pragma omp parallel for schedule(static)
  for (int64_t index = 0; index < chunks; ++index) {
    const int64_t begin = index * chunk, count = std::min(chunk, pixels - begin);
    float* const runs = memory + omp_get_thread_num() * own;
    float* const sums = in_place ? out + begin * channels : runs + chunk * pitch;
    for (int r = 0; r < f.down.count; ++r) {
      copy_runs(f, image, r, begin, count, runs);
      for (int panel = 0; panel < channels; panel += kPanel) {
        const int width = std::min(kPanel, channels - panel);
        multiply_tiles({runs, pitch, 1, weights + (int64_t{r} * channels + panel) * run, width, sums + panel, channels, count, width, run, r > 0});
      }
    }
    if (in_place) {
      apply_epilogue(DType::f32, count, channels, behind(epilogue, begin * channels * int64_t{sizeof(float)}), nullptr, sums);
      continue;
    }
    const int rows = f.rows(), columns = f.columns();
    for (int64_t i = 0; i < count; ++i) {
      const int64_t pixel = begin + i, n = pixel / columns / rows;
      const int64_t h = f.top + pixel / columns % rows * f.spread, w = f.left + pixel % columns * f.spread;
      const int64_t to = ((n * f.rows_out + h) * f.columns_out + w) * channels;
      apply_epilogue(DType::f32, 1, channels, behind(epilogue, to * int64_t{sizeof(float)}), sums + i * channels, out + to);
    }
  }
}

}  // namespace

bool goes_directly(const Conv2d& p, ConvRole role) {
  if (role == ConvRole::weight_gradient || has_avx512() || goes_by_winograd(p)) return false;
  if (p.dtype != DType::f32 || p.groups != 1 || p.dilation_h != 1 || p.dilation_w != 1) return false;
  if (p.stride_h == 1 || p.stride_h != p.stride_w || p.r < p.stride_h || p.s < p.stride_w) return false;
  const int in = role == ConvRole::forward ? p.c : p.k, out = role == ConvRole::forward ? p.k : p.c;
  return in % 8 == 0 && in >= 32 && out % kTileLanes == 0 && out >= 32;
}

void forward_directly(const Conv2d& p, const void* x, const Weight& w, void* y, const Epilogue& epilogue) {
  auto lock = lock_onednn();
  const Phase f = forward_phase(p);
  const float* const plain = static_cast<const float*>(w.data);
  const float* const packed = packed_weight(w, WeightForm::direct, f.weights(), [&](float* to) {
    pack(f, to, [&](int r, int s, int i, int o) { return plain[((int64_t{o} * p.r + r) * p.s + s) * p.c + i]; });
  });
  add_phase(f, static_cast<const float*>(x), packed, static_cast<float*>(y), epilogue);
}

void data_gradient_directly(const Conv2d& p, const void* dy, const Weight& w, void* dx, const Epilogue& epilogue) {
  auto lock = lock_onednn();
  const int phases = p.stride_h * p.stride_w;
  const float* const plain = static_cast<const float*>(w.data);
  const float* packed = packed_weight(w, WeightForm::direct_transposed, int64_t{p.k} * p.r * p.s * p.c, [&](float* to) {
    for (int phase = 0; phase < phases; ++phase) {
      const Phase f = gradient_phase(p, phase);
      pack(f, to, [&](int r, int s, int i, int o) { return plain[((int64_t{i} * p.r + r) * p.s + s) * p.c + o]; });
      to += f.weights();
    }
  });
  for (int phase = 0; phase < phases; ++phase) {
    const Phase f = gradient_phase(p, phase);
    add_phase(f, static_cast<const float*>(dy), packed, static_cast<float*>(dx), epilogue);
    packed += f.weights();
  }
}

}  // namespace ganymede::kernels::cpu
