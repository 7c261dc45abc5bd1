// Pictures of few colours.
#pragma once
#include <vector>

#include "engine/tensor.h"

namespace ganymede::singan {

using Palette = std::vector<Tensor>;  // colours, each [1, 1, 1, C]

// k-means over the pixels of one picture [1, h, w, C]; fewer than `count` where there are not so many. Reads the device.
Palette palette_of(const Tensor& picture, int count);

// Every pixel becomes the nearest colour (the mean of equally near ones).
Tensor quantised(const Tensor& x, const Palette& palette);

}  // namespace ganymede::singan
