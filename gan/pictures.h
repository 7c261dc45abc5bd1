// Pictures of tensors: contact sheets of samples and of real data.
#pragma once
#include "engine/tensor.h"
#include "gan/data/grid.h"

namespace ganymede {

// [N, H, W, C] in [-1, 1], C 1 or 3, to N pictures.
std::vector<data::Picture> to_pictures(const Tensor& x);
// A sheet of about as many rows as columns; small pictures are enlarged by a whole number.
data::Picture sheet(const Tensor& x, int64_t columns = 0);

}  // namespace ganymede
