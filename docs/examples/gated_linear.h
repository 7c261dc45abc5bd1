// The worked example of docs/add_a_layer.md.
#pragma once
#include "docs/examples/gate.h"
#include "nn/layers.h"

namespace ganymede::nn {

// y = (x W^T + b) * sigmoid(x V^T + c), W and V [out, in] (Dauphin et al. 2017, arXiv 1612.08083): [N, in] -> [N, out].
class GatedLinear : public Module {
 public:
  GatedLinear(int in, int out, const Init& weight)
      : weight_(parameter({out, in}, weight)), bias_(parameter({out}, init::zero())),
        gate_weight_(parameter({out, in}, weight)), gate_bias_(parameter({out}, init::zero())) {}

  using Module::forward;
  Tensor forward(const Tensor& x) override {
    return gate(ganymede::linear(x, weight_, bias_), ganymede::linear(x, gate_weight_, gate_bias_));
  }
  // Names and order are those of checkpoints: what is not visited is neither trained nor saved.
  void visit(const Visit& v) override {
    v.parameter(v.prefix + "weight", weight_);
    v.parameter(v.prefix + "bias", bias_);
    v.parameter(v.prefix + "gate_weight", gate_weight_);
    v.parameter(v.prefix + "gate_bias", gate_bias_);
  }
  std::string type() const override { return "gated"; }
  std::string describe() const override { return text("gated linear ", weight_.dim(1), " -> ", weight_.dim(0)); }

 private:
  Tensor weight_, bias_, gate_weight_, gate_bias_;
};

inline Layer gated_linear(int in, int out) {
  return std::make_shared<GatedLinear>(in, out, init::xavier_uniform(in, out));
}

}  // namespace ganymede::nn
