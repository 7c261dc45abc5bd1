#pragma once

#include <cstdint>
#include <vector>

#include "gan/data/picture.h"

namespace ganymede::data {

// Kernels of a separable resize; when a picture shrinks they widen by the factor (antialiased).
enum class Filter {
  box,       // area average
  triangle,  // bilinear
  cubic,     // Keys 1981, a = -1/2: the "bicubic" of MATLAB's imresize and of PIL
  lanczos,   // three lobes
  nearest,   // the pixel at the place itself, also when a picture shrinks: colours that mean something do not mix
};

// What lies beyond the border.
enum class Border {
  renormalise,  // nothing: weights inside are scaled to sum to 1 (PIL)
  mirror,       // the picture, mirrored at its edge (MATLAB)
};

// [height, width, channels] to [out_height, out_width, channels]; pixel centres at half-integers.
std::vector<float> resized(const float* values, int64_t height, int64_t width, int64_t channels,
                           int64_t out_height, int64_t out_width, Filter filter,
                           Border border = Border::renormalise);
Picture resized(const Picture& picture, int64_t out_height, int64_t out_width, Filter filter = Filter::cubic,
                Border border = Border::renormalise);

// Where covering() puts things: a point (x, y) of the picture goes to (x * scale_x - left, y * scale_y -
// top).
struct Cover {
  int64_t scaled_height = 0, scaled_width = 0;
  int64_t top = 0, left = 0;
  double scale_y = 1, scale_x = 1;
};
Cover cover_of(int64_t picture_height, int64_t picture_width, int64_t height, int64_t width);

// Scaled to cover height x width, keeping its proportions, then the centre cut out.
Picture covering(const Picture& picture, int64_t height, int64_t width, Filter filter = Filter::cubic);

}  // namespace ganymede::data
