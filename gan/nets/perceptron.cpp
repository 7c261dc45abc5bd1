#include "gan/nets/perceptron.h"

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede::nets {
namespace {

nn::Layer dense(const PerceptronSize& s, int in, int out) {
  return nn::linear(in, out, true, s.deviation > 0 ? nn::init::normal(0, s.deviation) : nn::init::he_uniform(in));
}

class LocationScale : public nn::Module {
 public:
  explicit LocationScale(int n) : mean_(nn::parameter({n}, nn::init::zero())), deviation_(nn::parameter({n}, nn::init::one())) {}
  using Module::forward;
  Tensor forward(const Tensor& z) override { return z * deviation_ + mean_; }
  void visit(const nn::Visit& v) override { v.parameter(v.prefix + "mean", mean_), v.parameter(v.prefix + "deviation", deviation_); }
  std::string type() const override { return "gaussian"; }
  std::string describe() const override { return "mean + deviation z"; }
 private:
  Tensor mean_, deviation_;
};

class WithFeatures : public nn::Module {
 public:
  WithFeatures(nn::Layer body, nn::Layer head) : body_(std::move(body)), head_(std::move(head)) {}
  Tensor forward(const Tensor& x) override { return head_->forward(body_->forward(x)); }
  Tensors forward(const Tensors& xs) override {
    require(xs.size() == 1, "a network with features takes one tensor, not ", xs.size());
    const Tensor f = body_->forward(xs[0]);
    return {head_->forward(f), f};
  }
  void visit(const nn::Visit& v) override { v("features", *body_), v("head", *head_); }
  std::string type() const override { return "features_and_head"; }
 private:
  nn::Layer body_, head_;
};

}  // namespace

nn::Layer perceptron_body(const PerceptronSize& s) {
  std::vector<nn::Layer> layers;
  for (int i = 0, in = s.in; i < s.hidden; ++i, in = s.width) layers.insert(layers.end(), {dense(s, in, s.width), s.activation()});
  return nn::sequential(std::move(layers));
}

nn::Layer perceptron(const PerceptronSize& s) {
  std::vector<nn::Layer> layers;
  for (int i = 0, in = s.in; i < s.hidden; ++i, in = s.width) layers.insert(layers.end(), {dense(s, in, s.width), s.activation()});
  layers.push_back(dense(s, s.hidden ? s.width : s.in, s.out));
  return nn::sequential(std::move(layers));
}

nn::Layer location_scale(int n) { return std::make_shared<LocationScale>(n); }
nn::Layer with_features(nn::Layer body, nn::Layer head) { return std::make_shared<WithFeatures>(std::move(body), std::move(head)); }

}  // namespace ganymede::nets
