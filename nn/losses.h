// Losses on tensors: a value to a target, distributions to one another.
#pragma once
#include "engine/tensor.h"

namespace ganymede::nn {

enum class Reduction { mean, sum };

Tensor mse(const Tensor& x, const Tensor& target, Reduction how = Reduction::mean);
Tensor mse(const Tensor& x, double target, Reduction how = Reduction::mean);
Tensor l1(const Tensor& x, const Tensor& target, Reduction how = Reduction::mean);
// 1/2 d^2 where |d| <= delta, else delta (|d| - delta / 2).
Tensor huber(const Tensor& x, const Tensor& target, double delta = 1, Reduction how = Reduction::mean);
// softplus(x) - t x, element by element; x are logits.
Tensor bce_with_logits(const Tensor& x, const Tensor& target, Reduction how = Reduction::mean);
Tensor bce_with_logits(const Tensor& x, double target, Reduction how = Reduction::mean);
// -log softmax(logits)[label]: logits [N, C], labels i64 [N].
Tensor cross_entropy(const Tensor& logits, const Tensor& labels, Reduction how = Reduction::mean);
Tensor hinge_real(const Tensor& x);   // mean max(0, 1 - x)
Tensor hinge_fake(const Tensor& x);   // mean max(0, 1 + x)
// KL(N(mu, exp(logvar)) || N(0, 1)): -1/2 (1 + logvar - mu^2 - exp(logvar)).
Tensor kl_standard_normal(const Tensor& mu, const Tensor& logvar, Reduction how = Reduction::mean);
// KL of Bernoulli(sigmoid(logits)) from Bernoulli(p), p a constant in (0, 1).
Tensor kl_bernoulli(const Tensor& logits, double p, Reduction how = Reduction::mean);
// x [N, H, W, C] -> [N, C, C]: sum over pixels of x_c x_d / (C H W).
Tensor gram_matrix(const Tensor& x);
// Sum of absolute differences between neighbours, vertical and horizontal, divided by N.
Tensor total_variation(const Tensor& x);
// Half the sum of the squared differences of each pixel, but for the last row and column, to the one below and the one on its right (Johnson
// et al. 2016, the authors' code).
Tensor squared_variation(const Tensor& x);

}  // namespace ganymede::nn
