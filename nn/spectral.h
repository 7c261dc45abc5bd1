// Spectral normalisation as a property of a layer's weight (Miyato et al. 2018): the layer multiplies by w / sigma.
#pragma once
#include "engine/ops/spectral.h"
#include "nn/module.h"
#include "nn/once.h"

namespace ganymede::nn {

// The state of one normalised weight. A network finds sigma for all of its own in one launch, at its first pass in each update; in
// those that move it u and v advance before, others use them as they are.
class SpectralState {
 public:
  SpectralState() = default;
  // rows: output channels; transposed: they are the weight's last axis. Draws u.
  SpectralState(const Tensor& weight, bool transposed);
  bool on() const { return u_.defined(); }
  SpectralWeight of(const Tensor& weight) const { return {weight, transposed_, u_, v_, sigma_.value()}; }
  // Which holds for the rest of this update, in which weights stand still.
  void keep_sigma(const Tensor& sigma) { sigma_.set(sigma); }
  // w / sigma, computed once an update.
  Tensor use(const Tensor& weight) { return on() ? normalised_.get([&] { return spectral_normalise(of(weight)); }) : weight; }
  void visit(const Visit& v);
 private:
  bool transposed_ = false;
  Tensor u_, v_;
  OncePerUpdate sigma_, normalised_;
};

// A layer with such a weight.
class SpectralLayer {
 public:
  virtual ~SpectralLayer() = default;
  // Undefined w: this layer is not normalised.
  virtual SpectralWeight spectral_weight() const = 0;
  virtual void keep_sigma(const Tensor& sigma) = 0;
};

}  // namespace ganymede::nn
