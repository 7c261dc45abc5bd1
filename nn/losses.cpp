#include "nn/losses.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede::nn {
namespace {

// Losses are computed in f32 (f64 stays): differences from a target lose all digits that bf16 has.
Tensor in_full(const Tensor& x) { return x.dtype() == DType::bf16 ? cast(x, DType::f32) : x; }

Tensor reduced(const Tensor& x, Reduction how) { return how == Reduction::mean ? mean(x) : sum(x); }

// f(sign * x + shift) over all elements.
Tensor over(const Tensor& x, Reduction how, Unary f, double sign = 1, double shift = 0) {
  return loss_sum({f, sign, shift, how == Reduction::mean ? 1.0 / double(std::max<int64_t>(x.count(), 1)) : 1.0}, x);
}

// f(x - t), for targets of x's shape in one launch.
Tensor of_difference(const Tensor& x, const Tensor& t, Reduction how, Unary f) {
  if (x.shape() != t.shape()) return reduced(unary(f, in_full(x) - in_full(t)), how);
  return loss_sum({f, 1, 0, how == Reduction::mean ? 1.0 / double(std::max<int64_t>(x.count(), 1)) : 1.0}, x, t);
}

}  // namespace

Tensor mse(const Tensor& x, const Tensor& t, Reduction how) { return of_difference(x, t, how, Unary::square); }
Tensor mse(const Tensor& x, double t, Reduction how) { return over(x, how, Unary::square, 1, -t); }
Tensor l1(const Tensor& x, const Tensor& t, Reduction how) { return of_difference(x, t, how, Unary::abs); }

Tensor huber(const Tensor& x, const Tensor& t, double delta, Reduction how) {
  require(delta > 0, "huber: delta ", delta, " must be positive");
  // With m = min(|d|, delta): m (|d| - m / 2) is both branches, and as smooth as they are.
  const Tensor d = abs(in_full(x) - in_full(t)), m = clamp(d, 0, delta);
  return reduced(m * (d - m * 0.5), how);
}

Tensor bce_with_logits(const Tensor& logits, const Tensor& t, Reduction how) {
  const Tensor x = in_full(logits);
  return reduced(softplus(x) - x * in_full(t), how);
}

Tensor bce_with_logits(const Tensor& logits, double t, Reduction how) {
  if (t == 1) return over(logits, how, Unary::softplus, -1);
  if (t == 0) return over(logits, how, Unary::softplus);
  const Tensor x = in_full(logits);
  return reduced(softplus(x) - x * t, how);
}

Tensor cross_entropy(const Tensor& logits, const Tensor& labels, Reduction how) {
  require(logits.rank() == 2 && labels.rank() == 1 && labels.dim(0) == logits.dim(0), "cross_entropy: logits ", logits.shape(), " and labels ", labels.shape());
  const Tensor x = in_full(logits);
  const Tensor picked = sum(log_softmax(x) * cast(one_hot(labels, x.dim(1)), x.dtype()), {1});
  return -reduced(picked, how);
}

Tensor hinge_real(const Tensor& x) { return over(x, Reduction::mean, Unary::relu, -1, 1); }
Tensor hinge_fake(const Tensor& x) { return over(x, Reduction::mean, Unary::relu, 1, 1); }

Tensor kl_standard_normal(const Tensor& mean, const Tensor& log_variance, Reduction how) {
  const Tensor mu = in_full(mean), logvar = in_full(log_variance);
  return reduced((logvar - square(mu) - exp(logvar) + 1.0) * -0.5, how);
}

Tensor kl_bernoulli(const Tensor& logits, double p, Reduction how) {
  require(p > 0 && p < 1, "kl_bernoulli: p ", p, " must be in (0, 1)");
  const Tensor x = in_full(logits);
  // q log(q / p) + (1 - q) log((1 - q) / (1 - p)) with log q = -softplus(-x), log(1 - q) = -softplus(x).
  const Tensor q = sigmoid(x);
  return reduced(-(q * (softplus(-x) + std::log(p))) - (1.0 - q) * (softplus(x) + std::log(1 - p)), how);
}

Tensor gram_matrix(const Tensor& x) {
  require(x.rank() == 4, "gram_matrix: x ", x.shape(), " must be [N, H, W, C]");
  const Tensor flat = reshape(x, Shape{x.dim(0), x.dim(1) * x.dim(2), x.dim(3)});
  return matmul(flat, flat, true, false) / double(x.dim(1) * x.dim(2) * x.dim(3));
}

Tensor total_variation(const Tensor& x) {
  require(x.rank() == 4, "total_variation: x ", x.shape(), " must be [N, H, W, C]");
  const auto steps = [&](int axis) {
    const int64_t n = x.dim(axis);
    return sum(abs(in_full(slice(x, axis, 1, n)) - in_full(slice(x, axis, 0, n - 1))));
  };
  return (steps(1) + steps(2)) / double(x.dim(0));
}

Tensor squared_variation(const Tensor& x) {
  require(x.rank() == 4 && x.dim(1) > 1 && x.dim(2) > 1, "squared_variation: x ", x.shape(), " must be [N, H, W, C] with at least 2 pixels a side");
  const int64_t h = x.dim(1), w = x.dim(2);
  const Tensor inner = in_full(slice(slice(x, 1, 0, h - 1), 2, 0, w - 1));
  const Tensor below = in_full(slice(slice(x, 1, 1, h), 2, 0, w - 1)), right = in_full(slice(slice(x, 1, 0, h - 1), 2, 1, w));
  return (sum(square(inner - below)) + sum(square(inner - right))) * 0.5;
}

}  // namespace ganymede::nn
