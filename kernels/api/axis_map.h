// Makes the maps of resample.h on the host. Positions follow PyTorch's interpolate, pad and pool functions.
#pragma once
#include <cstdint>
#include <vector>

namespace ganymede::kernels {

// See AxisMap; the caller copies the arrays to its device.
struct HostAxisMap {
  int in = 0, out = 0;
  std::vector<int32_t> begin, index;
  std::vector<double> weight;
};

enum class Interpolation : uint8_t { nearest, bilinear, bicubic };
enum class Padding : uint8_t { zero, reflect, replicate, circular };

// interpolate(size=out): bicubic with a = -0.75 and replicated borders, or, antialiased, a = -0.5 and weights normalised
// inside the picture. nearest ignores align_corners. Throws std::runtime_error on sizes below 1, or antialiased nearest.
HostAxisMap resize_axis(int in, int out, Interpolation, bool align_corners, bool antialias);
// imresize of MATLAB: bicubic with a = -0.5 (or triangle, or box for nearest), antialiased when shrinking, symmetric borders.
// scale is out / in as asked for, which need not be the ratio of the sizes.
HostAxisMap matlab_resize_axis(int in, int out, double scale, Interpolation);
// out = in + before + after; negative amounts crop. reflect needs before, after < in.
HostAxisMap pad_axis(int in, int before, int after, Padding);
// avg_pool along one axis; the divisor counts the padding or only what lies inside.
HostAxisMap average_pool_axis(int in, int kernel, int stride, int pad, bool count_padding, bool ceil_mode);
HostAxisMap adaptive_average_pool_axis(int in, int out);
// y[q] = sum_t taps[t] * up(x)[q * down + t - before], up inserting zeros; the length follows from before and after.
HostAxisMap fir_axis(int in, const std::vector<double>& taps, int up, int down, int before, int after);
HostAxisMap identity_axis(int size);
HostAxisMap transposed(const HostAxisMap&);

}  // namespace ganymede::kernels
