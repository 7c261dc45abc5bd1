// Sums of a function of differences in one launch, which is what most losses are.
#pragma once
#include "engine/ops/elementwise.h"
#include "engine/tensor.h"

namespace ganymede {

// factor * sum of f(sign * x - t + shift) over all elements: one number, f32 (f64 for f64). t of x's shape, or undefined: 0.
struct LossForm {
  Unary f = Unary::identity;   // identity, abs, square, relu, softplus or sigmoid
  double sign = 1, shift = 0, factor = 1;
};
Tensor loss_sum(const LossForm& form, const Tensor& x, const Tensor& t = {});

}  // namespace ganymede
