#include "nn/spectral.h"

#include "nn/init.h"

namespace ganymede::nn {

SpectralState::SpectralState(const Tensor& weight, bool transposed) : transposed_(transposed) {
  const int64_t rows = weight.dim(transposed ? -1 : 0);
  u_ = parameter({rows}, init::normal(0, 1)).constant();
  v_ = buffer({weight.count() / rows}, 0);
}

void SpectralState::visit(const Visit& v) {
  if (!on()) return;
  v.buffer(v.prefix + "u", u_);
  v.buffer(v.prefix + "v", v_);
}

}  // namespace ganymede::nn
