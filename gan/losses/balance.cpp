#include "gan/losses/balance.h"

#include "engine/ops.h"

namespace ganymede {
namespace {

Tensor at_least(const Tensor& x, double bound) { return greater_equal(x, zeros_like(x) + bound); }
Tensor at_most(const Tensor& x, double bound) { return greater_equal(zeros_like(x) + bound, x); }

}  // namespace

Tensor Balance::d_moves(const Tensor& on_real, const Tensor& on_fake) const {
  const Tensor d = at_least(on_real, low) * at_least(on_fake, low), g = at_most(on_real, high) * at_most(on_fake, high);
  return cast(maximum(d, 1.0 - g), DType::f32);
}

Tensor Balance::g_moves(const Tensor& on_real, const Tensor& on_fake) const {
  const Tensor d = at_least(on_real, low) * at_least(on_fake, low), g = at_most(on_real, high) * at_most(on_fake, high);
  return cast(maximum(g, 1.0 - d), DType::f32);
}

}  // namespace ganymede
