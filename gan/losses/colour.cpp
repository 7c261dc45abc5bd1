#include "gan/losses/colour.h"

#include "engine/ops.h"
#include "nn/losses.h"

namespace ganymede {

ColourStatistics colour_statistics(const Tensor& picture) {
  const Tensor x = picture.dtype() == DType::bf16 ? cast(picture, DType::f32) : picture;
  const int64_t pixels = x.dim(1) * x.dim(2);
  const Tensor flat = reshape(x, Shape{x.dim(0), pixels, x.dim(3)}), m = mean(flat, {1}, true), centred = flat - m;
  return {reshape(m, Shape{x.dim(0), x.dim(3)}), matmul(centred, centred, true, false) / double(pixels)};
}

Tensor colour_consistency(const Tensor& high, const Tensor& low) {
  const ColourStatistics of = colour_statistics(high), target = colour_statistics(low);
  return nn::mse(of.mean, target.mean.constant()) + 5.0 * nn::mse(of.covariance, target.covariance.constant());
}

}  // namespace ganymede
