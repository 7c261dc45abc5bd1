#include "engine/ops/loss.h"

#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/create.h"

namespace ganymede {
namespace {

using kernels::Kernels;
using kernels::Stream;

DType wide(DType t) { return t == DType::f64 ? DType::f64 : DType::f32; }

// f'(u) in ordinary ops; undefined: 1.
Tensor slope(Unary f, const Tensor& u) {
  switch (f) {
    case Unary::abs: return unary(Unary::sign, u);
    case Unary::square: return u * 2.0;
    case Unary::relu: return unary(Unary::step, u);
    case Unary::softplus: return sigmoid(u);
    case Unary::sigmoid: {
      const Tensor s = sigmoid(u);
      return s - square(s);
    }
    default: return {};
  }
}

// Where the gradient may be differentiated again.
void composed_gradient(const LossForm& form, const Tensor& x, const Tensor& t, Backward& b) {
  const DType type = wide(x.dtype());
  Tensor u = scale(cast(x, type), form.sign, form.shift);
  if (t.defined()) u = u - cast(t, type);
  const Tensor d = slope(form.f, u), g = b.grad() * form.factor;
  const Tensor to_u = mul(g, d.defined() ? d : ones_like(u));
  if (b.needs(0)) b.results[0] = cast(to_u * form.sign, x.dtype());
  if (b.needs(1)) b.results[1] = cast(-to_u, t.dtype());
}

}  // namespace

Tensor loss_sum(const LossForm& form, const Tensor& x, const Tensor& t) {
  require(is_floating(x.dtype()) && (!t.defined() || (is_floating(t.dtype()) && t.shape() == x.shape() && t.device() == x.device())),
          "loss_sum: ", x.dtype(), " ", x.shape(), " and ", t.defined() ? t.dtype() : x.dtype(), " ", t.defined() ? t.shape() : x.shape());
  const kernels::Loss problem{form.f, form.sign, form.shift, form.factor, x.count(), x.dtype(), t.defined() ? t.dtype() : x.dtype()};
  Tensor y(Shape{}, wide(x.dtype()), x.device());
  const Tensor memory = workspace(x.device(), [&](const Kernels& k) { return k.loss.workspace_bytes(problem); });
  launch(x.device(), [problem, px = x.data(), pt = data_or_null(t), py = y.data(), w = data_or_null(memory)](const Kernels& k, Stream s) { k.loss.value(s, problem, px, pt, py, w); });
  return record("loss_sum", y, {x, t}, [form, problem, sx = Saved("loss_sum", x), st = Saved("loss_sum", t)](Backward& b) {
    const Tensor &x = sx(), &t = st();
    if (context().recording) return composed_gradient(form, x, t, b);
    kernels::Loss p = problem;
    const auto known = uniform_value(b.grad());
    if (known) p.factor *= *known;
    const Tensor dx = b.needs(0) ? empty_like(x) : Tensor{}, dt = b.needs(1) ? empty_like(t) : Tensor{};
    launch(x.device(), [p, g = known ? nullptr : b.grad().data(), px = x.data(), pt = data_or_null(t), qx = data_or_null(dx), qt = data_or_null(dt)](const Kernels& k, Stream s) {
      k.loss.gradient(s, p, g, px, pt, qx, qt);
    });
    b.results = {dx, dt};
  });
}

}  // namespace ganymede
