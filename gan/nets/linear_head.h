// The three linear layers behind the convolutions of AlexNet and VGG, as far as they are there.
#pragma once
#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/feature_module.h"
#include "nn/layers.h"

namespace ganymede::nets {

class LinearHead : public nn::Module {
 public:
  // in: numbers of the flattened maps. Widths 4096, 4096 and 1000, the first two over the divisor, the last over 8 where that is not 1.
  LinearHead(int in, int divisor, Reach reach) {
    const int width = 4096 / divisor;
    if (reach >= Reach::features) fc6_ = nn::linear(in, width), fc7_ = nn::linear(width, width);
    if (reach >= Reach::classes) fc8_ = nn::linear(width, 1000 / (divisor > 1 ? 8 : 1));
  }
  FeatureModule::Outputs outputs(const Tensor& maps) {
    require(fc7_ != nullptr, "features of a network of convolutions alone");
    const Tensor features = fc7_->forward_then(fc6_->forward_then(flatten(maps), {Unary::relu}), {Unary::relu});
    return {features, fc8_ ? fc8_->forward(features) : Tensor{}};
  }
  using Module::forward;
  Tensor forward(const Tensor& maps) override { return outputs(maps).logits; }
  void visit(const nn::Visit& v) override {
    for (const auto& [name, layer] : {std::pair{"fc6", fc6_}, {"fc7", fc7_}, {"fc8", fc8_}})
      if (layer) v(name, *layer);
  }
  std::string type() const override { return "linear_head"; }

 private:
  nn::Layer fc6_, fc7_, fc8_;
};

}  // namespace ganymede::nets
