#include "engine/ops/spectral.h"

#include "engine/align.h"
#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"

namespace ganymede {

using kernels::Kernels;
using kernels::SpectralGradient;
using kernels::SpectralMatrix;
using kernels::Stream;

namespace {

constexpr const char* kName = "spectral normalisation";

// A weight in its derivative. Who differentiates later finds w, u and v as they were.
struct SavedWeight {
  Saved w, u, v;
  bool transposed;
  Tensor sigma;  // [1]

  SavedWeight(const SpectralWeight& s, Tensor sigma_) : w(kName, s.w), u(kName, s.u), v(kName, s.v), transposed(s.transposed), sigma(std::move(sigma_)) {}
  // u and v as the rows and columns of w seen as a matrix, as it lies in memory.
  const Tensor& rows() const { return (transposed ? v : u)(); }
  const Tensor& columns() const { return (transposed ? u : v)(); }
  Tensor left() const { return reshape(rows().constant(), Shape{rows().count(), 1}); }
  Tensor right() const { return reshape(columns().constant(), Shape{1, columns().count()}); }
  Tensor matrix(const Tensor& x) const { return reshape(x, Shape{rows().count(), columns().count()}); }
};

SpectralMatrix matrix_of(const Tensor& w, const Tensor& u, const Tensor& v, bool transposed, const Tensor& sigma, void* y) {
  return {u.count(), v.count(), transposed, w.data(), u.data(), v.data(), sigma.data(), y};
}

// dw = (dy - <dy, y> u v^T) / sigma, of ordinary ops, as a function of w too.
Tensor composed_gradient(const SavedWeight& s, const Tensor& dy) {
  const Tensor sigma = sum(mul(mul(s.matrix(s.w()), s.right()), s.left()));
  const Tensor along = s.left() * div(sum(mul(dy, s.w())), sigma);
  return reshape(div(s.matrix(dy) - mul(along, s.right()), sigma), s.w().shape());
}

void fused_gradient(const std::vector<SavedWeight>& weights, Backward& b) {
  std::vector<SpectralGradient> matrices;
  for (size_t i = 0; i < weights.size(); ++i) {
    const SavedWeight& s = weights[i];
    const Tensor& dy = b.grad(int(i));
    if (!dy || !b.needs(int(i))) continue;
    Tensor& dw = b.results[i] = Tensor(dy.shape(), dy.dtype(), dy.device());
    matrices.push_back({matrix_of(s.w(), s.u(), s.v(), s.transposed, s.sigma, nullptr), dy.data(), dw.data()});
  }
  if (matrices.empty()) return;
  const DType t = weights[0].sigma.dtype();
  const Device& device = weights[0].sigma.device();
  const Tensor memory = workspace(device, [&](const Kernels& k) { return k.spectral.gradient_workspace(t, matrices.data(), int(matrices.size())); });
  launch(device, [matrices, t, m = data_or_null(memory)](const Kernels& k, Stream s) { k.spectral.gradient(s, t, matrices.data(), int(matrices.size()), m); });
}

}  // namespace

Tensors spectral_normalise(const std::vector<SpectralWeight>& weights, int iterations, double eps) {
  if (weights.empty()) return {};
  const DType t = weights[0].w.dtype();
  const Device device = weights[0].w.device();
  int64_t elements = 0;
  for (const SpectralWeight& s : weights) {
    require(s.u.count() * s.v.count() == s.w.count(), kName, ": u ", s.u.shape(), " and v ", s.v.shape(), " for a weight of shape ", s.w.shape());
    elements += padded(s.w.count());
  }
  const Tensor all({elements}, t, device);
  all.storage()->low_precision.all_at_once = true;
  const Tensor sigmas({int64_t(weights.size())}, t, device);
  Tensors ys, inputs;
  std::vector<SpectralMatrix> matrices;
  std::vector<std::shared_ptr<Storage>> written;
  int64_t at = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const SpectralWeight& s = weights[i];
    ys.push_back(all.window(at, s.w.shape()));
    matrices.push_back(matrix_of(s.w, s.u, s.v, s.transposed, sigmas.window(int64_t(i), {1}), ys.back().data()));
    written.insert(written.end(), {s.u.storage(), s.v.storage()});
    inputs.push_back(s.w);
    at += padded(s.w.count());
  }
  const Tensor memory = workspace(device, [&](const Kernels& k) { return k.spectral.workspace_bytes(t, matrices.data(), int(matrices.size())); });
  launch(device, [matrices, iterations, eps, t, m = data_or_null(memory)](const Kernels& k, Stream s) {
    k.spectral.normalise(s, t, matrices.data(), int(matrices.size()), iterations, eps, m);
  });
  if (iterations > 0) note_written(std::move(written));
  std::vector<SavedWeight> saved;
  for (size_t i = 0; i < weights.size(); ++i) saved.emplace_back(weights[i], sigmas.window(int64_t(i), {1}));
  return record(kName, ys, inputs, [saved](Backward& b) {
    if (!context().recording) return fused_gradient(saved, b);
    for (size_t i = 0; i < saved.size(); ++i)
      if (b.grad(int(i)) && b.needs(int(i))) b.results[i] = composed_gradient(saved[i], b.grad(int(i)));
  });
}

}  // namespace ganymede
