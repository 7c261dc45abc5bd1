// An image with its border around it, made by walking outwards from the image's edge: what the tests of borders compare with.
#pragma once
#include <cstdint>
#include <vector>

#include "kernels/api/conv2d.h"

namespace ganymede::kernels::check {

// Which of `extent` pixels stands at each of the extent + 2 pad places.
inline std::vector<int> walk(int extent, int pad, Padding border) {
  std::vector<int> at(extent + 2 * pad);
  for (int i = 0; i < extent; ++i) at[pad + i] = i;
  for (int i = 1; i <= pad; ++i) {
    const bool mirrored = border == Padding::reflect;
    at[pad - i] = mirrored ? at[pad + i] : at[pad];
    at[pad + extent - 1 + i] = mirrored ? at[pad + extent - 1 - i] : at[pad + extent - 1];
  }
  return at;
}

inline std::vector<double> padded_image(const Conv2d& p, const std::vector<double>& x) {
  std::vector<double> image;
  for (int n = 0; n < p.n; ++n)
    for (const int row : walk(p.h, p.pad_h, p.border))
      for (const int column : walk(p.w, p.pad_w, p.border))
        for (int c = 0; c < p.c; ++c) image.push_back(x[((int64_t{n} * p.h + row) * p.w + column) * p.c + c]);
  return image;
}

inline Conv2d of_padded_image(Conv2d p) {
  p.h += 2 * p.pad_h, p.w += 2 * p.pad_w, p.pad_h = p.pad_w = 0, p.border = Padding::zero;
  return p;
}

}  // namespace ganymede::kernels::check
