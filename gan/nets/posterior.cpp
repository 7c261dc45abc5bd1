#include "gan/nets/posterior.h"

#include "engine/ops.h"
#include "nn/losses.h"

namespace ganymede::nets {

Tensor Posterior::draw() const { return mean + exp(logvar * 0.5) * randn(mean.shape()); }
Tensor Posterior::kl() const { return nn::kl_standard_normal(mean, logvar, nn::Reduction::sum) / double(mean.dim(0)); }

Posterior posterior(const Tensor& output) {
  const int64_t n = output.dim(1) / 2;
  return {slice(output, 1, 0, n), clamp(slice(output, 1, n, 2 * n), -30, 20)};
}

}  // namespace ganymede::nets
