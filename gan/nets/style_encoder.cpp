#include "gan/nets/style_encoder.h"

#include <algorithm>

#include "engine/check.h"

namespace ganymede::nets {
namespace {

class StyleEncoder : public nn::Module {
 public:
  StyleEncoder(nn::Layer trunk, int features, int latent, bool xavier) : trunk_(std::move(trunk)) {
    const nn::Init weight = translation_init(xavier, features, latent, 1);
    mean_ = nn::linear(features, latent, true, weight), log_variance_ = nn::linear(features, latent, true, weight);
  }
  Tensor forward(const Tensor&) override { fail(type(), ": has two outputs, mean and log variance"); }
  Tensors forward(const Tensors& xs) override {
    require(xs.size() == 1, type(), ": takes one tensor, was given ", xs.size());
    const Tensor h = trunk_->forward(xs[0]);
    return {mean_->forward(h), log_variance_->forward(h)};
  }
  void visit(const nn::Visit& v) override { v("trunk", *trunk_), v("mean", *mean_), v("log_variance", *log_variance_); }
  std::string type() const override { return "encoder"; }

 private:
  nn::Layer trunk_, mean_, log_variance_;
};

int log2_of(int size) {
  int n = 0;
  while ((2 << n) <= size) ++n;
  return n;
}

}  // namespace

nn::Layer style_encoder(const EncoderShape& s) {
  if (s.size < 16) throw UsageError(text("pictures of ", s.size, " px: the encoder takes at least 16; set --size"));
  const auto spec = [&](int in, int out, int kernel, int stride, bool bias) {
    return nn::ConvSpec{.kernel = kernel, .stride = stride, .padding = kernel == 1 ? 0 : 1, .bias = bias, .weight = translation_init(s.xavier, in, out, kernel)};
  };
  const auto conv = [&](int in, int out, int kernel, int stride, bool bias) { return nn::conv(in, out, spec(in, out, kernel, stride, bias)); };
  const auto pooled = [&](int in, int out, int kernel) { return nn::conv_mean_pool(in, out, spec(in, out, kernel, 1, true)); };
  std::vector<nn::Layer> layers{conv(s.in, s.width, 4, 2, true)};
  int c = s.width;
  if (s.residual) {  // 4 blocks for 256 px, 3 for 128, down to 8 x 8
    const int blocks = std::clamp(log2_of(s.size) - 4, 1, 4);
    for (int i = 0; i < blocks; ++i) {
      const int out = s.width * std::min(i + 2, 4);
      nn::Layer main = nn::sequential({s.norm(c), nn::leaky_relu(), conv(c, c, 3, 1, false), s.norm(c), nn::leaky_relu(), pooled(c, out, 3)});
      layers.push_back(nn::residual(std::move(main), nn::sequential({pooled(c, out, 1)})));
      c = out;
    }
  } else {           // 5 convolutions for 256 px, 4 for 128
    const int convs = std::clamp(log2_of(s.size) - 3, 2, 5);
    for (int i = 1; i < convs; ++i) {
      const int out = s.width * std::min(1 << i, 4);
      layers.push_back(nn::leaky_relu());
      layers.push_back(conv(c, out, 4, 2, false));
      layers.push_back(s.norm(out));
      c = out;
    }
  }
  layers.push_back(nn::leaky_relu());
  layers.push_back(nn::global_mean());
  return std::make_shared<StyleEncoder>(nn::sequential(std::move(layers)), c, s.latent, s.xavier);
}

}  // namespace ganymede::nets
