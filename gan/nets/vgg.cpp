#include "gan/nets/vgg.h"

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/linear_head.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

// The convolutions, block by block.
class VggConvolutions : public nn::Module {
 public:
  VggConvolutions(int layers, int blocks, int divisor, Tap tap = Tap::relu) : layers_(layers), tap_(tap) {
    require(layers == 16 || layers == 19, "vgg with ", layers, " layers: there are 16 and 19");
    const int depth[] = {2, 2, layers == 16 ? 3 : 4, layers == 16 ? 3 : 4, layers == 16 ? 3 : 4}, widths[] = {64, 128, 256, 512, 512};
    int in = 3;
    for (int block = 0; block < blocks; ++block) {
      auto& convs = blocks_.emplace_back();
      for (int i = 0; i < depth[block]; ++i, in = widths[block] / divisor)
        convs.push_back(nn::conv(in, widths[block] / divisor, {.kernel = 3, .padding = 1, .weight = nn::init::he_normal(in * 9)}));
    }
    width_ = in;
  }

  // What each of the first blocks makes, before the pooling that follows.
  Tensors taps(const Tensor& x, size_t blocks, Tap tap) {
    require(x.dim(1) >= 16 && x.dim(2) >= 16, "vgg: pictures ", x.shape(), " must be at least 16 pixels high and wide");
    Tensors out;
    Tensor y = x;
    for (size_t b = 0; b < blocks; ++b) {
      if (b > 0) y = max_pool(y, {});
      for (size_t i = 0; i + 1 < blocks_[b].size(); ++i) y = blocks_[b][i]->forward_then(y, {Unary::relu});
      if (tap == Tap::linear) out.push_back(blocks_[b].back()->forward(y)), y = b + 1 < blocks ? relu(out.back()) : Tensor{};
      else out.push_back(y = blocks_[b].back()->forward_then(y, {Unary::relu}));
    }
    return out;
  }
  Tensors taps(const Tensor& x) { return taps(x, blocks_.size(), tap_); }
  using Module::forward;
  Tensor forward(const Tensor& x) override { return taps(x).back(); }
  Tensors forward(const Tensors& xs) override { return taps(xs.at(0)); }
  bool batches_pass_together() const override { return true; }
  void visit(const nn::Visit& v) override {
    for (size_t b = 0; b < blocks_.size(); ++b)
      for (size_t i = 0; i < blocks_[b].size(); ++i) v(text("conv", b + 1, "_", i + 1), *blocks_[b][i]);
  }
  std::string type() const override { return text("vgg", layers_, "_convolutions"); }
  size_t depth(size_t block) const { return blocks_[block].size(); }
  size_t blocks() const { return blocks_.size(); }
  int width() const { return width_; }

 private:
  int layers_, width_ = 0;
  Tap tap_;
  std::vector<std::vector<nn::Layer>> blocks_;
};

class Vgg : public FeatureModule {
 public:
  Vgg(int layers, int divisor, Reach reach) : layers_(layers), width_(4096 / divisor), convolutions_(layers, 5, divisor), head_(49 * convolutions_.width(), divisor, reach) {}

  Tensors taps(const Tensor& x) override { return convolutions_.taps(x); }
  Tensors taps(const Tensor& x, int blocks, Tap tap) { return convolutions_.taps(x, size_t(blocks), tap); }
  Outputs outputs(const Tensor& x) override {
    require(x.dim(1) >= 32 && x.dim(2) >= 32, "vgg: pictures ", x.shape(), " must be at least 32 pixels high and wide");
    return head_.outputs(adaptive_average_pool(max_pool(taps(x).back(), {}), 7, 7));
  }
  void visit(const nn::Visit& v) override {
    convolutions_.visit(v);
    head_.visit(v);
  }
  std::vector<std::string> tap_names() const override {
    std::vector<std::string> names;
    for (size_t b = 0; b < convolutions_.blocks(); ++b) names.push_back(text("relu", b + 1, "_", convolutions_.depth(b)));
    return names;
  }
  std::string feature_name() const override { return text("fc7 after relu, ", width_); }
  size_t texture_tap() const override { return 1; }
  std::string type() const override { return text("vgg", layers_); }

 private:
  int layers_, width_;
  VggConvolutions convolutions_;
  LinearHead head_;
};

}  // namespace

std::shared_ptr<FeatureModule> vgg(int layers, int divisor, Reach reach) { return std::make_shared<Vgg>(layers, divisor, reach); }
std::function<Tensor(const Tensor& x)> imagenet_normaliser(DType dtype, const Device& device) {
  const auto constant = [&](const std::vector<double>& v) { return tensor(v, {3}, dtype, device); };
  return [mean = constant({2 * 0.485 - 1, 2 * 0.456 - 1, 2 * 0.406 - 1}), deviation = constant({2 * 0.229, 2 * 0.224, 2 * 0.225})](const Tensor& x) { return (x - mean) / deviation; };
}
nn::Layer vgg_convolutions(int layers, int blocks, int divisor, Tap tap) { return std::make_shared<VggConvolutions>(layers, blocks, divisor, tap); }
Tensors vgg_taps(FeatureModule& module, const Tensor& x, int blocks, Tap tap) {
  auto* vgg = dynamic_cast<Vgg*>(&module);
  require(vgg != nullptr, "taps of ", module.type(), ": it is no vgg");
  return vgg->taps(x, blocks, tap);
}

}  // namespace ganymede::nets
