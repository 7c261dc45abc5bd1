// Measures of variational autoencoders: the bound on the likelihood, and what it is made of.
#pragma once
#include <functional>
#include <vector>

#include "gan/nets/posterior.h"
#include "gan/use.h"

namespace ganymede {

struct BoundOf {
  std::function<Tensor(const Batch&)> seen;                              // what the likelihood is of, [N, ...]
  std::function<nets::Posterior(const Tensor& x)> encode;                // q(z | x)
  std::function<Tensor(const Tensor& x, const Tensor& z)> cost;          // -log p(x | z) in nats, [N]
};

// bound, likelihood (by importance sampling), active; of coins also bound-gain, the bound beside independent pixels.
std::vector<Measure> bound_measures(const BoundOf& of, bool coins);

}  // namespace ganymede
