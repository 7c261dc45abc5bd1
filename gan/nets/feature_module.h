// Networks that are looked into: by measures, and by losses in feature space.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "nn/module.h"

namespace ganymede::nets {

// How far into a network its layers are there: up to the maps that are compared, to the features, to the classes. Public files often hold less than all.
enum class Reach { taps, features, classes };

class FeatureModule : public nn::Module {
 public:
  struct Outputs {
    Tensor features;   // [N, features()]
    Tensor logits;     // [N, classes()]; undefined where the network does not reach them
  };
  // Feature maps [N, h, w, c] of the layers that perceptual distances compare, shallow to deep, of pictures of any size that the
  // layers admit.
  virtual Tensors taps(const Tensor& x) = 0;
  virtual Outputs outputs(const Tensor& x) = 0;   // fails where the network does not reach features
  virtual std::vector<std::string> tap_names() const = 0;
  virtual std::string feature_name() const = 0;   // "pool_3, 2048"
  // The tap whose positions SIFID takes as samples.
  virtual size_t texture_tap() const = 0;

  using Module::forward;
  Tensor forward(const Tensor& x) override { return outputs(x).logits; }
};

// Modules under names of our choice, in order.
class NamedModules : public nn::Module {
 public:
  void visit(const nn::Visit& v) override {
    for (const auto& [name, m] : children_) v(name, *m);
  }
 protected:
  template <class M>
  M& add(const std::string& name, std::shared_ptr<M> m) {
    children_.emplace_back(name, m);
    return *m;
  }
 private:
  std::vector<std::pair<std::string, nn::Layer>> children_;
};

}  // namespace ganymede::nets
