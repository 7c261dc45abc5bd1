// Where a picture's object is to be: a box, through spatial transformers (Jaderberg et al. 2015), or keypoints, as maps.
#pragma once
#include "engine/tensor.h"

namespace ganymede::nets {

// Boxes [N, 4]: the middle's x and y, [-1, 1] the picture, and width and height as shares of the picture's sides. Maps are [N, H, W, C]; corners of theirs are
// the middles of their outermost cells, and beyond them all is 0.
// A [N, 2, 3] = [[width, 0, x], [0, height, y]]: sampled there, the part of a map in the box becomes all of it.
Tensor crop_affine(const Tensor& box);
// Its inverse, A' = [[1 / width, 0, -x / width], [0, 1 / height, -y / height]]: sampled there, all of a map goes into the box, and 0 around it.
Tensor paste_affine(const Tensor& box);
Tensor crop(const Tensor& map, const Tensor& box);
Tensor paste(const Tensor& map, const Tensor& box);

// Points [N, 3 K]: x, y in [0, 1] and 1 for a visible one, 0 else; one after another. Their maps of `side` cells: 1 in the cell of a visible point, a channel each.
class KeypointMaps {
 public:
  KeypointMaps(int64_t count, int64_t side);
  Tensor operator()(const Tensor& points) const;   // [N, side, side, K]
 private:
  int64_t count_, side_;
  Tensor cells_;
};
// 1 where a visible point is, else 0: [N, H, W, K] -> [N, H, W, 1].
Tensor gate_of(const Tensor& maps);

}  // namespace ganymede::nets
