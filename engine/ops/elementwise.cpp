#include "engine/ops/elementwise.h"

#include <algorithm>

#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/create.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"

namespace ganymede {

using kernels::Binary;
using kernels::Kernels;
using kernels::Stream;
using kernels::UnaryOp;

namespace {

// Output dimensions merged where both operands step alike, so that most calls reach the kernel as one long row.
kernels::ElementwiseKernels::Broadcast broadcast_plan(const Shape& out, const Shape& a, const Shape& b) {
  kernels::ElementwiseKernels::Broadcast plan{};
  int64_t step_a = 1, step_b = 1;
  std::vector<std::array<int64_t, 3>> axes;  // innermost first: extent, stride in a, stride in b
  for (int i = out.rank() - 1; i >= 0; --i) {
    const int ia = i - (out.rank() - a.rank()), ib = i - (out.rank() - b.rank());
    const int64_t da = ia < 0 ? 1 : a[ia], db = ib < 0 ? 1 : b[ib];
    const int64_t sa = da == 1 ? 0 : step_a, sb = db == 1 ? 0 : step_b;
    step_a *= da, step_b *= db;
    if (out[i] == 1) continue;
    if (!axes.empty()) {
      auto& last = axes.back();
      if (sa == last[1] * last[0] && sb == last[2] * last[0]) {
        last[0] *= out[i];
        continue;
      }
    }
    axes.push_back({out[i], sa, sb});
  }
  if (axes.empty()) axes.push_back({1, 1, 1});
  plan.rank = int(axes.size());
  for (int i = 0; i < plan.rank; ++i) {
    const auto& axis = axes[plan.rank - 1 - i];
    plan.dims[i] = axis[0], plan.stride_a[i] = axis[1], plan.stride_b[i] = axis[2];
  }
  return plan;
}

Tensor binary_kernel(const char* name, Binary op, const Tensor& a, const Tensor& b) {
  require(a.device() == b.device(), name, ": tensors on ", a.device(), " and ", b.device());
  require(a.dtype() == b.dtype(), name, ": ", a.dtype(), " and ", b.dtype());
  const Shape shape = broadcast(name, a.shape(), b.shape());
  Tensor c(shape, a.dtype(), a.device());
  if (c.count() == 0) return c;
  const auto plan = broadcast_plan(shape, a.shape(), b.shape());
  launch(c.device(), [op, t = a.dtype(), plan, pa = a.data(), pb = b.data(), pc = c.data()](const Kernels& k, Stream s) {
    k.elementwise.binary(s, op, t, plan, pa, pb, pc);
  });
  return c;
}

// Brings mixed f32 and bf16 operands to f32.
std::pair<Tensor, Tensor> promote(const Tensor& a, const Tensor& b) {
  if (a.dtype() == b.dtype()) return {a, b};
  if (a.dtype() == DType::bf16 && b.dtype() == DType::f32) return {cast(a, DType::f32), b};
  if (a.dtype() == DType::f32 && b.dtype() == DType::bf16) return {a, cast(b, DType::f32)};
  return {a, b};
}

using Partial = Tensor (*)(const Tensor& g, const Tensor& a, const Tensor& b);

// A differentiable binary op from its two partial derivatives.
Tensor binary(const char* name, Binary op, const Tensor& left, const Tensor& right, Partial da, Partial db, bool linear = false) {
  const auto [a, b] = promote(left, right);
  const Tensor none;
  return record(name, binary_kernel(name, op, a, b), {a, b},
                [da, db, sa = Saved(name, linear ? none : a), sb = Saved(name, linear ? none : b), shape_a = a.shape(), shape_b = b.shape()](Backward& back) {
                  const Tensor& g = back.grad();
                  if (back.needs(0)) back.results[0] = sum_to(da(g, sa(), sb()), shape_a);
                  if (back.needs(1)) back.results[1] = sum_to(db(g, sa(), sb()), shape_b);
                });
}

Tensor unary_kernel(const UnaryOp& op, const Tensor& x, const Tensor& bias) {
  Tensor y(x.shape(), x.dtype(), x.device());
  launch(x.device(), [op, t = x.dtype(), n = x.count(), p = x.data(), b = bias.defined() ? bias.data() : nullptr,
                      c = bias.defined() ? bias.count() : 1, q = y.data()](const Kernels& k, Stream s) { k.elementwise.unary(s, op, t, n, p, b, c, q); });
  return y;
}

// d f'(.)/d reference in terms of the same reference; undefined where it is zero.
Tensor second_derivative(const UnaryOp& op, const Tensor& r) {
  constexpr double kInverseRootTau = 0.39894228040143267794;  // 1 / sqrt(2 pi)
  switch (op.op) {
    case Unary::exp: return scale(r, 0, 1);
    case Unary::sqrt: return scale(pow(r, -2), -0.5);
    case Unary::rsqrt: return scale(square(r), -1.5);
    case Unary::reciprocal: return scale(r, -2);
    case Unary::elu:
    case Unary::selu: return scale(unary(Unary::step, r), -1, 1);
    case Unary::softplus: return exp(-r);
    case Unary::sigmoid: return scale(r, -2, 1);
    case Unary::tanh: return scale(r, -2);
    case Unary::log: return scale(pow(r, -2), -1);
    case Unary::square: return scale(r, 0, 2);
    case Unary::sin: return -sin(r);
    case Unary::cos: return -cos(r);
    case Unary::power: return scale(pow(r, op.alpha - 2), op.alpha * (op.alpha - 1));
    case Unary::gelu: return mul(scale(exp(scale(square(r), -0.5)), kInverseRootTau), scale(square(r), -1, 2));
    case Unary::silu: {
      const Tensor s = sigmoid(r);
      return mul(mul(s, scale(s, -1, 1)), scale(mul(r, scale(s, -2, 1)), 1, 2));
    }
    default: return {};  // piecewise linear
  }
}

bool piecewise_linear(Unary op) {
  switch (op) {
    case Unary::relu: case Unary::leaky_relu: case Unary::abs: case Unary::clamp: return true;
    default: return false;
  }
}

// g * f'(reference): linear in g, and a function of the reference.
Tensor unary_gradient(const UnaryOp& op, const Tensor& reference, const Tensor& g) {
  require(g.dtype() == reference.dtype(), "unary_gradient: ", g.dtype(), " and ", reference.dtype());
  Tensor dx(g.shape(), g.dtype(), g.device());
  launch(g.device(), [op, t = g.dtype(), n = g.count(), r = reference.data(), p = g.data(), q = dx.data()](const Kernels& k, Stream s) {
    k.elementwise.unary_gradient(s, op, t, n, r, p, q);
  });
  // A piecewise linear function's derivative does not change with the reference: that path is cut here.
  const Tensor past = piecewise_linear(op.op) ? reference.constant() : reference;
  const Activation f{op.op, op.alpha};
  return record("unary_gradient", dx, {past, g}, [op, f, r = Saved("unary_gradient", past), sg = Saved("unary_gradient", g)](Backward& back) {
    const auto [h, left] = cotangent_behind(back, f, r());
    if (back.needs(1)) back.results[1] = left.none() ? h : unary_gradient(op, r(), h);
    if (back.needs(0))
      if (const Tensor second = second_derivative(op, r())) back.results[0] = mul(mul(h, sg()), second);
  }, false, mask_of(f, reference));
}

bool zero_gradient(Unary op) { return op == Unary::sign || op == Unary::step; }

Tensor biased_unary(const UnaryOp& op, const Tensor& x, const Tensor& bias) {
  require(is_floating(x.dtype()), "an element-wise function of ", x.dtype(), " numbers");
  const Tensor y = unary_kernel(op, x, bias);
  if (zero_gradient(op.op)) return y;
  const bool from_value = derivative_from_value(op.op), linear = op.op == Unary::identity;
  return record("unary", y, {x, bias}, [op, from_value, linear, r = Saved("unary", from_value || linear ? Tensor{} : x), shape = bias.defined() ? bias.shape() : Shape{},
                                        t = bias.defined() ? bias.dtype() : DType::f32](Backward& back) {
    const Tensor reference = from_value ? back.output() : r();
    const auto [g, left] = cotangent_behind(back, {op.op, op.alpha}, reference);
    const Tensor dx = left.none() ? g : unary_gradient(op, reference, g);
    if (back.needs(0)) back.results[0] = dx;
    if (back.needs(1)) back.results[1] = sum_to(dx, shape, t);
  }, from_value, mask_of({op.op, op.alpha}, y));
}

}  // namespace

bool derivative_from_value(Unary op) {
  switch (op) {
    case Unary::relu: case Unary::leaky_relu: case Unary::elu: case Unary::selu: case Unary::softplus: case Unary::sigmoid:
    case Unary::tanh: case Unary::exp: case Unary::sqrt: case Unary::rsqrt: case Unary::reciprocal: return true;
    default: return false;
  }
}

// Whether `by` is one number that the host knows, which combines with x into x's shape and type.
static bool is_number_beside(const Tensor& by, const Tensor& x) {
  return uniform_value(by) && by.dtype() == x.dtype() && broadcast("a number", by.shape(), x.shape()) == x.shape();
}

Tensor add(const Tensor& a, const Tensor& b) {
  if (is_number_beside(a, b)) return scale(b, 1, *uniform_value(a));
  if (is_number_beside(b, a)) return scale(a, 1, *uniform_value(b));
  return binary("add", Binary::add, a, b, [](const Tensor& g, const Tensor&, const Tensor&) { return g; },
                [](const Tensor& g, const Tensor&, const Tensor&) { return g; }, true);
}

Tensor sub(const Tensor& a, const Tensor& b) {
  return binary("sub", Binary::sub, a, b, [](const Tensor& g, const Tensor&, const Tensor&) { return g; },
                [](const Tensor& g, const Tensor&, const Tensor&) { return -g; }, true);
}

Tensor mul(const Tensor& a, const Tensor& b) {
  if (is_number_beside(a, b)) return scale(b, *uniform_value(a));
  if (is_number_beside(b, a)) return scale(a, *uniform_value(b));
  return binary("mul", Binary::mul, a, b, [](const Tensor& g, const Tensor&, const Tensor& y) { return mul(g, y); },
                [](const Tensor& g, const Tensor& x, const Tensor&) { return mul(g, x); });
}

Tensor div(const Tensor& a, const Tensor& b) {
  return binary("div", Binary::div, a, b, [](const Tensor& g, const Tensor&, const Tensor& y) { return div(g, y); },
                [](const Tensor& g, const Tensor& x, const Tensor& y) { return -div(mul(g, x), square(y)); });
}

Tensor maximum(const Tensor& a, const Tensor& b) {
  return binary("maximum", Binary::maximum, a, b,
                [](const Tensor& g, const Tensor& x, const Tensor& y) { return mul(g, scale(greater(x, y) + greater_equal(x, y), 0.5)); },
                [](const Tensor& g, const Tensor& x, const Tensor& y) { return mul(g, scale(greater(y, x) + greater_equal(y, x), 0.5)); });
}

Tensor minimum(const Tensor& a, const Tensor& b) {
  return binary("minimum", Binary::minimum, a, b,
                [](const Tensor& g, const Tensor& x, const Tensor& y) { return mul(g, scale(greater(y, x) + greater_equal(y, x), 0.5)); },
                [](const Tensor& g, const Tensor& x, const Tensor& y) { return mul(g, scale(greater(x, y) + greater_equal(x, y), 0.5)); });
}

Tensor pow(const Tensor& a, const Tensor& b) {
  return binary("pow", Binary::power, a, b,
                [](const Tensor& g, const Tensor& x, const Tensor& y) { return mul(g, mul(y, pow(x, scale(y, 1, -1)))); },
                [](const Tensor& g, const Tensor& x, const Tensor& y) {
                  // x <= 0 has no logarithm: its share is zero, as in PyTorch for x = 0.
                  const Tensor positive = unary(Unary::step, x);
                  const Tensor safe = add(mul(x, positive), scale(positive, -1, 1));
                  return mul(g, mul(mul(pow(safe, y), log(safe)), positive));
                });
}

Tensor greater(const Tensor& a, const Tensor& b) { const auto [x, y] = promote(a, b); return binary_kernel("greater", Binary::greater, x, y); }
Tensor greater_equal(const Tensor& a, const Tensor& b) { const auto [x, y] = promote(a, b); return binary_kernel("greater_equal", Binary::greater_equal, x, y); }
Tensor equal(const Tensor& a, const Tensor& b) { const auto [x, y] = promote(a, b); return binary_kernel("equal", Binary::equal, x, y); }

Tensor scale(const Tensor& x, double alpha, double beta) {
  if (const auto value = uniform_value(x)) return uniform_constant(x.shape(), alpha * *value + beta, x.dtype(), x.device());
  require(is_floating(x.dtype()), "scale: a tensor of ", x.dtype());
  Tensor y(x.shape(), x.dtype(), x.device());
  launch(x.device(), [t = x.dtype(), n = x.count(), alpha, beta, p = x.data(), q = y.data()](const Kernels& k, Stream s) {
    k.elementwise.axpby(s, t, n, alpha, p, 0, nullptr, beta, q);
  });
  if (alpha == 0) return y;
  return record("scale", y, {x}, [alpha](Backward& b) { b.results[0] = alpha == 1 ? b.grad() : scale(b.grad(), alpha); });
}

Tensor mix(const Tensor& a, const Tensor& b, const Tensor& weight) {
  const DType t = a.dtype() == DType::f64 ? DType::f64 : DType::f32;
  require(a.rank() > 0 && a.shape() == b.shape() && weight.count() == a.dim(0) && weight.dtype() == t, "mix: ", a.dtype(), " ", a.shape(), " and ", b.dtype(), " ", b.shape(), " by ", weight.dtype(), " ", weight.shape());
  Tensor y(a.shape(), t, a.device());
  launch(a.device(), [ta = a.dtype(), tb = b.dtype(), rows = a.dim(0), n = a.count(), w = weight.data(), pa = a.data(), pb = b.data(), py = y.data()](const Kernels& k, Stream s) {
    k.elementwise.mix(s, ta, tb, rows, n / std::max<int64_t>(rows, 1), w, pa, pb, py);
  });
  return record("mix", y, {a, b, weight}, [t, sa = Saved("mix", a), sb = Saved("mix", b), sw = Saved("mix", weight)](Backward& back) {
    const Tensor &g = back.grad(), &a = sa(), &b = sb();
    std::vector<int64_t> each(size_t(a.rank()), 1);
    each[0] = a.dim(0);
    const Tensor w = reshape(sw(), Shape(each));
    if (back.needs(0)) back.results[0] = cast(g * w, a.dtype());
    if (back.needs(1)) back.results[1] = cast(g * (1.0 - w), b.dtype());
    if (back.needs(2)) back.results[2] = reshape(sum_to(g * (cast(a, t) - cast(b, t)), w.shape()), sw().shape());
  });
}

bool fusable(Unary op) {
  return op == Unary::identity || op == Unary::relu || op == Unary::leaky_relu || op == Unary::sigmoid || op == Unary::tanh;
}

Tensor unary(Unary op, const Tensor& x, double alpha, double beta) {
  if (op == Unary::scale) return scale(x, alpha, beta);
  if (op == Unary::neg) return scale(x, -1);
  if (op == Unary::identity) return x;
  if (op == Unary::power && alpha == 1) return x;
  if (op == Unary::power && alpha == 0) return scale(x, 0, 1);
  return biased_unary({op, alpha, beta}, x, {});
}

Tensor prelu(const Tensor& x, const Tensor& slope) {
  require(slope.rank() == 1 && (slope.count() == 1 || slope.count() == x.dim(-1)), "prelu: slope ", slope.shape(), " for x ", x.shape(), ", expected [", x.dim(-1), "] or [1]");
  return cast(relu(x) - relu(-x) * slope, x.dtype());
}

Tensor activate(const Tensor& x, const Activation& f) { return unary(f.op, x, f.alpha); }

Tensor add_then_activate(const Tensor& x, const Tensor& residual, const Activation& f) {
  const Tensor sum = residual ? x + residual : x;
  return f.none() ? sum : activate(sum, f);
}

Tensor bias_activation(const Tensor& x, const Tensor& bias, const Activation& f) {
  if (!bias.defined()) return activate(x, f);
  require(bias.rank() == 1 && bias.dim(0) == x.dim(-1), "bias of shape ", bias.shape(), " for a tensor of shape ", x.shape(),
          ": it must have one entry a channel (last axis)");
  if (f.none() || derivative_from_value(f.op)) return biased_unary({f.op, f.alpha, 0}, x, bias);
  return activate(biased_unary({Unary::identity, 0, 0}, x, bias), f);
}

Tensor activation_gradient(const Activation& f, const Tensor& y, const Tensor& g) {
  return f.none() ? g : unary_gradient({f.op, f.alpha, 0}, y, g);
}

Mask mask_of(const Activation& f, const Tensor& y) {
  if (f.op == Unary::relu) return {Saved("mask", y.constant()), 0};
  return f.op == Unary::leaky_relu ? Mask{Saved("mask", y.constant()), f.alpha} : Mask{};
}

Cotangent cotangent_behind(const Backward& b, const Activation& f, const Tensor& y) {
  const Tensor &above = b.grad(), behind = b.behind_mask();
  if (!behind) return {above, f};
  return {above ? activation_gradient(f, y, above) + behind : behind, {}};
}

BiasedGradient bias_activation_gradient(const Activation& f, const Tensor& y, const Tensor& g, bool bias_asked, const Shape& bias, DType bias_type) {
  const DType sums = g.dtype() == DType::f64 ? DType::f64 : DType::f32;
  if (f.none() || !bias_asked || context().recording || bias_type != sums) {
    const Tensor to_sum = activation_gradient(f, y, g);
    return {to_sum, bias_asked ? sum_to(to_sum, bias, bias_type) : Tensor{}};
  }
  const BiasedGradient d{empty_like(g), Tensor(bias, sums, g.device())};
  const int64_t channels = bias.count(), rows = g.count() / std::max<int64_t>(channels, 1);
  const Tensor memory = workspace(g.device(), [&](const Kernels& k) { return k.elementwise.bias_gradient_workspace(g.dtype(), rows, channels); });
  launch(g.device(), [op = UnaryOp{f.op, f.alpha, 0}, t = g.dtype(), rows, channels, r = y.data(), p = g.data(), q = d.to_sum.data(), b = d.to_bias.data(), w = data_or_null(memory)](const Kernels& k, Stream s) {
    k.elementwise.bias_gradient(s, op, t, rows, channels, r, p, q, b, w);
  });
  return d;
}

Tensor cast(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  if (const auto value = uniform_value(x); value && is_floating(dtype)) return uniform_constant(x.shape(), *value, dtype, x.device());
  Tensor y(x.shape(), dtype, x.device());
  launch(x.device(), [from = x.dtype(), dtype, n = x.count(), p = x.data(), q = y.data()](const Kernels& k, Stream s) {
    k.elementwise.cast(s, from, dtype, n, p, q);
  });
  if (!is_floating(dtype) || !is_floating(x.dtype())) return y;
  return record("cast", y, {x}, [from = x.dtype()](Backward& b) { b.results[0] = cast(b.grad(), from); });
}

}  // namespace ganymede
