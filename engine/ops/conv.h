// Convolution and its two companions, in NHWC. The three are one another's derivatives, so any order exists.
#pragma once
#include <array>

#include "engine/ops/elementwise.h"
#include "engine/ops/resample.h"

namespace ganymede {

struct ConvOptions {
  std::array<int, 2> stride{1, 1}, padding{0, 0}, dilation{1, 1}, output_padding{0, 0};  // height, width
  int groups = 1;
  Padding border = Padding::zero;   // what the padding holds; another than zeros for conv2d alone
  int shuffle = 1;                  // of conv2d: its sums go to pixel_shuffle(y, shuffle), and so do residual and f, stored so where the device's kernels can
};

// What a convolution reads: a tensor [N, H, W, C], or two of equal N, H and W side by side in channels, which gives what
// concat({first, second}, 3) gives. Where the device's kernels take pairs, nothing is joined, nor cut in the derivatives; elsewhere that is done around them.
struct ConvInput {
  Tensor first, second;
  ConvInput(const Tensor& x) : first(x) {}
  ConvInput(const Tensor& first, const Tensor& second);
  Shape shape() const;                         // of both together
  DType dtype() const;                         // f32 where bf16 lies beside it, as in element-wise functions
  const Device& device() const { return first.device(); }
};

// y = f(convolution + bias + residual). x [N, H, W, C], w [K, R, S, C/groups], bias [K] or undefined, residual as y (of another floating type it takes y's) or undefined; y [N, P, Q, K] with
// P = (H + 2 padding - dilation (R - 1) - 1) / stride + 1. A border is read in place where the device's kernels can; elsewhere x is
// padded first. Reflection needs padding < H and W.
Tensor conv2d(const ConvInput& x, const Tensor& w, const Tensor& bias, const ConvOptions& options, const Activation& f = {}, const Tensor& residual = {});

// The same with x [N, H, W, C], w [C, R, S, K/groups]; y [N, P, Q, K] with
// P = (H - 1) stride - 2 padding + dilation (R - 1) + output_padding + 1.
Tensor conv_transpose2d(const ConvInput& x, const Tensor& w, const Tensor& bias, const ConvOptions& options, const Activation& f = {}, const Tensor& residual = {});

// Convolutions of all three directions launched by this thread so far.
int64_t conv_launches();

// The largest problem that has x and w as its operands.
kernels::Conv2d conv_problem(const Shape& x, const Shape& w, const ConvOptions& options);

}  // namespace ganymede
