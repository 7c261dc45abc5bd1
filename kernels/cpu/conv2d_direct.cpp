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

constexpr int kBlock = std::max(8, kRegisterLanes);  // input channels come in multiples of it
constexpr int kRowsAtOnce = 96;                      // of weights, and numbers of a run, at most in one product
static_assert(kRowsAtOnce % kBlock == 0);

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
  int column_in(int column, int s) const { return image_columns.own(column * across.step + across.first + s); }
  int blocks() const { return (run() + kRowsAtOnce - 1) / kRowsAtOnce; }
  int block_rows() const { return (run() / kBlock + blocks() - 1) / blocks() * kBlock; }  // of a run, in about equal blocks
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

// Rows of a block of the weights of row r of the taps, of a panel of `width` columns: to [rows, width]. Returns how many rows.
int pack_rows(const Phase& f, const Weights& w, int r, int block, int panel, int width, float* to) {
  const int begin = block * f.block_rows(), end = std::min(begin + f.block_rows(), f.run());
  const float* const first = w.data + (f.down.filter + r * f.down.filter_step) * w.tap_row + panel * w.out;
  const auto from = [&](int row) { return first + (f.across.filter + row / f.channels_in * f.across.filter_step) * w.tap_column + row % f.channels_in * w.in; };
  if (w.out == 1) {
    for (int row = begin; row < end; ++row) std::copy_n(from(row), width, to + (row - begin) * width);
    return end - begin;
  }
  for (int o = 0; o < width; o += kRegisterLanes)
    for (int row = begin; row < end; row += kRegisterLanes) {
      WordLanes square[kRegisterLanes];
      for (int lane = 0; lane < kRegisterLanes; ++lane) square[lane] = std::bit_cast<WordLanes>(load_lanes(from(row) + (o + lane) * w.out));
      transpose(square);
      for (int lane = 0; lane < kRegisterLanes; ++lane) store_lanes(to + (row - begin + lane) * width + o, std::bit_cast<Lanes>(square[lane]));
    }
  return end - begin;
}

// An output pixel of a phase. Pixels are counted row by row, image by image.
struct Place {
  int64_t n;
  int row, column;

  void next(const Phase& f) {
    if (++column < f.columns()) return;
    column = 0;
    if (++row == f.rows()) row = 0, ++n;
  }
  int64_t in_output(const Phase& f) const { return ((n * f.rows_out + f.top + row * f.spread) * f.columns_out + f.left + column * f.spread) * f.channels_out; }
};

Place place_of(const Phase& f, int64_t pixel) {
  const int64_t line = pixel / f.columns();
  return {line / f.rows(), static_cast<int>(line % f.rows()), static_cast<int>(pixel % f.columns())};
}

// The phase with one of its taps alone.
Phase tap_of(const Phase& f, int r, int s) {
  const auto one = [](const Taps& t, int i) { return Taps{1, t.filter + i * t.filter_step, t.filter_step, t.step, t.first + i}; };
  Phase tap = f;
  tap.down = one(f.down, r), tap.across = one(f.across, s);
  return tap;
}

// The runs of row r of the taps, the numbers under `count` pixels, through the border. Of a chunk: to [blocks, chunk, kRowsAtOnce], since
// what a product reads of long runs would lie too far apart for the processor to expect it; `run` holds one.
void copy_runs(const Phase& f, const float* image, int r, Place place, int64_t count, int64_t chunk, float* run, float* to) {
  const int channels = f.channels_in, length = f.run(), rows = f.block_rows();
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
    float* block = to;
    for (int begin = 0; begin < length; begin += rows, block += chunk * kRowsAtOnce) std::copy_n(from + begin, std::min(rows, length - begin), block);
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
      copy_runs(f, image, r, place_of(f, begin), count, d.chunk, rows + of_rows, runs);
      for (int panel = 0; panel < channels; panel += kPanel)
        for (int block = 0; block < f.blocks(); ++block) {
          const int width = std::min(kPanel, channels - panel), length = pack_rows(f, w, r, block, panel, width, rows);
          multiply_tiles({runs + block * d.chunk * kRowsAtOnce, kRowsAtOnce, 1, rows, width, sums + panel, channels, count, width, length, r > 0 || block > 0});
        }
    }
    if (in_place) {
      apply_epilogue(DType::f32, count, channels, behind(epilogue, begin * channels * int64_t{sizeof(float)}), nullptr, sums);
      continue;
    }
    Place place = place_of(f, begin);
    for (int64_t i = 0; i < count; ++i, place.next(f)) {
      const int64_t to = place.in_output(f);
      apply_epilogue(DType::f32, 1, channels, behind(epilogue, to * int64_t{sizeof(float)}), sums + i * channels, out + to);
    }
  }
}

// Pixels in another order: by the areas in which a tap lies inside the image or outside it for all. That is the middle, where the outermost
// taps lie inside, and eight areas of the border, in such an order that those inside for a tap are few runs of neighbours.
class Areas {
 public:
  explicit Areas(const Phase& f) : rows_{0, 0, f.rows(), f.rows()}, columns_{0, 0, f.columns(), f.columns()} {
    int &top = rows_[1], &bottom = rows_[2], &left = columns_[1], &right = columns_[2];
    while (top < bottom && f.row_in(top, 0) < 0) ++top;
    while (top < bottom && f.row_in(bottom - 1, f.down.count - 1) < 0) --bottom;
    while (left < right && f.column_in(left, 0) < 0) ++left;
    while (left < right && f.column_in(right - 1, f.across.count - 1) < 0) --right;
    for (int i = 0; i < kAreas; ++i) begin_[i + 1] = begin_[i] + int64_t{f.n} * height(i) * width(i);
  }

  Place place(int64_t pixel) const {
    int i = 0;
    while (pixel >= begin_[i + 1]) ++i;
    const int64_t of = pixel - begin_[i], line = of / width(i);
    return {line / height(i), rows_[kOrder[i].down] + static_cast<int>(line % height(i)), columns_[kOrder[i].across] + static_cast<int>(of % width(i))};
  }

  struct Range {
    int64_t begin, end;
  };
  struct Ranges {
    Range of[9];
    int count = 0;
    const Range* begin() const { return of; }
    const Range* end() const { return of + count; }
  };
  // Of `count` pixels from `begin` on those, counted from there, that lie in areas in which the tap reaches the image.
  Ranges reached(const Phase& tap, int64_t begin, int64_t count) const {
    Ranges found;
    for (int i = 0; i < kAreas; ++i) {
      if (!reaches(tap, i)) continue;
      const Range r{std::clamp(begin_[i] - begin, int64_t{0}, count), std::clamp(begin_[i + 1] - begin, int64_t{0}, count)};
      if (r.begin == r.end) continue;
      if (found.count > 0 && found.of[found.count - 1].end == r.begin) found.of[found.count - 1].end = r.end;
      else found.of[found.count++] = r;
    }
    return found;
  }

 private:
  static constexpr int kAreas = 9;
  static constexpr struct {
    int down, across;  // 0, 1, 2: at the top or left, the middle, at the bottom or right
  } kOrder[kAreas] = {{1, 1}, {0, 1}, {0, 0}, {1, 0}, {2, 0}, {2, 1}, {2, 2}, {1, 2}, {0, 2}};

  int height(int i) const { return rows_[kOrder[i].down + 1] - rows_[kOrder[i].down]; }
  int width(int i) const { return columns_[kOrder[i].across + 1] - columns_[kOrder[i].across]; }
  bool reaches(const Phase& tap, int i) const {
    bool row = false, column = false;
    for (int h = 0; h < height(i) && !row; ++h) row = tap.row_in(rows_[kOrder[i].down] + h, 0) >= 0;
    for (int w = 0; w < width(i) && !column; ++w) column = tap.column_in(columns_[kOrder[i].across] + w, 0) >= 0;
    return row && column;
  }

  int rows_[4], columns_[4];  // where the areas begin and end
  int64_t begin_[kAreas + 1] = {};
};

// Threads take panels of the weights, of one chunk of pixels after the other. Sums lie in panels [chunk, d.panel]: rows of many channels,
// often a multiple of 2 KB, would fight for places of the second cache. Where a tap lies outside the image nothing is added.
void add_by_panels(const Phase& f, const Division& d, const float* image, const Weights& w, float* out, const Epilogue& epilogue) {
  const int channels = f.channels_out, threads = omp_get_max_threads();
  const Areas areas(f);
  const int64_t pixels = f.pixels(), of_rows = kRowsAtOnce * kPanel, of_run = tap_of(f, 0, 0).blocks() * kRowsAtOnce, of_runs = d.chunk * of_run;
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
      for (int t = 0; t < f.down.count * f.across.count; ++t) {
        const Phase tap = tap_of(f, t / f.across.count, t % f.across.count);
        const auto reached = areas.reached(tap, begin, count);
        if (reached.count == 0) continue;
        for (const auto& range : reached) {
#pragma omp for schedule(static)
          for (int64_t i = range.begin; i < range.end; ++i) copy_runs(tap, image, 0, areas.place(begin + i), 1, d.chunk, rows + of_rows, runs + i * kRowsAtOnce);
        }
#pragma omp for schedule(static)
        for (int panel = 0; panel < channels; panel += d.panel) {
          const int width = std::min(d.panel, channels - panel);
          for (int block = 0; block < tap.blocks(); ++block) {
            const int length = pack_rows(tap, w, 0, block, panel, width, rows);
            for (const auto& range : reached)
              multiply_tiles({runs + (block * d.chunk + range.begin) * kRowsAtOnce, kRowsAtOnce, 1, rows, width, sums + panel * d.chunk + range.begin * d.panel, d.panel,
                              range.end - range.begin, width, length, true});
          }
        }
      }
#pragma omp for schedule(static)
      for (int64_t i = 0; i < count; ++i) {
        const int64_t to = areas.place(begin + i).in_output(f);
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
