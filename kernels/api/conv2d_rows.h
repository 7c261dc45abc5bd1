// The thirty convolutions that speed is judged by: those of DCGAN, U-Net and PatchGAN, ResNet-9, SinGAN, ProGAN, SRGAN.
// For tools and benchmarks; no kernel looks at it.
#pragma once
#include <iterator>

#include "kernels/api/variants.h"

namespace ganymede::kernels {

// Input [N, H, W, C] as stored (reflection padding already done where pad is 0), output channels, square filter.
struct Conv2dRow {
  const char* name;
  bool transposed;
  int n, h, w, c, k, kernel, stride, pad, output_padding = 0;
};

constexpr Conv2dRow kConv2dRows[] = {
    {"A1", true, 128, 1, 1, 100, 512, 4, 1, 0},        {"A2", true, 128, 4, 4, 512, 256, 4, 2, 1},
    {"A3", true, 128, 8, 8, 256, 128, 4, 2, 1},        {"A4", true, 128, 16, 16, 128, 64, 4, 2, 1},
    {"A5", true, 128, 32, 32, 64, 3, 4, 2, 1},         {"A6", false, 128, 64, 64, 3, 64, 4, 2, 1},
    {"A7", false, 128, 16, 16, 128, 256, 4, 2, 1},     {"B1", false, 1, 128, 128, 64, 128, 4, 2, 1},
    {"B2", false, 1, 16, 16, 512, 512, 4, 2, 1},       {"B3", true, 1, 64, 64, 256, 64, 4, 2, 1},
    {"B4", true, 16, 8, 8, 1024, 512, 4, 2, 1},        {"B5", false, 16, 128, 128, 64, 128, 4, 2, 1},
    {"B6", false, 1, 32, 32, 256, 512, 4, 1, 1},       {"C1", false, 1, 262, 262, 3, 64, 7, 1, 0},
    {"C2", false, 1, 256, 256, 64, 128, 3, 2, 1},      {"C3", false, 1, 66, 66, 256, 256, 3, 1, 0},
    {"C4", true, 1, 128, 128, 128, 64, 3, 2, 1, 1},    {"C5", false, 1, 262, 262, 64, 3, 7, 1, 0},
    {"D1", false, 1, 27, 27, 32, 32, 3, 1, 0},         {"D2", false, 1, 102, 102, 64, 64, 3, 1, 0},
    {"D3", false, 1, 252, 252, 128, 128, 3, 1, 0},     {"D4", false, 1, 252, 252, 3, 32, 3, 1, 0},
    {"E1", false, 16, 16, 16, 512, 512, 3, 1, 1},      {"E2", false, 8, 256, 256, 64, 32, 3, 1, 1},
    {"E3", false, 4, 1024, 1024, 16, 16, 3, 1, 1},     {"E4", false, 4, 1024, 1024, 16, 3, 1, 1, 0},
    {"F1", false, 16, 24, 24, 64, 64, 3, 1, 1},        {"F2", false, 16, 48, 48, 64, 256, 3, 1, 1},
    {"F3", false, 16, 96, 96, 64, 3, 9, 1, 4},         {"F4", false, 16, 12, 12, 512, 512, 3, 2, 1},
};
static_assert(std::size(kConv2dRows) == 30);

// A transposed layer is the data gradient of the convolution that maps its output to its input.
constexpr Conv2d problem_of(const Conv2dRow& r, DType dtype, Math math) {
  if (r.transposed) {
    const auto out = [&](int in) { return (in - 1) * r.stride - 2 * r.pad + r.kernel + r.output_padding; };
    return {r.n, out(r.h), out(r.w), r.k, r.c, r.kernel, r.kernel, r.h, r.w, r.stride, r.stride,
            r.pad, r.pad, 1, 1, 1, dtype, math};
  }
  const auto out = [&](int in) { return (in + 2 * r.pad - r.kernel) / r.stride + 1; };
  return {r.n, r.h, r.w, r.c, r.k, r.kernel, r.kernel, out(r.h), out(r.w), r.stride, r.stride,
          r.pad, r.pad, 1, 1, 1, dtype, math};
}

// What a direction of the layer is in terms of that convolution.
constexpr Conv2dRole role_of(const Conv2dRow& r, Conv2dRole direction) {
  if (!r.transposed || direction == Conv2dRole::weight_gradient) return direction;
  return direction == Conv2dRole::forward ? Conv2dRole::data_gradient : Conv2dRole::forward;
}

}  // namespace ganymede::kernels
