#include "gan/metrics/random_features.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/random.h"
#include "gan/metrics/frechet.h"

namespace ganymede::metrics {

Rows random_features(const Tensor& pictures) {
  require(pictures.dim(1) >= 8 && pictures.dim(2) >= 8, "a picture of ", pictures.dim(1), "x", pictures.dim(2), " is too small for features; it needs 8x8");
  ContextScope scope;
  context().recording = false;
  data::Random random{20190501};
  Tensor x = pictures;
  for (int64_t i = 0; i < 3; ++i) {
    const Shape shape{kRandomFeatures, 3, 3, x.dim(3)};
    std::vector<double> w(size_t(shape.count()));
    for (double& v : w) v = random.normal() * std::sqrt(2.0 / double(9 * x.dim(3)));
    x = conv2d(x, tensor(w, shape, x.dtype(), x.device()), {}, {}, {Unary::leaky_relu, 0.2});
  }
  Rows rows(x.dim(0) * x.dim(1) * x.dim(2), kRandomFeatures);
  rows.values = x.to_floats();
  return rows;
}

double random_feature_distance(const Tensor& a, const Tensor& b) {
  return std::max(0.0, frechet_distance(gaussian_of(random_features(a)), gaussian_of(random_features(b))));
}

}  // namespace ganymede::metrics
