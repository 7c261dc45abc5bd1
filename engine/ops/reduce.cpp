#include "engine/ops/reduce.h"

#include <algorithm>

#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/create.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/shape.h"

namespace ganymede {

using kernels::Kernels;
using kernels::Reduction;
using kernels::Stream;

namespace {

std::vector<bool> marked(const Tensor& x, const Axes& axes) {
  std::vector<bool> m(x.rank(), axes.empty());
  for (int a : axes) m[x.shape().axis(a)] = true;
  return m;
}

Shape dropped_shape(const Shape& shape, const std::vector<bool>& reduced) {
  Shape s;
  for (int i = 0; i < shape.rank(); ++i)
    if (!reduced[i]) s.push_back(shape[i]);
  return s;
}

Tensor reduce_run(Reduction op, const Tensor& x, int64_t outer, int64_t reduce, int64_t inner, DType out, double eps = 0) {
  const kernels::Reduce problem{op, outer, reduce, inner, x.dtype(), out, eps};
  Tensor y({outer, inner}, out, x.device());
  const Tensor memory = workspace(x.device(), [&](const Kernels& k) { return k.reduce.workspace_bytes(problem); });
  launch(x.device(), [problem, p = x.data(), q = y.data(), w = data_or_null(memory)](const Kernels& k, Stream s) {
    k.reduce.reduce(s, problem, p, q, w);
  });
  return y;
}

// One kernel a run of neighbouring axes; kept axes have extent 1 in the result.
Tensor reduce_kernel(Reduction op, const Tensor& x, const std::vector<bool>& reduced, DType out) {
  require(is_floating(x.dtype()), "a reduction of ", x.dtype(), " numbers");
  Tensor y = x.constant();
  Shape shape = x.shape();
  bool any = false;
  for (int i = 0; i < x.rank(); ++i) {
    if (!reduced[i]) continue;
    int end = i;
    while (end + 1 < x.rank() && reduced[end + 1]) ++end;
    int64_t outer = 1, run = 1, inner = 1;
    for (int j = 0; j < x.rank(); ++j) (j < i ? outer : j <= end ? run : inner) *= shape[j];
    for (int j = i; j <= end; ++j) shape[j] = 1;
    if (run != 1 || y.dtype() != out) y = reduce_run(op, y, outer, run, inner, out), any = true;
    i = end;
  }
  if (!any) {
    if (y.dtype() != out) y = cast(y, out).constant();
    else if (y.storage() == x.storage()) y = y.viewed(shape);
  }
  return y.viewed(shape);
}

DType sum_type(DType t) { return t == DType::bf16 ? DType::f32 : t; }

Shape kept_shape(Shape shape, const std::vector<bool>& reduced) {
  for (int i = 0; i < shape.rank(); ++i)
    if (reduced[i]) shape[i] = 1;
  return shape;
}

Tensor sum_marked(const Tensor& x, const std::vector<bool>& reduced, DType out) {
  if (const auto value = uniform_value(x)) {
    const Shape shape = kept_shape(x.shape(), reduced);
    return uniform_constant(shape, *value * double(x.count()) / double(std::max<int64_t>(shape.count(), 1)), out, x.device());
  }
  return record("sum", reduce_kernel(Reduction::sum, x, reduced, out), {x}, [shape = x.shape(), t = x.dtype()](Backward& b) {
    b.results[0] = broadcast_to(cast(b.grad(), t), shape);
  });
}

// sqrt(sum of x^2 + eps) over neighbouring axes.
Tensor norm_marked(const Tensor& x, const std::vector<bool>& reduced, double eps) {
  const Shape shape = kept_shape(x.shape(), reduced);
  int64_t outer = 1, inner = 1;
  for (int i = 0, passed = false; i < x.rank(); ++i) reduced[i] ? passed = true : (passed ? inner : outer) *= x.shape()[i];
  const Tensor y = reduce_run(Reduction::norm, x, outer, x.count() / std::max<int64_t>(outer * inner, 1), inner, sum_type(x.dtype()), eps).viewed(shape);
  return record("norm", y, {x}, [sx = Saved("norm", x)](Backward& b) {
    b.results[0] = mul(sx(), cast(div(b.grad(), b.output()), sx().dtype()));
  }, true);
}

bool neighbours(const std::vector<bool>& marked) {
  int runs = 0;
  for (size_t i = 0; i < marked.size(); ++i) runs += marked[i] && (i == 0 || !marked[i - 1]);
  return runs == 1;
}

Tensor extremum(const char* name, Reduction op, const Tensor& x, const Axes& axes, bool keep) {
  const auto reduced = marked(x, axes);
  require(x.count() > 0, name, " of an empty tensor of shape ", x.shape());
  const Tensor y = reduce_kernel(op, x, reduced, x.dtype());
  const Tensor kept = record(name, y, {x}, [sx = Saved(name, x), sy = Saved(name, y.constant()), reduced](Backward& b) {
    const Tensor hits = equal(sx().constant(), sy());
    const Tensor share = div(hits, reduce_kernel(Reduction::sum, hits, reduced, hits.dtype()));
    b.results[0] = mul(broadcast_to(b.grad(), share.shape()), share);
  });
  return keep ? kept : reshape(kept, dropped_shape(x.shape(), reduced));
}

}  // namespace

Tensor sum(const Tensor& x, const Axes& axes, bool keep) {
  const auto reduced = marked(x, axes);
  const Tensor y = sum_marked(x, reduced, sum_type(x.dtype()));
  return keep ? y : reshape(y, dropped_shape(x.shape(), reduced));
}

Tensor mean(const Tensor& x, const Axes& axes, bool keep) {
  const auto reduced = marked(x, axes);
  const Shape shape = kept_shape(x.shape(), reduced);
  const double share = double(std::max<int64_t>(shape.count(), 1)) / double(std::max<int64_t>(x.count(), 1));
  // The mean of an empty tensor is 0, which the kernel's division would not give.
  const Tensor value = reduce_kernel(x.count() > 0 ? Reduction::mean : Reduction::sum, x, reduced, sum_type(x.dtype()));
  const Tensor y = record("mean", value, {x}, [share, from = x.shape(), t = x.dtype()](Backward& b) {
    b.results[0] = broadcast_to(cast(scale(b.grad(), share), t), from);
  });
  return keep ? y : reshape(y, dropped_shape(x.shape(), reduced));
}

Tensor max(const Tensor& x, const Axes& axes, bool keep) { return extremum("max", Reduction::max, x, axes, keep); }
Tensor min(const Tensor& x, const Axes& axes, bool keep) { return extremum("min", Reduction::min, x, axes, keep); }

Tensor logsumexp(const Tensor& x, const Axes& axes, bool keep) {
  const auto reduced = marked(x, axes);
  const Tensor top = reduce_kernel(Reduction::max, x, reduced, x.dtype());  // a constant: any shift gives the same value
  const Tensor y = add(log(cast(sum(exp(sub(x, top)), axes, true), x.dtype())), top);
  return keep ? y : reshape(y, dropped_shape(x.shape(), reduced));
}

Tensor norm(const Tensor& x, const Axes& axes, bool keep, double eps) {
  const auto reduced = marked(x, axes);
  if (eps > 0 && neighbours(reduced)) {
    const Tensor y = norm_marked(x, reduced, eps);
    return keep ? y : reshape(y, dropped_shape(x.shape(), reduced));
  }
  Tensor squares = sum(square(x), axes, true);
  if (eps == 0) {
    // sqrt has no derivative at 0: where the sum is 0 the root of 1 is taken and masked away.
    const Tensor zero = equal(squares.constant(), zeros_like(squares));
    const Tensor y = mul(sqrt(add(squares, zero)), scale(zero, -1, 1));
    return keep ? y : reshape(y, dropped_shape(x.shape(), reduced));
  }
  const Tensor y = sqrt(scale(squares, 1, eps));
  return keep ? y : reshape(y, dropped_shape(x.shape(), reduced));
}

Tensor argmax(const Tensor& x, int axis) {
  const int a = x.shape().axis(axis);
  int64_t outer = 1, inner = 1;
  for (int i = 0; i < x.rank(); ++i) (i < a ? outer : inner) *= i == a ? 1 : x.shape()[i];
  return reduce_run(Reduction::argmax, x, outer, x.shape()[a], inner, DType::i64).viewed(x.shape().without(a));
}

Tensor sum_to(const Tensor& x, const Shape& shape, DType dtype) {
  if (x.shape() == shape) return cast(x, dtype);
  require(shape.rank() <= x.rank(), "sum_to: shape ", x.shape(), " to ", shape);
  std::vector<bool> reduced(x.rank());
  for (int i = 0; i < x.rank(); ++i) {
    const int j = i - (x.rank() - shape.rank());
    reduced[i] = j < 0 || (shape[j] == 1 && x.shape()[i] != 1);
    require(reduced[i] || shape[j] == x.shape()[i], "sum_to: shape ", x.shape(), " to ", shape);
  }
  const DType type = dtype == DType::bf16 ? DType::f32 : dtype;
  return cast(reshape(sum_marked(x, reduced, x.dtype() == DType::bf16 ? DType::f32 : x.dtype()), shape), type == dtype ? dtype : DType::bf16);
}

Tensor sum_to(const Tensor& x, const Shape& shape) { return sum_to(x, shape, x.dtype()); }

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  require(broadcast("broadcast_to", x.shape(), shape) == shape, "broadcast_to: shape ", x.shape(), " does not broadcast to ", shape);
  if (const auto value = uniform_value(x)) return uniform_constant(shape, *value, x.dtype(), x.device());
  kernels::ElementwiseKernels::Strided plan{};
  plan.rank = shape.rank();
  int64_t step_from = 1, step_to = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    const int j = i - (shape.rank() - x.rank());
    const int64_t extent = j < 0 ? 1 : x.shape()[j];
    plan.dims[i] = shape[i];
    plan.stride_from[i] = extent == 1 ? 0 : step_from;
    plan.stride_to[i] = step_to;
    step_from *= extent, step_to *= shape[i];
  }
  Tensor y(shape, x.dtype(), x.device());
  launch(x.device(), [plan, bytes = int(dtype_bytes(x.dtype())), p = x.data(), q = y.data()](const Kernels& k, Stream s) { k.elementwise.copy(s, plan, bytes, p, q); });
  return record("broadcast_to", y, {x}, [small = x.shape()](Backward& b) { b.results[0] = sum_to(b.grad(), small); });
}

}  // namespace ganymede
