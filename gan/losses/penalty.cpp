#include "gan/losses/penalty.h"

#include "engine/ops.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

Tensor between(const Tensor& real, const Tensor& fake) {
  Shape each{real.dim(0)};
  for (int i = 1; i < real.rank(); ++i) each.push_back(1);
  const Tensor a = uniform(each);
  const Tensor x = real.constant(), y = fake.constant();
  return mix(x, y, a);
}

}  // namespace

Tensor gradient_norms_at(const Critic& critic, const Tensor& point, NormOver over) {
  const Tensor x = watch(point);
  const Tensor g = grad(Tensors{critic(x)}, {x})[0];
  // The small constant keeps the root's derivative finite where the gradient vanishes.
  return over == NormOver::sample ? norm(flatten(g), {1}, false, 1e-12) : norm(g, {-1}, false, 1e-12);
}

Tensor gradient_norms(const Critic& critic, const Tensor& real, const Tensor& fake, NormOver over) {
  return gradient_norms_at(critic, between(real, fake), over);
}

Tensor penalty_at(const Critic& critic, const Tensor& x, double target, NormOver over) { return nn::mse(gradient_norms_at(critic, x, over), target); }

Tensor gradient_penalty(const Critic& critic, const Tensor& real, const Tensor& fake, NormOver over) {
  return nn::mse(gradient_norms(critic, real, fake, over), 1);
}

Tensor dragan_penalty(const Critic& critic, const Tensor& real) {
  const Tensor x = real.constant();
  const Tensor deviation = sqrt(mean(square(x - mean(x))));
  const Tensor noise = mul(uniform(x.shape()), deviation * 0.5);
  Shape each{x.dim(0)};
  for (int i = 1; i < x.rank(); ++i) each.push_back(1);
  return penalty_at(critic, add(x, mul(uniform(each), noise)));
}

Tensor r1_penalty(const Critic& critic, const Tensor& point) {
  const Tensor x = watch(point.constant());
  return squared_slope(critic(x), x);
}

Tensor squared_slope(const Tensor& scores, const Tensor& x) {
  const Tensor g = grad(Tensors{scores}, {x})[0];
  return loss_sum({Unary::square, 1, 0, 1.0 / double(g.dim(0))}, g);
}

}  // namespace ganymede
