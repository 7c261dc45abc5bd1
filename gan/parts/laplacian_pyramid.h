// Pictures as a small picture and what each doubling adds to it (Burt, Adelson 1983), as LAPGAN takes them: bilinear, antialiased where
// they shrink. Levels are counted from the coarsest, 0.
#pragma once
#include <vector>

#include "engine/tensor.h"

namespace ganymede {

struct LaplacianPyramid {
  std::vector<int64_t> sides;   // pixels, coarsest first

  // Each twice as large as the one before, the last `finest`. Error unless 0 < coarsest <= finest.
  static LaplacianPyramid between(int64_t coarsest, int64_t finest);
  // A picture of the finest level [N, S, S, C] as it is at level k, and the level below it enlarged to level k > 0.
  Tensor at(const Tensor& picture, size_t k) const;
  Tensor low(const Tensor& picture, size_t k) const;
  // A picture of level k - 1 at the size of level k.
  Tensor enlarged(const Tensor& picture, size_t k) const;
  // The coarsest picture, and for each level above what is missing from low: join(split(x)) is x but for rounding.
  Tensors split(const Tensor& picture) const;
  Tensor join(const Tensors& parts) const;
};

}  // namespace ganymede
