// Tensor maps of images and filters for the twins of convolution. Host code.
#pragma once
#include "kernels/device/twin_multiply.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

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

}  // namespace ganymede::kernels::GANYMEDE_TARGET
