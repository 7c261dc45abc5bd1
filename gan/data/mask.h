#pragma once

#include <cstdint>
#include <vector>

#include "gan/data/picture.h"

namespace ganymede::data {

// [height, width] weights from 0 to 1 that fade out around the light part (above 127) of a mask: dilated by a disk of `radius`
// pixels, blurred by a Gaussian of deviation `sigma` pixels (cut at 4 sigma, the border repeated), stretched to 0 ... 1.
// Throws UsageError when the mask has no light part.
std::vector<float> soft_mask(const Picture& mask, double radius, double sigma);

}  // namespace ganymede::data
