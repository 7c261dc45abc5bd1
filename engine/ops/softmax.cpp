#include "engine/ops/softmax.h"

#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"

namespace ganymede {

using kernels::Kernels;
using kernels::SoftmaxKind;
using kernels::Stream;

namespace {

kernels::Softmax problem_of(SoftmaxKind kind, const Tensor& x) { return {kind, x.count() / std::max<int64_t>(x.dim(-1), 1), x.dim(-1), x.dtype()}; }

Tensor gradient(SoftmaxKind kind, const Tensor& y, const Tensor& g) {
  Tensor dx(g.shape(), g.dtype(), g.device());
  launch(g.device(), [p = problem_of(kind, g), py = y.data(), pg = g.data(), d = dx.data()](const Kernels& k, Stream s) { k.softmax.gradient(s, p, py, pg, d); });
  return record("softmax gradient", dx, {y, g}, [kind, sy = Saved("softmax gradient", y), sg = Saved("softmax gradient", g)](Backward& b) {
    const Tensor &y = sy(), &g = sg(), &h = b.grad();
    const auto total = [](const Tensor& t) { return cast(sum(t, {-1}, true), t.dtype()); };
    if (kind == SoftmaxKind::softmax) {
      if (b.needs(0)) b.results[0] = h * (g - total(g * y)) - g * total(h * y);
      if (b.needs(1)) b.results[1] = gradient(kind, y, h);
    } else {
      if (b.needs(0)) b.results[0] = -(h * exp(y) * total(g));
      if (b.needs(1)) b.results[1] = h - broadcast_to(total(h * exp(y)), h.shape());
    }
  });
}

Tensor last_axis(SoftmaxKind kind, const Tensor& x) {
  require(is_floating(x.dtype()) && x.dim(-1) > 0, "softmax of ", x.dtype(), " ", x.shape());
  Tensor y(x.shape(), x.dtype(), x.device());
  launch(x.device(), [p = problem_of(kind, x), px = x.data(), py = y.data()](const Kernels& k, Stream s) { k.softmax.forward(s, p, px, py); });
  return record("softmax", y, {x}, [kind](Backward& b) { b.results[0] = gradient(kind, b.output(), b.grad()); }, true);
}

Tensor over_axis(SoftmaxKind kind, const Tensor& x, int axis) {
  const int a = x.shape().axis(axis);
  if (a == x.rank() - 1) return last_axis(kind, x);
  std::vector<int> to;
  for (int i = 0; i < x.rank(); ++i) to.push_back(i == a ? x.rank() - 1 : i == x.rank() - 1 ? a : i);
  return permute(last_axis(kind, permute(x, to)), to);
}

int64_t row_width(const Shape& x) { return x.count() / std::max<int64_t>(x[0], 1); }

Tensor scatter_rows(const Shape& table, const Tensor& index, const Tensor& g);

Tensor pick_rows(const Tensor& x, const Tensor& index) {
  std::vector<int64_t> dims(index.shape().begin(), index.shape().end());
  for (int i = 1; i < x.rank(); ++i) dims.push_back(x.shape()[i]);
  Tensor y(Shape(dims), x.dtype(), x.device());
  const kernels::Gather p{x.dim(0), index.count(), row_width(x.shape()), x.dtype()};
  launch(x.device(), [p, px = x.data(), at = static_cast<const int64_t*>(index.data()), py = y.data()](const Kernels& k, Stream s) { k.gather.gather(s, p, px, at, py); });
  return record("gather", y, {x}, [index, table = x.shape()](Backward& b) { b.results[0] = scatter_rows(table, index, b.grad()); });
}

Tensor scatter_rows(const Shape& table, const Tensor& index, const Tensor& g) {
  Tensor dx(table, g.dtype(), g.device());
  const kernels::Gather p{table[0], index.count(), row_width(table), g.dtype()};
  const Tensor memory = workspace(g.device(), [&](const Kernels& k) { return k.gather.workspace_bytes(p); });
  launch(g.device(), [p, pg = g.data(), at = static_cast<const int64_t*>(index.data()), d = dx.data(), w = data_or_null(memory)](const Kernels& k, Stream s) {
    k.gather.scatter_add(s, p, pg, at, d, w);
  });
  return record("scatter", dx, {g}, [index](Backward& b) { b.results[0] = pick_rows(b.grad(), index); });
}

}  // namespace

Tensor softmax(const Tensor& x, int axis) { return over_axis(SoftmaxKind::softmax, x, axis); }
Tensor log_softmax(const Tensor& x, int axis) { return over_axis(SoftmaxKind::log_softmax, x, axis); }

Tensor gather_rows(const Tensor& x, const Tensor& index) {
  require(index.dtype() == DType::i64 && x.rank() >= 1, "gather_rows: index of ", index.dtype(), ", expected i64");
  return pick_rows(x, index.constant());
}

Tensor one_hot(const Tensor& labels, int64_t classes) {
  require(labels.dtype() == DType::i64 && classes > 0, "one_hot: labels of ", labels.dtype(), " into ", classes, " classes");
  std::vector<int64_t> dims(labels.shape().begin(), labels.shape().end());
  dims.push_back(classes);
  Tensor y(Shape(dims), context().dtype, labels.device());
  const kernels::Gather p{0, labels.count(), classes, y.dtype()};
  launch(labels.device(), [p, at = static_cast<const int64_t*>(labels.data()), q = y.data()](const Kernels& k, Stream s) { k.gather.one_hot(s, p, at, 1, 0, q); });
  return y;
}

}  // namespace ganymede
