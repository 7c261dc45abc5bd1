#include "engine/ops/spectral.h"

#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"

namespace ganymede {

using kernels::Kernels;
using kernels::SpectralMatrix;
using kernels::Stream;

Tensors power_iteration(const std::vector<SpectralWeight>& weights, int iterations, double eps) {
  if (weights.empty()) return {};
  const Tensor& first = weights[0].w;
  Tensor sigma({int64_t(weights.size())}, first.dtype(), first.device());
  std::vector<SpectralMatrix> matrices;
  std::vector<std::shared_ptr<Storage>> hold;
  for (size_t i = 0; i < weights.size(); ++i) {
    const SpectralWeight& w = weights[i];
    require(w.u.count() * w.v.count() == w.w.count(), "power iteration: u ", w.u.shape(), " and v ", w.v.shape(), " for a weight of shape ", w.w.shape());
    auto* s = sigma.data() ? static_cast<std::byte*>(sigma.data()) + i * dtype_bytes(first.dtype()) : nullptr;
    matrices.push_back({w.u.count(), w.v.count(), w.transposed, w.w.data(), w.u.data(), w.v.data(), s});
    hold.push_back(w.u.storage()), hold.push_back(w.v.storage());
  }
  const Tensor memory = workspace(first.device(), [&](const Kernels& k) { return k.spectral.workspace_bytes(first.dtype(), matrices.data(), int(matrices.size())); });
  launch(first.device(), [matrices, iterations, eps, t = first.dtype(), w = data_or_null(memory)](const Kernels& k, Stream s) {
    k.spectral.power_iteration(s, t, matrices.data(), int(matrices.size()), iterations, eps, w);
  });
  if (iterations > 0) note_written(std::move(hold));
  Tensors each;
  for (size_t i = 0; i < weights.size(); ++i) each.push_back(sigma.window(int64_t(i), {1}));
  return each;
}

namespace {

// u and v as the rows and columns of w seen as a matrix, as it lies in memory. Who differentiates later finds them as they were.
class Sides {
 public:
  Sides(const char* op, const SpectralWeight& s) : rows_(op, s.transposed ? s.v : s.u), columns_(op, s.transposed ? s.u : s.v) {}
  Shape matrix() const { return {rows_().count(), columns_().count()}; }
  Tensor left() const { return reshape(rows_().constant(), Shape{rows_().count(), 1}); }
  Tensor right() const { return reshape(columns_().constant(), Shape{1, columns_().count()}); }
 private:
  Saved rows_, columns_;
};

// u^T W v, which is known to be `value`. Linear in w.
Tensor known_sigma(const Tensor& w, const Sides& sides, const Tensor& value) {
  return record("spectral norm", value.window(value.offset(), {1}), {w}, [sides, shape = w.shape()](Backward& b) {
    b.results[0] = reshape(mul(sides.left() * b.grad(), sides.right()), shape);
  });
}

}  // namespace

Tensor spectral_normalise(const SpectralWeight& s) {
  const char* name = "spectral normalisation";
  const Sides sides(name, s);
  if (!s.sigma) return div(s.w, sum(mul(mul(reshape(s.w, sides.matrix()), sides.right()), sides.left())));
  return record(name, div(s.w.constant(), s.sigma), {s.w}, [sides, w = Saved(name, s.w), value = s.sigma](Backward& b) {
    // dw = (dy - <dy, y> u v^T) / sigma
    const Tensor along = sides.left() * sum(mul(b.grad(), b.output()));
    b.results[0] = reshape(div(reshape(b.grad(), sides.matrix()) - mul(along, sides.right()), known_sigma(w(), sides, value)), w().shape());
  }, true);
}

}  // namespace ganymede
