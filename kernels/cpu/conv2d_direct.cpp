#include "kernels/cpu/conv2d_direct.h"

#include <omp.h>

#include <algorithm>

#include "kernels/cpu/conv2d_border.h"
#include "kernels/cpu/conv2d_epilogue.h"
#include "kernels/cpu/conv2d_tile.h"
#include "kernels/cpu/conv2d_winograd.h"
#include "kernels/cpu/onednn.h"
#include "kernels/cpu/vectors.h"

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

constexpr int kRowsAtOnce = 96;  // of weights, and numbers of a run, in one product

// One phase of a dense sum: image [N, rows_in, columns_in, channels_in] to the pixels (top + row * spread, left + column * spread) of
// the output [N, rows_out, columns_out, channels_out]. Weights as if [taps of rows, taps of columns, channels_in, channels_out].
struct Phase {
  Taps down, across;
  int n, rows_in, columns_in, channels_in, rows_out, columns_out, channels_out;
  int top, left, spread;
  BorderAxis image_rows, image_columns;

  int rows() const { return (rows_out - top + spread - 1) / spread; }
  int columns() const { return (columns_out - left + spread - 1) / spread; }
  int64_t pixels() const { return int64_t{n} * rows() * columns(); }
  int run() const { return across.count * channels_in; }
  int row_in(int row, int r) const { return image_rows.own(row * down.step + down.first + r); }  // -1: outside
  int blocks() const { return (run() + kRowsAtOnce - 1) / kRowsAtOnce; }
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

// Weights as they lie, and how far apart they are between neighbouring filter taps, input channels and output channels.
struct Weights {
  const float* data;
  int64_t tap_row, tap_column, in, out;  // in or out is 1
};

// Input channels come in multiples of it.
constexpr int kBlock = std::max(8, kRegisterLanes);
static_assert(kRowsAtOnce % kBlock == 0);

// Rows [begin, end), multiples of kBlock, of a panel `width` wide of the weights of row r of the taps: to [end - begin, width].
void pack_rows(const Phase& f, const Weights& w, int r, int begin, int end, int panel, int width, float* to) {
  const float* const first = w.data + (f.down.filter + r * f.down.filter_step) * w.tap_row + panel * w.out;
  const auto from = [&](int row) { return first + (f.across.filter + row / f.channels_in * f.across.filter_step) * w.tap_column + row % f.channels_in * w.in; };
  if (w.out == 1) {
    for (int row = begin; row < end; ++row) std::copy_n(from(row), width, to + (row - begin) * width);
    return;
  }
  for (int o = 0; o < width; o += kRegisterLanes)
    for (int row = begin; row < end; row += kRegisterLanes) {
      WordLanes square[kRegisterLanes];
      for (int lane = 0; lane < kRegisterLanes; ++lane) square[lane] = std::bit_cast<WordLanes>(load_lanes(from(row) + (o + lane) * w.out));
      transpose(square);
      for (int lane = 0; lane < kRegisterLanes; ++lane) store_lanes(to + (row - begin + lane) * width + o, std::bit_cast<Lanes>(square[lane]));
    }
}

// An output pixel of a phase. Pixels are counted image by image, or by rows, of all images one after the other: then those whose row r of
// the taps lies inside the image are neighbours.
struct Place {
  int64_t n;
  int row, column;
  bool by_rows;

  Place(const Phase& f, int64_t pixel, bool by_rows) : column(static_cast<int>(pixel % f.columns())), by_rows(by_rows) {
    const int64_t line = pixel / f.columns(), of = by_rows ? f.n : f.rows();
    n = by_rows ? line % of : line / of, row = static_cast<int>(by_rows ? line / of : line % of);
  }
  void next(const Phase& f) {
    if (++column < f.columns()) return;
    column = 0;
    if (by_rows && ++n == f.n) n = 0, ++row;
    if (!by_rows && ++row == f.rows()) row = 0, ++n;
  }
  int64_t in_output(const Phase& f) const { return ((n * f.rows_out + f.top + row * f.spread) * f.columns_out + f.left + column * f.spread) * f.channels_out; }
};

// The runs of row r of the taps, the numbers under `count` pixels, through the border. Of a chunk: to [blocks, chunk, kRowsAtOnce], since
// what a product reads of long runs would lie too far apart for the processor to expect it; `run` holds one.
void copy_runs(const Phase& f, const float* image, int r, Place place, int64_t count, int64_t chunk, float* run, float* to) {
  const int channels = f.channels_in;
  for (int64_t i = 0; i < count; ++i, place.next(f), to += kRowsAtOnce) {
    const int h = f.row_in(place.row, r), w = place.column * f.across.step + f.across.first;
    const float* from = run;
    if (h < 0) {
      std::fill_n(run, f.run(), 0.0f);
    } else {
      const float* const line = image + (place.n * f.rows_in + h) * f.columns_in * channels;
      if (f.image_columns.has(w, f.across.count)) from = line + int64_t{w} * channels;
      else copy_pixels(f.image_columns, line, w, f.across.count, channels, run);
    }
    for (int block = 0; block < f.blocks(); ++block)
      std::copy_n(from + block * kRowsAtOnce, std::min(kRowsAtOnce, f.run() - block * kRowsAtOnce), to + block * chunk * kRowsAtOnce);
  }
}

// How a phase is divided: chunks of pixels, which threads take; or, of many weights, which are then read once, few chunks one after
// the other, in each of which threads take panels of weights.
struct Division {
  int64_t chunk;  // pixels
  bool by_panels;
  int panel;  // columns

  Division(const Phase& f, int threads) : panel(kPanel) {
    constexpr int64_t kManyWeights = 1 << 18, kMost = 600, kNumbers = 1 << 16, kLeastOfFew = 48, kMostOfFew = 288;
    constexpr int64_t kRows = 6;  // that products take at a time
    const bool many = f.weights() > kManyWeights;
    int64_t chunks = ceil_div(f.pixels(), many ? kMost : std::clamp(kNumbers / f.run(), kLeastOfFew, kMostOfFew));
    by_panels = many && (chunks <= threads || threads == 1);
    if (!by_panels) chunks = ceil_div(chunks, threads) * threads;
    while (by_panels && panel > kTileLanes && f.channels_out < panel * threads) panel /= 2;
    chunk = ceil_div(ceil_div(f.pixels(), chunks), kRows) * kRows;
  }
};

// Makes `count` rows of sums, apart by `pitch`, of what row r of the taps gives to columns [begin, begin + width), or adds
// it to them. Weights are packed where they are multiplied, into `rows` [kRowsAtOnce, width].
void add_panel(const Phase& f, const Weights& w, int r, int begin, int width, const float* runs, int64_t count, int64_t chunk, float* rows, float* sums, int pitch,
               bool adds) {
  for (int block = 0; block < f.blocks(); ++block) {
    const int row = block * kRowsAtOnce, length = std::min(kRowsAtOnce, f.run() - row);
    pack_rows(f, w, r, row, row + length, begin, width, rows);
    multiply_tiles({runs + block * chunk * kRowsAtOnce, kRowsAtOnce, 1, rows, width, sums, pitch, count, width, length, adds || block > 0});
  }
}

// Threads take chunks of pixels, whose sums lie in place where they are the whole result.
void add_by_chunks(const Phase& f, const Division& d, const float* image, const Weights& w, float* out, const Epilogue& epilogue) {
  const int channels = f.channels_out;
  const bool in_place = f.spread == 1;
  const int64_t pixels = f.pixels(), of_rows = kRowsAtOnce * kPanel, of_run = f.blocks() * kRowsAtOnce, of_runs = d.chunk * of_run;
  const int64_t own = of_rows + of_run + of_runs + (in_place ? 0 : d.chunk * channels);
  float* const memory = static_cast<float*>(onednn_scratch(Scratch::source, size_t(omp_get_max_threads() * own) * sizeof(float)));
#pragma omp parallel for schedule(static)
  for (int64_t begin = 0; begin < pixels; begin += d.chunk) {
    const int64_t count = std::min(d.chunk, pixels - begin);
    float* const rows = memory + omp_get_thread_num() * own;
    float* const runs = rows + of_rows + of_run;
    float* const sums = in_place ? out + begin * channels : runs + of_runs;
    for (int r = 0; r < f.down.count; ++r) {
      copy_runs(f, image, r, {f, begin, false}, count, d.chunk, rows + of_rows, runs);
      for (int panel = 0; panel < channels; panel += kPanel)
        add_panel(f, w, r, panel, std::min(kPanel, channels - panel), runs, count, d.chunk, rows, sums + panel, channels, r > 0);
    }
    if (in_place) {
      apply_epilogue(DType::f32, count, channels, behind(epilogue, begin * channels * int64_t{sizeof(float)}), nullptr, sums);
      continue;
    }
    Place place(f, begin, false);
    for (int64_t i = 0; i < count; ++i, place.next(f)) {
      const int64_t to = place.in_output(f);
      apply_epilogue(DType::f32, 1, channels, behind(epilogue, to * int64_t{sizeof(float)}), sums + i * channels, out + to);
    }
  }
}

// Threads take panels of the weights, of one chunk of pixels after the other. Sums lie in panels [chunk, d.panel]: rows of many channels,
// often a multiple of 2 KB, would fight for places of the second cache. Where a row of the taps lies outside the image nothing is added.
void add_by_panels(const Phase& f, const Division& d, const float* image, const Weights& w, float* out, const Epilogue& epilogue) {
  const int channels = f.channels_out, threads = omp_get_max_threads();
  const int64_t pixels = f.pixels(), line = int64_t{f.n} * f.columns(), of_rows = kRowsAtOnce * kPanel, of_run = f.blocks() * kRowsAtOnce, of_runs = d.chunk * of_run;
  float* const memory = static_cast<float*>(onednn_scratch(
      Scratch::source, size_t(threads * (of_rows + of_run) + of_runs + d.chunk * ceil_div(channels, d.panel) * d.panel) * sizeof(float)));
  float* const runs = memory + threads * (of_rows + of_run);
  float* const sums = runs + of_runs;
  for (int64_t begin = 0; begin < pixels; begin += d.chunk) {
    const int64_t count = std::min(d.chunk, pixels - begin);
#pragma omp parallel
    {
      float* const rows = memory + omp_get_thread_num() * (of_rows + of_run);
#pragma omp for schedule(static)
      for (int panel = 0; panel < channels; panel += d.panel) std::fill_n(sums + panel * d.chunk, count * d.panel, 0.0f);
      for (int r = 0; r < f.down.count; ++r) {
        int top = 0, bottom = f.rows();
        while (top < bottom && f.row_in(top, r) < 0) ++top;
        while (top < bottom && f.row_in(bottom - 1, r) < 0) --bottom;
        const int64_t first = std::clamp(top * line - begin, int64_t{0}, count), last = std::clamp(bottom * line - begin, first, count);
        if (first == last) continue;
#pragma omp for schedule(static)
        for (int64_t i = first; i < last; ++i) copy_runs(f, image, r, {f, begin + i, true}, 1, d.chunk, rows + of_rows, runs + i * kRowsAtOnce);
#pragma omp for schedule(static)
        for (int panel = 0; panel < channels; panel += d.panel)
          add_panel(f, w, r, panel, std::min(d.panel, channels - panel), runs + first * kRowsAtOnce, last - first, d.chunk, rows, sums + panel * d.chunk + first * d.panel, d.panel, true);
      }
#pragma omp for schedule(static)
      for (int64_t i = 0; i < count; ++i) {
        const int64_t to = Place(f, begin + i, true).in_output(f);
        for (int panel = 0; panel < channels; panel += d.panel)
          std::copy_n(sums + panel * d.chunk + i * d.panel, std::min(d.panel, channels - panel), out + to + panel);
        apply_epilogue(DType::f32, 1, channels, behind(epilogue, to * int64_t{sizeof(float)}), nullptr, out + to);
      }
    }
  }
}

void add_phase(const Phase& f, const float* image, const Weights& w, float* out, const Epilogue& epilogue) {
  if (f.pixels() == 0) return;
  const Division d(f, omp_get_max_threads());
  (d.by_panels ? add_by_panels : add_by_chunks)(f, d, image, w, out, epilogue);
}

}  // namespace

bool goes_directly(const Conv2d& p, ConvRole role) {
  if (role == ConvRole::weight_gradient || has_avx512() || goes_by_winograd(p)) return false;
  if (p.dtype != DType::f32 || p.groups != 1 || p.dilation_h != 1 || p.dilation_w != 1) return false;
  if (p.stride_h != p.stride_w || p.r < p.stride_h || p.s < p.stride_w) return false;
  constexpr int kFewWeights = 1 << 16;
  if (p.stride_h == 1 && (p.r * p.s > 1 || p.c * p.k > kFewWeights)) return false;
  const int in = role == ConvRole::forward ? p.c : p.k, out = role == ConvRole::forward ? p.k : p.c;
  return in % kBlock == 0 && in >= 32 && out % kTileLanes == 0 && out >= 32;
}

void forward_directly(const Conv2d& p, const void* x, const void* w, void* y, const Epilogue& epilogue) {
  auto lock = lock_onednn();
  const Weights weights{static_cast<const float*>(w), int64_t{p.s} * p.c, p.c, 1, int64_t{p.r} * p.s * p.c};
  add_phase(forward_phase(p), static_cast<const float*>(x), weights, static_cast<float*>(y), epilogue);
}

void data_gradient_directly(const Conv2d& p, const void* dy, const void* w, void* dx, const Epilogue& epilogue) {
  auto lock = lock_onednn();
  const Weights weights{static_cast<const float*>(w), int64_t{p.s} * p.c, p.c, int64_t{p.r} * p.s * p.c, 1};
  for (int phase = 0; phase < p.stride_h * p.stride_w; ++phase)
    add_phase(gradient_phase(p, phase), static_cast<const float*>(dy), weights, static_cast<float*>(dx), epilogue);
}

}  // namespace ganymede::kernels::cpu
