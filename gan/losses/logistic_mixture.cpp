#include "gan/losses/logistic_mixture.h"

#include <cmath>

#include "engine/ops.h"

namespace ganymede {
namespace {

constexpr double kLeastLogScale = -7;

Tensor above(const Tensor& x, double bound) { return unary(Unary::step, x, bound); }   // 1 or 0

}  // namespace

Tensor LogisticMixture::logits(const Tensor& numbers) const { return slice(numbers, -1, 0, components); }

LogisticMixture::Channel LogisticMixture::channel(const Tensor& numbers, int c, const Tensors& before) const {
  const auto part = [&](int k) { return slice(numbers, -1, int64_t(k) * components, int64_t(k + 1) * components); };
  Channel of{part(1 + c), clamp(part(1 + channels + c), kLeastLogScale, 1e30)};
  for (int d = 0; d < c; ++d) of.mean = of.mean + tanh(part(1 + 2 * channels + c * (c - 1) / 2 + d)) * before[size_t(d)];
  return of;
}

Tensor LogisticMixture::log_probability(const Tensor& numbers, const Tensor& x) const {
  const double half = 1 / double(levels - 1);
  Tensor total = log_softmax(logits(numbers));
  Tensors before;
  for (int c = 0; c < channels; ++c) {
    const Tensor value = slice(x, -1, c, c + 1);
    const auto [mean, log_scale] = channel(numbers, c, before);
    const Tensor slope = exp(-log_scale), middle = slope * (value - mean), high = middle + slope * half, low = middle - slope * half;
    const Tensor mass = sigmoid(high) - sigmoid(low);
    // Where the two are too near one another to be told apart, the density in the middle. All branches are finite, and so are their gradients.
    const Tensor is_wide = above(mass, 1e-5), inside = is_wide * log(clamp(mass, 1e-12, 1)) + (1 - is_wide) * (middle - log_scale - 2 * softplus(middle) + std::log(2 * half));
    // The outer levels have all that lies beyond them.
    const Tensor is_least = above(-value, 0.999), is_most = above(value, 0.999);
    total = total + is_least * (high - softplus(high)) + is_most * -softplus(low) + (1 - is_least - is_most) * inside;
    before.push_back(value);
  }
  return logsumexp(total, {-1});
}

Tensor LogisticMixture::draw(const Tensor& numbers, const Tensor& u) const {
  const Tensor v = clamp(u, 1e-5, 1 - 1e-5);
  const Tensor chosen = one_hot(argmax(logits(numbers) - log(-log(slice(v, 1, 0, components))), 1), components);
  const auto of_chosen = [&](const Tensor& t) { return sum(t * chosen, {1}, true); };
  const double steps = double(levels - 1);
  Tensors x;
  for (int c = 0; c < channels; ++c) {
    const auto [mean, log_scale] = channel(numbers, c, x);
    const Tensor at = slice(v, 1, components + c, components + c + 1);
    const Tensor value = clamp(of_chosen(mean) + exp(of_chosen(log_scale)) * (log(at) - log(1 - at)), -1, 1);
    x.push_back(cast(cast((value + 1) * (steps / 2) + 0.5, DType::i64), value.dtype()) * (2 / steps) - 1);   // the nearest level
  }
  return x.size() == 1 ? x[0] : concat(x, 1);
}

}  // namespace ganymede
