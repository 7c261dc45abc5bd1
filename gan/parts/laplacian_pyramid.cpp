#include "gan/parts/laplacian_pyramid.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede {

LaplacianPyramid LaplacianPyramid::between(int64_t coarsest, int64_t finest) {
  require(coarsest > 0 && coarsest <= finest, "a pyramid from ", coarsest, " to ", finest, " pixels: the coarsest level is at least 1 and at most the finest");
  LaplacianPyramid p{{coarsest}};
  while (p.sides.back() < finest) p.sides.push_back(std::min(2 * p.sides.back(), finest));
  return p;
}

Tensor LaplacianPyramid::at(const Tensor& picture, size_t k) const {
  Tensor x = picture;
  for (size_t i = sides.size() - 1; i-- > k;) x = resize(x, sides[i], sides[i], Interpolation::linear, false, true);
  return x;
}

Tensor LaplacianPyramid::enlarged(const Tensor& picture, size_t k) const { return resize(picture, sides[k], sides[k], Interpolation::linear); }

Tensor LaplacianPyramid::low(const Tensor& picture, size_t k) const { return enlarged(at(picture, k - 1), k); }

Tensors LaplacianPyramid::split(const Tensor& picture) const {
  Tensors parts{at(picture, 0)};
  for (size_t k = 1; k < sides.size(); ++k) parts.push_back(at(picture, k) - low(picture, k));
  return parts;
}

Tensor LaplacianPyramid::join(const Tensors& parts) const {
  Tensor x = parts.at(0);
  for (size_t k = 1; k < sides.size(); ++k) x = enlarged(x, k) + parts.at(k);
  return x;
}

}  // namespace ganymede
