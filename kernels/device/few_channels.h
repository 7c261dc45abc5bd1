// Convolutions one side of which has at most four channels, as the first and the last layer of every network of pictures.
// The side with few channels is called thin here, the other one wide, whichever is the input. Where the thin side is the
// output and strides are 1, turning the filter round makes it the input, so that one description serves both:
//   wide[n, p, q, k] ~ sum over (r, s, c) of thin[n, p*stride - pad + r*dilation, likewise q and s, c] * f(k, (r, s), c)
// and its three directions are what the three kernels compute:
//   few_to_wide   wide from thin and f     forward of few inputs; data gradient of few outputs
//   wide_to_few   thin from wide and f     data gradient of few inputs; forward of few outputs
//   weights       f from thin and wide     weight gradient of either
#pragma once
#include "kernels/api/variants.h"
#include "kernels/device/conv_maps.h"
#include "kernels/device/grid.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

constexpr int kFewChannels = 4;       // of the thin side, at most
constexpr int kFewWide = 128;         // of the wide side, at most: beyond it the general tiles do well
constexpr int kFewTaps = 256;         // R * S * thin channels, at most
constexpr int kFewStride = 4;
constexpr int kFewReach = 64;         // (taps - 1) * dilation of an axis, at most
constexpr int kFewThreads = 256;

struct ThinConv {
  int n, h, w, c;  // thin [N, H, W, C]
  int p, q, k;     // wide [N, P, Q, K]
  int r, s, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;
  // f(k, t, c) of tap t = r * S + s lies at filter_first + k * wide_step + t * tap_step + c * thin_step.
  int filter_first, wide_step, tap_step, thin_step;

  __host__ __device__ constexpr int columns() const { return r * s * c; }  // (tap, thin channel), in this order
};

constexpr bool has_few_inputs(const Conv2d& p) { return p.c <= kFewChannels; }

// A problem with a border is that of the image with its border around it, which the kernels read through pixels of BorderPixels.
constexpr ThinConv thin_conv(const Conv2d& given) {
  const Conv2d p = padded_problem(given);
  if (has_few_inputs(p)) {
    return {p.n, p.h, p.w, p.c, p.p, p.q, p.k, p.r, p.s, p.stride_h, p.stride_w, p.pad_h, p.pad_w, p.dilation_h, p.dilation_w,
            0, p.r * p.s * p.c, p.c, 1};
  }
  return {p.n, p.p, p.q, p.k, p.h, p.w, p.c, p.r, p.s, 1, 1, (p.r - 1) * p.dilation_h - p.pad_h, (p.s - 1) * p.dilation_w - p.pad_w,
          p.dilation_h, p.dilation_w, (p.r * p.s - 1) * p.c, 1, -p.c, p.r * p.s * p.c};
}

// Of either image: where its pixels lie, and the channels of the first of two tensors, 0 of one.
constexpr BorderPixels image_pixels(const Conv2d& p, bool of_x, int rows, int columns) {
  return of_x && p.border != Padding::zero ? border_pixels(p) : pixels_without_border(rows, columns);
}
constexpr BorderPixels thin_pixels(const Conv2d& p, const ThinConv& t) { return image_pixels(p, has_few_inputs(p), t.h, t.w); }
constexpr BorderPixels wide_pixels(const Conv2d& p, const ThinConv& t) { return image_pixels(p, !has_few_inputs(p), t.p, t.q); }
constexpr int thin_channels_first(const Conv2d& p) { return has_few_inputs(p) ? p.c_first : p.k_first; }
constexpr int wide_channels_first(const Conv2d& p) { return has_few_inputs(p) ? p.k_first : p.c_first; }

enum class ThinRole { few_to_wide, wide_to_few, weights };
constexpr ThinRole thin_role(Conv2dRole role, const Conv2d& p) {
  if (role == Conv2dRole::weight_gradient) return ThinRole::weights;
  return (role == Conv2dRole::forward) == has_few_inputs(p) ? ThinRole::few_to_wide : ThinRole::wide_to_few;
}

// Filters and operands move in blocks of 64 bytes of the sum's terms: 32 bf16 or 16 f32.
constexpr int block_terms(DType dtype) { return dtype == DType::bf16 ? 32 : 16; }

// Words of shared memory that a block may take: 99 KiB, what every card from sm_80 on gives to a block. What needs less than the
// small size leaves the rest to the first-level cache.
constexpr int kFewWords = 99 << 8, kFewSmallWords = 13 << 10;

// Equal parts of `size`, each at most `most` and a multiple of `step`: how long one is.
constexpr int even_part(int size, int most, int step = 1) {
  const int parts = ceil_div(size, most);
  return ceil_div(ceil_div(size, parts), step) * step;
}

// A rectangle of wide positions, the patch of the thin image under it, and shared memory for both and what is asked besides.
struct ThinCut {
  int rows = 0, columns = 0;  // wide positions; rows 0: it does not fit
  int patch_rows = 0, patch_columns = 0;
  int words = 0;
};
constexpr ThinCut cut_positions(const ThinConv& t, DType dtype, int positions, int other_words, int most_words) {
  ThinCut cut;
  cut.columns = even_part(t.q, 32);
  int rows = positions / cut.columns < 16 ? positions / cut.columns : 16;
  for (rows = rows < t.p ? even_part(t.p, rows) : t.p; rows >= 1; --rows) {
    cut.patch_rows = (rows - 1) * t.stride_h + (t.r - 1) * t.dilation_h + 1;
    cut.patch_columns = (cut.columns - 1) * t.stride_w + (t.s - 1) * t.dilation_w + 1;
    const int elements = cut.patch_rows * cut.patch_columns * t.c;
    cut.words = other_words + (dtype == DType::bf16 ? (elements + 1) / 2 : elements);
    if (cut.words <= most_words) break;
  }
  cut.rows = rows;
  return cut;
}

// few_to_wide: 256 positions x all channels; the filter, and where each of its terms lies in a patch.
constexpr int few_to_wide_blocks(const ThinConv& t, DType dtype) { return ceil_div(t.columns(), block_terms(dtype)); }
constexpr int few_to_wide_filter(const ThinConv& t, DType dtype) { return ceil_div(t.k, 32) * 32 * 16 * few_to_wide_blocks(t, dtype); }
constexpr ThinCut few_to_wide_cut(const ThinConv& t, DType dtype) {
  return cut_positions(t, dtype, 256, few_to_wide_filter(t, dtype) + few_to_wide_blocks(t, dtype) * block_terms(dtype), kFewWords);
}

// weights: 128 positions x 64 channels of wide staged at a time, with where each position's patch begins.
constexpr int kWeightPositions = 128, kWeightChannels = 64;
constexpr int weight_stage_words(DType dtype) {
  return kWeightPositions * (dtype == DType::bf16 ? (kWeightChannels + 8) / 2 : kWeightChannels + 8) + kWeightPositions;
}
constexpr ThinCut weight_cut(const ThinConv& t, DType dtype) {
  return cut_positions(t, dtype, kWeightPositions, weight_stage_words(dtype), kFewSmallWords);
}

// wide_to_few: a tile of thin pixels, the window of wide positions that it needs, and how many rows of the window are
// multiplied with the filter at a time.
struct WindowCut {
  int rows = 0, columns = 0;  // pixels; rows 0: it does not fit
  int first_row = 0, first_column = 0, window_rows = 0, window_columns = 0;  // window of tile 0
  int chunk_rows = 0, pitch = 0;
  int blocks = 0, filter_words = 0, words = 0;
};
constexpr int floor_div(int a, int b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }
constexpr int kFewPixels = 4 * kFewThreads;  // of a tile, at most
constexpr WindowCut wide_to_few_cut(const ThinConv& t, DType dtype) {
  WindowCut cut;
  const int padded = ceil_div(t.columns(), 8) * 8;
  cut.blocks = ceil_div(t.k, block_terms(dtype));
  cut.filter_words = padded * cut.blocks * 16;
  cut.columns = even_part(t.w, padded <= 64 ? 64 : 48, t.stride_w);
  const int down = (t.r - 1) * t.dilation_h, across = (t.s - 1) * t.dilation_w;
  cut.first_row = floor_div(t.pad_h - down, t.stride_h);
  cut.first_column = floor_div(t.pad_w - across, t.stride_w);
  cut.window_columns = floor_div(cut.columns - 1 + t.pad_w, t.stride_w) - cut.first_column + 1;
  // Tall windows want tall tiles, as long as these are enough to fill the machine.
  const int64_t across_tiles = int64_t{t.n} * ceil_div(t.w, cut.columns);
  cut.rows = down >= 8 * t.stride_h && across_tiles * ceil_div(t.h, 16) >= 128 ? 16 : 8;
  if (cut.rows > t.h) cut.rows = t.h;
  cut.rows = ceil_div(cut.rows, t.stride_h) * t.stride_h;
  cut.window_rows = floor_div(cut.rows - 1 + t.pad_h, t.stride_h) - cut.first_row + 1;
  for (const int most : {kFewSmallWords, kFewWords}) {
    for (cut.chunk_rows = cut.window_rows; cut.chunk_rows >= 1; --cut.chunk_rows) {
      // Rows of sums four words apart from a multiple of the banks: neither their writers nor their readers meet.
      cut.pitch = ceil_div(cut.chunk_rows * cut.window_columns, 32) * 32 + 4;
      cut.words = cut.filter_words + padded * cut.pitch;
      if (cut.words <= most && (cut.chunk_rows == cut.window_rows || most == kFewWords)) return cut;
    }
  }
  cut.rows = 0;
  return cut;
}

// Whether a direction of a convolution runs on these kernels: tensor cores, one group, few channels on one side and not too
// many on the other; strides up to 4 where the input has few, of 1 where the output has. Borders are read here.
constexpr bool few_channels_serve(Conv2dRole role, const Conv2d& given) {
  const Conv2d p = padded_problem(given);
  const bool tensor_cores = p.dtype == DType::bf16 || (p.dtype == DType::f32 && p.math == Math::tf32);
  if (!tensor_cores || p.groups != 1 || p.n < 1 || p.h < 1 || p.w < 1 || p.c < 1 || p.k < 1 || p.r < 1 || p.s < 1 || p.p < 1 || p.q < 1) return false;
  if (!has_few_inputs(p) && (p.k > kFewChannels || p.stride_h != 1 || p.stride_w != 1)) return false;
  if (p.stride_h > kFewStride || p.stride_w > kFewStride || int64_t{p.r} * p.s > kFewTaps) return false;
  if (int64_t{p.r - 1} * p.dilation_h > kFewReach || int64_t{p.s - 1} * p.dilation_w > kFewReach) return false;
  if (p.pad_h > 1024 || p.pad_w > 1024) return false;
  const ThinConv t = thin_conv(p);
  if (t.columns() > kFewTaps || t.k > kFewWide) return false;
  switch (thin_role(role, p)) {
    case ThinRole::few_to_wide: return few_to_wide_cut(t, p.dtype).rows > 0;
    case ThinRole::wide_to_few: return wide_to_few_cut(t, p.dtype).rows > 0;
    case ThinRole::weights: return weight_cut(t, p.dtype).rows > 0;
  }
  return false;
}

// The launchers; few_channels_serve(role, problem). Any alignment. src/conv2d_few_to_wide.cu, ...
void convolve_few_to_wide(Stream stream, const Conv2d& problem, ImageIn thin, const void* w, ImageOut wide, const Epilogue& epilogue);
void convolve_wide_to_few(Stream stream, const Conv2d& problem, ImageIn wide, const void* w, ImageOut thin, const Epilogue& epilogue);
void convolve_few_weights(Stream stream, const Conv2d& problem, ImageIn x, ImageIn dy, void* dw, void* workspace);
size_t few_weights_workspace(const Conv2d& problem);

}  // namespace ganymede::kernels::GANYMEDE_TARGET
