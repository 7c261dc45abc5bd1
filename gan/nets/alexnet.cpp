#include "gan/nets/alexnet.h"

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/linear_head.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

class AlexNet : public FeatureModule {
 public:
  AlexNet(int divisor, Reach reach) : width_(4096 / divisor), head_(36 * 256 / divisor, divisor, reach) {
    struct Row { int out, kernel, stride, padding; };
    int in = 3;
    for (const Row r : {Row{64, 11, 4, 2}, {192, 5, 1, 2}, {384, 3, 1, 1}, {256, 3, 1, 1}, {256, 3, 1, 1}}) {
      const int out = r.out / divisor;
      convs_.push_back(nn::conv(in, out, {.kernel = r.kernel, .stride = r.stride, .padding = r.padding, .weight = nn::init::he_normal(int64_t(in) * r.kernel * r.kernel)}));
      in = out;
    }
  }

  Tensors taps(const Tensor& x) override {
    require(x.dim(1) >= 31 && x.dim(2) >= 31, "alexnet: pictures ", x.shape(), " must be at least 31 pixels high and wide");
    Tensors out;
    for (size_t i = 0; i < convs_.size(); ++i) {
      const Tensor in = i == 0 ? x : i <= 2 ? pooled(out.back()) : out.back();
      out.push_back(convs_[i]->forward_then(in, {Unary::relu}));
    }
    return out;
  }
  Outputs outputs(const Tensor& x) override {
    require(x.dim(1) >= 63 && x.dim(2) >= 63, "alexnet: pictures ", x.shape(), " must be at least 63 pixels high and wide");
    return head_.outputs(adaptive_average_pool(pooled(taps(x).back()), 6, 6));
  }
  void visit(const nn::Visit& v) override {
    for (size_t i = 0; i < convs_.size(); ++i) v(text("conv", i + 1), *convs_[i]);
    head_.visit(v);
  }
  std::vector<std::string> tap_names() const override { return {"relu1", "relu2", "relu3", "relu4", "relu5"}; }
  std::string feature_name() const override { return text("fc7 after relu, ", width_); }
  size_t texture_tap() const override { return 0; }
  std::string type() const override { return "alexnet"; }

 private:
  static Tensor pooled(const Tensor& x) { return max_pool(x, {{3, 3}, {2, 2}}); }
  int width_;
  std::vector<nn::Layer> convs_;
  LinearHead head_;
};

}  // namespace

std::shared_ptr<FeatureModule> alexnet(int divisor, Reach reach) { return std::make_shared<AlexNet>(divisor, reach); }

}  // namespace ganymede::nets
