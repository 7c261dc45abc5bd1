#include "nn/gated.h"

namespace ganymede::nn {
namespace {

class Gated : public Module {
 public:
  Gated(Layer value, Layer gate, const Activation& f) : value_(std::move(value)), gate_(std::move(gate)), f_(f) {}
  using Module::forward;
  Tensor forward(const Tensor& x) override { return mul(value_->forward_then(x, f_), gate_->forward_then(x, kGate)); }
  bool batches_pass_together() const override { return true; }
  void visit(const Visit& v) override { v("value", *value_), v("gate", *gate_); }
  std::string type() const override { return "gated"; }
  std::string describe() const override { return "gated " + value_->describe(); }

 private:
  static constexpr Activation kGate{Unary::sigmoid};
  Layer value_, gate_;
  Activation f_;
};

}  // namespace

Layer gated(Layer value, Layer gate, const Activation& f) { return std::make_shared<Gated>(std::move(value), std::move(gate), f); }

}  // namespace ganymede::nn
