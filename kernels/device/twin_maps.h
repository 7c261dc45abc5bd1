// What the twins of convolution share: tensor maps of images and filters, and where windows lie in an image.
#pragma once
#include "kernels/api/conv2d.h"
#include "kernels/device/fast_divide.h"
#include "kernels/device/twin_multiply.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// The channels of an image in one tensor, or in two of equally many.
struct TwinHalves {
  int half = INT32_MAX;   // of the first; INT32_MAX: all
  __host__ __device__ int tensor(int channel) const { return channel >= half; }
  __host__ __device__ int own(int channel) const { return channel >= half ? channel - half : channel; }
};
inline TwinHalves twin_halves(int first) { return {first > 0 ? first : INT32_MAX}; }

// Of an image [N, H, W, C], whose positions and channels of a box are left to the caller.
template <class Number>
MapSpec image_map(const void* data, int n, int h, int w, int c) {
  constexpr uint64_t kBytes = TwinNumber<Number>::kBytes;
  MapSpec image;
  image.element = TwinNumber<Number>::kElement;
  image.data = data;
  image.rank = 4;
  image.im2col = true;
  const uint64_t sizes[] = {uint64_t(c), uint64_t(w), uint64_t(h), uint64_t(n)};
  for (int d = 0; d < 4; ++d) image.size[d] = sizes[d];
  image.stride[0] = uint64_t(c) * kBytes;
  image.stride[1] = uint64_t(w) * image.stride[0];
  image.stride[2] = uint64_t(h) * image.stride[1];
  return image;
}

// Of filters [K, taps, C], whose box is left to the caller.
template <class Number>
MapSpec filter_map(const void* data, int k, int taps, int c) {
  constexpr uint64_t kBytes = TwinNumber<Number>::kBytes;
  MapSpec filter;
  filter.element = TwinNumber<Number>::kElement;
  filter.data = data;
  filter.rank = 3;
  const uint64_t sizes[] = {uint64_t(c), uint64_t(taps), uint64_t(k)};
  for (int d = 0; d < 3; ++d) filter.size[d] = sizes[d];
  filter.stride[0] = uint64_t(c) * kBytes;
  filter.stride[1] = uint64_t(taps) * filter.stride[0];
  return filter;
}

// The windows of a convolution: the pixels that TMA's im2col mode takes for its positions, and what a tap adds.
struct TwinWindows {
  FastDivide width, height;    // positions of a row, rows
  FastDivide taps;             // of a filter row
  int stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0, dilation_h = 1, dilation_w = 1;

  TwinWindows() = default;
  explicit TwinWindows(const Conv2d& p)
      : width(p.q), height(p.p), taps(p.s), stride_h(p.stride_h), stride_w(p.stride_w), pad_h(p.pad_h), pad_w(p.pad_w), dilation_h(p.dilation_h),
        dilation_w(p.dilation_w) {}

  struct Corner {
    int w, h, n;
  };
  __device__ Corner corner(int position) const {
    const int q = width.split(position), p = height.split(position);
    return {q * stride_w - pad_w, p * stride_h - pad_h, position};
  }
};

// Of the image that a convolution's windows go over.
template <class Number>
MapSpec window_map(const void* data, const Conv2d& p) {
  MapSpec image = image_map<Number>(data, p.n, p.h, p.w, p.c);
  image.lower[0] = -p.pad_w;
  image.lower[1] = -p.pad_h;
  image.upper[0] = (p.q - 1) * p.stride_w - p.pad_w - (p.w - 1);
  image.upper[1] = (p.p - 1) * p.stride_h - p.pad_h - (p.h - 1);
  image.step[1] = static_cast<uint32_t>(p.stride_w);
  image.step[2] = static_cast<uint32_t>(p.stride_h);
  return image;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
