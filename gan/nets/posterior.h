// The law of z that an encoder gives for a sample: a diagonal normal, q(z | x) = N(mean, exp(logvar)).
#pragma once
#include "engine/tensor.h"

namespace ganymede::nets {

struct Posterior {
  Tensor mean, logvar;      // [N, L]
  Tensor draw() const;      // mean + exp(logvar / 2) eps, eps ~ N(0, 1): differentiable in both (Kingma & Welling 2014)
  Tensor kl() const;        // KL(q || N(0, 1)), summed over z, the mean over samples
};

// An encoder's last layer [N, 2 L]: means, then log variances. The latter are kept in [-30, 20], where exp is harmless.
Posterior posterior(const Tensor& output);

}  // namespace ganymede::nets
