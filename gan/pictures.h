// Pictures of tensors: contact sheets of samples and of real data.
#pragma once
#include "engine/tensor.h"
#include "gan/data/grid.h"

namespace ganymede {

// [N, H, W, C] in [-1, 1], C 1 or 3, to N pictures.
std::vector<data::Picture> to_pictures(const Tensor& x);
// A sheet of about as many rows as columns; small pictures are enlarged by a whole number.
data::Picture sheet(const Tensor& x, int64_t columns = 0);

// How much sheets enlarge pictures of this width: small ones are hard to judge.
int zoom_for(int64_t widest);

struct Shown {
  std::string title;
  data::Picture picture;
};
// Pictures side by side with their titles below.
data::Picture side_by_side(const std::vector<Shown>& pictures, int64_t columns = 0);

}  // namespace ganymede
