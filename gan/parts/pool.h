// A history of generated pictures (Shrivastava et al. 2017), on the device and in the checkpoint.
#pragma once
#include "gan/recipe.h"

namespace ganymede {

// While it is not full it stores what it is given and returns it. Full, it returns each picture as it is with probability 1/2;
// otherwise it returns a stored one, drawn at random, and keeps the new one in its place. Per picture, not per batch.
class ImagePool {
 public:
  ImagePool() = default;
  // Kept tensors NAME.pictures [size, picture...] and NAME.count [1]. Size 0: no pool, pictures pass.
  ImagePool(Recipe& recipe, const std::string& name, int64_t size, const Shape& picture);
  // [n, picture...] for [n, picture...]; constants to differentiation. Once an iteration: in an update that runs once.
  Tensor query(const Tensor& pictures) const;

 private:
  int64_t size_ = 0;
  Tensor pictures_, count_, places_;
};

}  // namespace ganymede
