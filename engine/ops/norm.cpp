#include "engine/ops/norm.h"

#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/create.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/use_record.h"

namespace ganymede {

using kernels::Kernels;
using kernels::Norm;
using kernels::NormRole;
using kernels::Stream;

namespace {

// The same function in ordinary ops: what the fused op's higher derivatives are made of. x, gamma, beta as given.
Tensor composed(const Norm& v, const Shape& affine, const Tensors& in) {
  const Tensor x = reshape(cast(in[0], v.dtype == DType::f64 ? DType::f64 : DType::f32), Shape{v.outer, v.rows, v.groups, v.width});
  const Tensor centred = v.centred ? x - mean(x, {1, 3}, true) : x;
  Tensor y = mul(centred, rsqrt(mean(square(centred), {1, 3}, true) + v.eps));
  const auto shaped = [&](const Tensor& t) { return reshape(t, Shape{affine.rank() == 2 ? v.outer : 1, 1, v.groups, v.width}); };
  if (in[1].defined()) y = mul(y, shaped(in[1]));
  if (in[2].defined()) y = add(y, shaped(in[2]));
  return cast(reshape(y, in[0].shape()), in[0].dtype());
}

Tensor workspace_for(const Norm& v, const Device& device) {
  return workspace(device, [&](const Kernels& k) { return k.norm.workspace_bytes(v); });
}

// Notes the use for who measures its variants; into how many launches the device cuts it.
int launches_of(NormRole role, const Norm& v, const Device& device, bool follows = false) {
  NormRecord::note({role, v});
  return asked_of(device, 1, [&](const Kernels& k) { return k.norm.launches(role, v, follows); });
}

// What the backward of a norm took and found, for its own backward. dgamma and dbeta: [outer, channels].
struct Gradient {
  Saved x, g, gamma;
  Tensor mean, rstd, dgamma, dbeta;
};

// The gradients of a norm's backward with respect to x, gamma and g by the composed function: of any order.
Tensors composed_second_gradient(const Norm& v, const Shape& affine, const Gradient& of, bool has_beta, const Backward& b) {
  Tensors h{b.grad(0), of.gamma().defined() ? b.grad(1) : Tensor{}, Tensor{}};
  Tensors inputs{of.x(), of.gamma(), Tensor{}};
  // beta enters the function by addition only: its gradient's cotangent meets g alone.
  if (has_beta && b.grad(2).defined()) inputs[2] = zeros_like(b.grad(2)), h[2] = b.grad(2);
  const Tensors d = differentiate_gradient([&](const Tensors& in) { return composed(v, affine, in); }, inputs, of.g(), h,
                                           {b.needs(0), b.needs(1), false, b.needs(2)});
  return {d[0], d[1], d[3]};
}

// The same in one go, not to be differentiated again. The cotangent of dx is defined.
Tensors second_gradient(const Norm& v, const Gradient& of, const Backward& b) {
  const Tensor &x = of.x(), &gamma = of.gamma();
  const Device device = x.device();
  const int64_t channels = v.groups * v.width;
  const Tensor to_x = b.needs(0) ? empty_like(x) : Tensor{}, to_g = b.needs(2) ? empty_like(x) : Tensor{};
  const Tensor to_gamma = b.needs(1) ? Tensor({v.outer, channels}, of.dgamma.dtype(), device) : Tensor{};
  const Tensor memory = workspace(device, [&](const Kernels& k) { return k.norm.second_workspace_bytes(v); });
  const kernels::NormSecond arguments{x.data(), of.g().data(), of.mean.data(), of.rstd.data(), data_or_null(gamma), of.dgamma.data(), of.dbeta.data(), b.grad(0).data(),
                                      data_or_null(b.grad(1)), data_or_null(b.grad(2)), data_or_null(to_g), data_or_null(to_x), data_or_null(to_gamma)};
  launch(device, [v, arguments, w = data_or_null(memory)](const Kernels& k, Stream s) { k.norm.second_gradient(s, v, arguments, w); },
         launches_of(NormRole::second_gradient, v, device));
  return {to_x, to_gamma.defined() ? reshape(sum_to(to_gamma, gamma.rank() == 2 ? to_gamma.shape() : Shape{1, channels}), gamma.shape()) : Tensor{}, to_g};
}

// So few rows of a shared parameter's gradient are left as parts: a launch to add them up would cost more than who reads them does.
constexpr int64_t kFewRows = 4;

// (dx, dgamma, dbeta) from g: linear in g, and functions of x and gamma. f: the activation behind the norm if g is the gradient
// of its value; such a gradient cannot be differentiated again.
Tensors norm_gradient(const Norm& v, const Activation& f, const Tensor& x, const Tensor& g, const Tensor& gamma, const Tensor& beta, const Tensor& mean, const Tensor& rstd) {
  const DType t = v.dtype == DType::f64 ? DType::f64 : DType::f32;
  const int64_t channels = v.groups * v.width;
  Tensor dx = empty_like(x), dgamma({v.outer, channels}, t, x.device()), dbeta({v.outer, channels}, t, x.device());
  const Tensor memory = workspace_for(v, x.device());
  launch(x.device(), [v, px = x.data(), pg = g.data(), m = mean.data(), r = rstd.data(), ga = data_or_null(gamma), be = data_or_null(beta), f, dg = dgamma.data(), db = dbeta.data(),
                      w = data_or_null(memory), d = dx.data()](const Kernels& k, Stream s) {
    k.norm.gradient(s, v, {f.op, f.alpha, ga, be}, px, pg, m, r, dg, db, d, w);
  }, launches_of(NormRole::gradient, v, x.device()));
  const auto shaped = [&](const Tensor& sums, const Tensor& parameter) {
    if (!context().recording && parameter.defined() && v.outer <= kFewRows) return sums;
    return parameter.defined() ? reshape(sum_to(sums, parameter.rank() == 2 ? sums.shape() : Shape{1, channels}), parameter.shape()).constant() : Tensor({0}, t, x.device());
  };
  const Shape affine = gamma.defined() ? gamma.shape() : beta.defined() ? beta.shape() : Shape{channels};
  return record("norm gradient", {dx, shaped(dgamma, gamma), shaped(dbeta, beta)}, {x, gamma, g},
                [v, affine, has_beta = beta.defined(), saved = Gradient{{"norm gradient", x}, {"norm gradient", g}, {"norm gradient", gamma}, mean, rstd, dgamma, dbeta}](Backward& b) {
    // The kernel's results have no past: whoever differentiates them again gets the composed function.
    const bool fused = !context().recording && b.grad(0).defined();
    const Tensors d = fused ? second_gradient(v, saved, b) : composed_second_gradient(v, affine, saved, has_beta, b);
    for (int i = 0; i < 3; ++i)
      if (b.needs(i)) b.results[i] = d[i];
  });
}

}  // namespace

Normalised normalise(const Tensor& x, const Norm& view, const Tensor& gamma, const Tensor& beta, const Activation& f,
                     const RunningStatistics& running, const Tensor& residual) {
  if (residual && residual.dtype() != x.dtype()) {  // their sum is of the wider type
    Normalised n = normalise(x, view, gamma, beta, {}, running);
    n.y = add_then_activate(n.y, residual, f);
    return n;
  }
  Norm v = view;
  v.dtype = x.dtype();
  const DType t = v.dtype == DType::f64 ? DType::f64 : DType::f32;
  const int64_t channels = v.groups * v.width;
  require(v.outer * v.rows * channels == x.count(), "norm: x ", x.shape(), " does not fit the view [", v.outer, ", ", v.rows, ", ", v.groups, ", ", v.width, "]");
  for (const Tensor& p : {gamma, beta})
    if (p.defined())
      require(p.count() == channels || p.shape() == Shape{v.outer, channels}, "norm: gamma or beta of shape ", p.shape(), ", expected [", channels, "] or [", v.outer, ", ", channels, "]");
  require(!residual || residual.shape() == x.shape(), "norm: a residual of shape ", residual.shape(), " for x ", x.shape(), ": they must be equal");
  const Tensor& affine = gamma.defined() ? gamma : beta;
  v.affine_stride = affine.defined() && affine.rank() == 2 ? channels : 0;
  const bool fused = f.none() || f.op == Unary::relu || f.op == Unary::leaky_relu || f.op == Unary::tanh;
  const Activation in_kernel = fused ? f : Activation{};
  Normalised out{empty_like(x), Tensor({v.outer, v.groups}, t, x.device()), Tensor({v.outer, v.groups}, t, x.device())};
  const Tensor memory = workspace_for(v, x.device());
  if (running.mean.defined())
    require(running.mean.count() == v.groups && running.variance.count() == v.groups, "running statistics of shape ", running.mean.shape(), " for ", v.groups, " channels");
  std::vector<std::shared_ptr<Storage>> moved;
  for (const Tensor& t : {running.mean, running.variance})
    if (t.defined()) moved.push_back(t.storage());
  const kernels::Running kept{running.momentum, data_or_null(running.mean), data_or_null(running.variance)};
  launch(x.device(), [v, px = x.data(), side = data_or_null(residual), m = out.mean.data(), r = out.rstd.data(), ga = data_or_null(gamma), be = data_or_null(beta), f = in_kernel, w = data_or_null(memory),
                      y = out.y.data(), kept](const Kernels& k, Stream s) {
    k.norm.forward(s, v, {f.op, f.alpha, ga, be}, px, side, m, r, kept, y, w);
  }, launches_of(NormRole::forward, v, x.device(), running.mean.defined()));
  note_written(std::move(moved));
  const bool keep = !in_kernel.none();
  out.y = record("norm", out.y, {x, gamma, beta, residual}, [v, f = in_kernel, keep, sums = residual.defined(), sx = Saved("norm", x), sg = Saved("norm", gamma), sb = Saved("norm", beta), mean = out.mean, rstd = out.rstd](Backward& b) {
    // An op of its own where its derivative may be asked for, and where f's argument holds more than the norm.
    const bool apart = keep && (context().recording || sums);
    const Tensor g = apart ? activation_gradient(f, b.output(), b.grad()) : b.grad();
    if (b.needs(3)) b.results[3] = g;
    if (!b.needs(0) && !b.needs(1) && !b.needs(2)) return;
    const Tensors d = norm_gradient(v, apart ? Activation{} : f, sx(), g, sg(), sb(), mean, rstd);
    b.results[0] = d[0];
    for (int i = 1; i < 3; ++i) {
      if (!b.needs(i)) continue;
      const Shape shape = (i == 1 ? sg() : sb()).shape();
      if (d[i].count() == shape.count()) b.results[i] = reshape(d[i], shape);
      else for (int64_t row = 0; row < d[i].dim(0); ++row) b.more.push_back({i, d[i].rows(row, row + 1).viewed(shape)});
    }
  }, keep);
  if (!fused) out.y = activate(out.y, f);
  return out;
}

Norm batch_view(const Tensor& x, double eps) { return {1, x.count() / std::max<int64_t>(x.dim(-1), 1), x.dim(-1), 1, eps, true, 0, x.dtype()}; }

Norm instance_view(const Tensor& x, double eps) {
  require(x.rank() == 4, "instance norm: x ", x.shape(), " must be [N, H, W, C]");
  return {x.dim(0), x.dim(1) * x.dim(2), x.dim(3), 1, eps, true, 0, x.dtype()};
}

Norm layer_view(const Tensor& x, double eps) {
  return {x.dim(0), x.count() / std::max<int64_t>(x.dim(0) * x.dim(-1), 1), 1, x.dim(-1), eps, true, 0, x.dtype()};
}

Norm sample_view(const Tensor& x, double eps) { return {x.dim(0), 1, 1, x.count() / std::max<int64_t>(x.dim(0), 1), eps, true, 0, x.dtype()}; }

Norm group_view(const Tensor& x, int groups, double eps) {
  require(x.rank() == 4 && groups > 0 && x.dim(3) % groups == 0, "group norm: ", groups, " groups of x ", x.shape());
  return {x.dim(0), x.dim(1) * x.dim(2), groups, x.dim(3) / groups, eps, true, 0, x.dtype()};
}

Norm pixel_view(const Tensor& x, double eps) { return {x.count() / std::max<int64_t>(x.dim(-1), 1), 1, 1, x.dim(-1), eps, false, 0, x.dtype()}; }

Tensor normalise_by(const Tensor& x, const Tensor& mean, const Tensor& variance, double eps, const Tensor& gamma, const Tensor& beta, const Activation& f, const Tensor& residual) {
  const Tensor rstd = rsqrt(variance + eps);
  const Tensor gain = gamma.defined() ? mul(rstd, gamma) : rstd;
  const Tensor shift = beta.defined() ? beta - mul(mean, gain) : -mul(mean, gain);
  return add_then_activate(cast(add(mul(x, gain), shift), x.dtype()), residual, f);
}

}  // namespace ganymede
