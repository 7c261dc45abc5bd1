#include "nn/spectral.h"

#include "engine/context.h"
#include "nn/init.h"

namespace ganymede::nn {

SpectralState::SpectralState(const Tensor& weight, bool transposed) : transposed_(transposed) {
  const int64_t rows = weight.dim(transposed ? -1 : 0);
  u_ = parameter({rows}, init::normal(0, 1)).constant();
  v_ = buffer({weight.count() / rows}, 0);
}

Tensor SpectralState::use(const Tensor& weight) {
  if (!on()) return weight;
  const UnitRun* unit = context().unit;
  if (!unit) return spectral_normalise(of(weight));
  if (unit_ != unit->serial) normalised_ = spectral_normalise(of(weight)), unit_ = unit->serial;
  return normalised_;
}

void SpectralState::visit(const Visit& v) {
  if (!on()) return;
  v.buffer(v.prefix + "u", u_);
  v.buffer(v.prefix + "v", v_);
}

}  // namespace ganymede::nn
