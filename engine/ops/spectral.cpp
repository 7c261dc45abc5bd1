#include "engine/ops/spectral.h"

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"

namespace ganymede {

using kernels::Kernels;
using kernels::SpectralMatrix;
using kernels::Stream;

void power_iteration(const std::vector<SpectralWeight>& weights, int iterations, double eps) {
  if (weights.empty()) return;
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
  note_written(std::move(hold));
}

Tensor spectral_normalise(const SpectralWeight& s) {
  const Tensor u = s.u.constant(), v = s.v.constant();
  const Tensor matrix = s.transposed ? reshape(s.w, Shape{v.count(), u.count()}) : reshape(s.w, Shape{u.count(), v.count()});
  const Tensor left = reshape(s.transposed ? v : u, Shape{1, matrix.dim(0)}), right = reshape(s.transposed ? u : v, Shape{matrix.dim(1), 1});
  const Tensor sigma = sum(mul(mul(matrix, reshape(right, Shape{1, matrix.dim(1)})), reshape(left, Shape{matrix.dim(0), 1})));
  return div(s.w, sigma);
}

}  // namespace ganymede
