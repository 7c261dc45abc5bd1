// The tables of kernels/api/resample.h and pool.h, made on the host: one sparse matrix along one axis of an image, in rows.
#pragma once
#include <cstdint>
#include <vector>

#include "kernels/api/types.h"

namespace ganymede::kernels {

// Row o holds the entries start[o] .. start[o+1]-1, indices ascending.
struct AxisMap {
  int in, out;
  std::vector<int32_t> start;    // [out + 1]
  std::vector<int32_t> index;    // input positions, in [0, in)
  std::vector<double> weight;
};

enum class Interpolation : uint8_t { nearest, linear, cubic };

// Resizing as PyTorch's interpolate. scale is the ratio out / in that the coordinates use; 0: out / in exactly (PyTorch's
// size=, or recompute_scale_factor). align_corners and antialias are for linear and cubic; cubic has a = -0.75, and -0.5
// when antialiased. Throws std::runtime_error on sizes below 1.
AxisMap resize_axis(int in, int out, Interpolation, bool align_corners, bool antialias, double scale = 0);
// Resizing as MATLAB's imresize with scale (out = ceil(in * scale)): cubic a = -0.5 or linear, antialiased when it shrinks,
// symmetric at the border.
AxisMap matlab_axis(int in, double scale, Interpolation = Interpolation::cubic);
// Padding by before and after; negative numbers crop. Reflection leaves the border pixel out and needs before, after < in.
AxisMap pad_axis(int in, int before, int after, Padding);
// Windows of kernel pixels every stride, pad pixels of nothing on both sides; out = floor or ceil((in + 2 pad - kernel) / stride) + 1,
// without a last window that begins in the padding behind. Weights: 1 / pixels of the window, those in the padding included when
// count_padding.
AxisMap pool_axis(int in, int kernel, int stride, int pad, bool ceil_mode, bool count_padding);
// Window o is [floor(o in / out), ceil((o+1) in / out)), the mean of it.
AxisMap adaptive_axis(int in, int out);
// A filter between changes of scale: up - 1 zeros behind each pixel, zeros before and after (negative numbers crop), convolution with the taps (the last
// meets the first pixel), every down-th value kept; out = floor((in up + before + after - taps) / down) + 1.
AxisMap filter_axis(int in, const std::vector<double>& taps, int up, int down, int before, int after);
AxisMap identity_axis(int size);
// The adjoint: rows become columns.
AxisMap transpose(const AxisMap&);

}  // namespace ganymede::kernels
