#include "gan/nets/unet_judge.h"

#include "engine/check.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

class UnetJudge : public nn::Module {
 public:
  UnetJudge(int channels, int f) : first_(nn::conv(channels, f, {.kernel = 3, .padding = 1})), up_(nn::upsample(2, Interpolation::linear)), last_(nn::conv(f, 1, {.kernel = 3, .padding = 1})) {
    for (int i = 0; i < 3; ++i) down_.push_back(nn::conv(f << i, f << (i + 1), {.kernel = 4, .stride = 2, .padding = 1, .bias = false, .spectral = true}));
    for (int i = 3; i > 0; --i) inner_.push_back(nn::conv(f << i, f << (i - 1), {.kernel = 3, .padding = 1, .bias = false, .spectral = true}));
    for (int i = 0; i < 2; ++i) inner_.push_back(nn::conv(f, f, {.kernel = 3, .padding = 1, .bias = false, .spectral = true}));
  }
  using Module::forward;
  Tensor forward(const Tensor& x) override {
    require(x.dim(1) % 8 == 0 && x.dim(2) % 8 == 0, "unet judge: pictures ", x.shape(), " must have sides that are multiples of 8");
    Tensors outer{first_->forward_then(x, kLeaky)};
    for (const nn::Layer& d : down_) outer.push_back(d->forward_then(outer.back(), kLeaky));
    Tensor y = outer[3];
    for (size_t i = 0; i < 3; ++i) y = inner_[i]->forward_then(up_->forward(y), kLeaky) + outer[2 - i];
    for (size_t i = 3; i < 5; ++i) y = inner_[i]->forward_then(y, kLeaky);
    return last_->forward(y);
  }
  bool batches_pass_together() const override { return true; }
  void visit(const nn::Visit& v) override {
    v("conv0", *first_);
    for (size_t i = 0; i < 3; ++i) v(text("conv", i + 1), *down_[i]);
    for (size_t i = 0; i < 5; ++i) v(text("conv", i + 4), *inner_[i]);
    v("conv9", *last_);
  }
  std::string type() const override { return "unet_judge"; }

 private:
  nn::Layer first_, up_, last_;
  std::vector<nn::Layer> down_, inner_;
};

}  // namespace

nn::Layer unet_judge(int channels, int filters) { return std::make_shared<UnetJudge>(channels, filters); }

}  // namespace ganymede::nets
