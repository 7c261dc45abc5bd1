// Resizing, padding, cropping and average pooling of pictures [N, H, W, C]: linear maps along the two axes, whose adjoints
// gather like themselves.
#pragma once
#include "engine/tensor.h"
#include "kernels/api/axis_map.h"

namespace ganymede {

using kernels::Interpolation;
using kernels::Padding;

// To height x width by PyTorch's rules.
Tensor resize(const Tensor& x, int64_t height, int64_t width, Interpolation how, bool align_corners = false, bool antialias = false);
inline Tensor resize_nearest(const Tensor& x, int64_t height, int64_t width) { return resize(x, height, width, Interpolation::nearest); }
// By MATLAB's imresize: out = ceil(in * scale); antialiased when it shrinks. The rule of super-resolution papers.
Tensor matlab_resize(const Tensor& x, double scale, Interpolation how = Interpolation::cubic);
// Every pixel becomes factor x factor pixels.
Tensor upsample_nearest(const Tensor& x, int64_t factor);

// Negative amounts crop. Reflection leaves the border pixel out.
struct PadAmounts { int64_t left = 0, right = 0, top = 0, bottom = 0; };
Tensor pad(const Tensor& x, const PadAmounts& amounts, Padding how, double value = 0);
// The adjoint: g has the shape of a padded picture of height x width.
Tensor pad_adjoint(const Tensor& g, int64_t height, int64_t width, const PadAmounts& amounts, Padding how);
inline Tensor reflect_pad(const Tensor& x, int64_t n) { return pad(x, {n, n, n, n}, Padding::reflect); }

struct PoolOptions {
  std::array<int, 2> kernel{2, 2}, stride{2, 2}, padding{0, 0};
  bool ceil_mode = false;
};
Tensor average_pool(const Tensor& x, const PoolOptions& options, bool count_padding = true);
// Each pixel's sum with its neighbours above, to the left and diagonally between, zeros outside, both axes then reversed:
// [N, H, W, C] -> [N, H + 1, W + 1, C].
Tensor reversed_pair_sums(const Tensor& x);
// Along both axes: up - 1 zeros behind each pixel, zeros before and after (negative numbers crop), convolution with the taps, every down-th value kept
// (upfirdn2d of Karras et al. 2020). y [N, P, Q, C], P = floor((H up + before + after - taps) / down) + 1.
struct FilterOptions {
  std::vector<double> taps;
  int up = 1, down = 1, before = 0, after = 0;
};
Tensor filter2d(const Tensor& x, const FilterOptions& options);
Tensor adaptive_average_pool(const Tensor& x, int64_t height, int64_t width);
// The largest of each window; ties go to the first in row-major order. Padding never wins.
Tensor max_pool(const Tensor& x, const PoolOptions& options);

// [N, H, W, C r^2] -> [N, H r, W r, C] with PyTorch's order of channels (c r^2 + i r + j), and back.
Tensor pixel_shuffle(const Tensor& x, int64_t factor);
Tensor pixel_unshuffle(const Tensor& x, int64_t factor);

}  // namespace ganymede
