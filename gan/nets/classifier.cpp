#include "gan/nets/classifier.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

class Classifier : public FeatureModule {
 public:
  Classifier(int size, int channels, int classes) : side_(std::min(size, kClassifierSize)) {
    require(size >= 8, "the classifier of pictures of ", size, " pixels: it takes at least 8");
    int in = channels, side = side_;
    for (const int out : {24, 48, 96}) {
      convs_.push_back(nn::conv(in, out, {.kernel = 3, .padding = 1, .bias = false, .weight = nn::init::he_normal(int64_t(in) * 9)}));
      norms_.push_back(nn::batch_norm(out));
      in = out, side /= 2;
    }
    linear_ = nn::linear(side * side * in, kClassifierFeatures, false, nn::init::he_normal(int64_t(side) * side * in));
    norm_ = nn::batch_norm(kClassifierFeatures);
    dropout_ = nn::dropout(0.6);
    head_ = nn::linear(kClassifierFeatures, classes, true, nn::init::xavier_normal(kClassifierFeatures, classes));
  }

  Tensors taps(const Tensor& input) override {
    Tensors out;
    Tensor x = input.dim(1) > side_ ? resize(input, side_, side_, Interpolation::linear, false, true) : input;
    for (size_t i = 0; i < convs_.size(); ++i) {
      if (i > 0) x = max_pool(x, {});
      x = norms_[i]->forward_then(convs_[i]->forward(x), {Unary::relu});
      out.push_back(x);
    }
    return out;
  }
  Outputs outputs(const Tensor& x) override {
    const Tensor features = norm_->forward_then(linear_->forward(flatten(max_pool(taps(x).back(), {}))), {Unary::relu});
    return {features, head_->forward(dropout_->forward(features))};
  }
  void visit(const nn::Visit& v) override {
    for (size_t i = 0; i < convs_.size(); ++i) v(text("conv", i + 1), *convs_[i]), v(text("norm", i + 1), *norms_[i]);
    v("linear", *linear_), v("norm4", *norm_), v("head", *head_), v("dropout", *dropout_);
  }
  std::vector<std::string> tap_names() const override { return {"relu1", "relu2", "relu3"}; }
  std::string feature_name() const override { return text("the last hidden layer, ", kClassifierFeatures); }
  size_t texture_tap() const override { return 1; }
  std::string type() const override { return "classifier"; }

 private:
  int64_t side_;
  std::vector<nn::Layer> convs_, norms_;
  nn::Layer linear_, norm_, dropout_, head_;
};

}  // namespace

std::shared_ptr<FeatureModule> classifier(int size, int channels, int classes) { return std::make_shared<Classifier>(size, channels, classes); }

}  // namespace ganymede::nets
