// Spectral normalisation as a property of a layer's weight (Miyato et al. 2018): the layer multiplies by w / sigma.
#pragma once
#include "engine/ops/spectral.h"
#include "nn/module.h"
#include "nn/once.h"

namespace ganymede::nn {

// The state of one normalised weight. A network divides all of its own in one launch, at its first pass in each update; in
// those that move it u and v advance before, others use them as they are.
class SpectralState {
 public:
  SpectralState() = default;
  // rows: output channels; transposed: they are the weight's last axis. Draws u.
  SpectralState(const Tensor& weight, bool transposed);
  bool on() const { return u_.defined(); }
  SpectralWeight of(const Tensor& weight) const { return {weight, transposed_, u_, v_}; }
  // w / sigma, for the rest of this update, in which weights stand still.
  void keep(const Tensor& normalised) { normalised_.set(normalised); }
  Tensor use(const Tensor& weight) { return on() ? normalised_.get([&] { return spectral_normalise({of(weight)}, 0)[0]; }) : weight; }
  void visit(const Visit& v);
 private:
  bool transposed_ = false;
  Tensor u_, v_;
  OncePerUpdate normalised_;
};

// A layer with such a weight.
class SpectralLayer {
 public:
  virtual ~SpectralLayer() = default;
  // Undefined w: this layer is not normalised.
  virtual SpectralWeight spectral_weight() const = 0;
  virtual void keep_normalised(const Tensor& w) = 0;
};

}  // namespace ganymede::nn
