#include "gan/nets/stylegan2.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

using nn::Layer;
using Layers = std::vector<Layer>;

int width_at(const StyleSize& s, int side) { return int(std::min<int64_t>(int64_t(s.width) * s.size / side, s.most_width)); }

// A modulated convolution with noise and leaky ReLU. The gain sqrt(2) that keeps the variance lies before noise and bias.
class StyledConv : public nn::Module {
 public:
  StyledConv(int in, int out, int side, const StyleSize& s, bool upsample)
      : side_(side), conv_(nn::modulated_conv(in, out, s.latent, {.upsample = upsample, .gain = nn::kReluGain})) {
    if (!s.noise) return;
    strength_ = nn::parameter({1}, nn::init::zero());
    plane_ = nn::parameter({1, side, side, 1}, nn::init::normal(0, 1));
  }
  using Module::forward;
  Tensor forward(const Tensor& x) override { return conv_->forward(x); }
  bool conditional() const override { return true; }
  Tensor forward_given(const Tensor& x, const Tensor& w, const Activation&, const Tensor&) override {
    const Activation leaky{Unary::leaky_relu, 0.2};
    if (!strength_) return conv_->forward_given(x, w, leaky, {});
    const Tensor noise = context().training ? randn({x.dim(0), side_, side_, 1}) : plane_;
    return conv_->forward_given(x, w, leaky, mul(noise, strength_));
  }
  void visit(const nn::Visit& v) override {
    v("conv", *conv_);
    if (!strength_) return;
    v.parameter(v.prefix + "noise", strength_);
    v.buffer(v.prefix + "plane", plane_);
  }
  std::string type() const override { return "styled"; }
  std::string describe() const override { return conv_->describe() + (strength_ ? ", noise, leaky relu" : ", leaky relu"); }
 private:
  int side_;
  Layer conv_;
  Tensor strength_, plane_;
};

Layer equal_conv(int in, int out, int kernel, double gain, int stride = 1, bool bias = true) {
  return nn::conv(in, out, nn::equalised({.kernel = kernel, .stride = stride, .padding = stride == 1 ? kernel / 2 : 0, .bias = bias}, gain));
}

// (f(x) + shortcut(x)) / sqrt(2): the root is in the gains of the last layers, which are those of a leaky ReLU otherwise.
Layer halving_block(int in, int out) {
  return nn::residual(nn::sequential({equal_conv(in, in, 3, nn::kReluGain), nn::leaky_relu(0.2),
                                      nn::filter({.taps = nn::smooth_down().taps, .before = 2, .after = 2}), equal_conv(in, out, 3, 1, 2), nn::leaky_relu(0.2)}),
                      nn::sequential({nn::filter(nn::smooth_down()), equal_conv(in, out, 1, 1 / nn::kReluGain, 1, false)}));
}

}  // namespace

void check_style(const StyleSize& s) {
  if (!is_doubled_four(s.size) || s.size == 4) throw UsageError(text("a picture size of ", s.size, ": StyleGAN2 makes 8, 16, 32, 64, ... pixels; set --size"));
}

int style_count(const StyleSize& s) {
  int count = 2;
  for (int side = 8; side <= s.size; side *= 2) count += 2;
  return count;
}

Layer style_mapping(const StyleSize& s) {
  Layers layers{nn::norm(nn::NormKind::pixel, s.latent, nn::Affine::none, 1e-8)};
  for (int i = 0; i < s.depth; ++i) layers.insert(layers.end(), {nn::equalised_linear(s.latent, s.latent), nn::leaky_relu(0.2)});
  return nn::sequential(std::move(layers));
}

StyleGenerator::StyleGenerator(const StyleSize& s) : count_(style_count(s)), latent_(s.latent) {
  check_style(s);
  constant_ = nn::parameter({1, 4, 4, width_at(s, 4)}, nn::init::normal(0, 1));
  for (int side = 4; side <= s.size; side *= 2) {
    const int c = width_at(s, side);
    if (side > 4) steps_.push_back({text("up", side), std::make_shared<StyledConv>(width_at(s, side / 2), c, side, s, true), false});
    steps_.push_back({text("conv", side), std::make_shared<StyledConv>(c, c, side, s, false), false});
    steps_.push_back({text("rgb", side), nn::modulated_conv(c, s.channels, s.latent, {.kernel = 1, .demodulate = false}), true});
  }
}

// A picture's convolution has the style of the next features'.
Tensor StyleGenerator::forward(const Tensor& styles) {
  require(styles.rank() == 3 && styles.dim(1) == count_ && styles.dim(2) == latent_, "styles ", styles.shape(), ": this generator takes [N, ", count_, ", ", latent_, "]");
  const int64_t n = styles.dim(0);
  const auto style = [&](int64_t i) { return reshape(slice(styles, 1, i, i + 1), Shape{n, latent_}); };
  Tensor h = broadcast_to(constant_, {n, 4, 4, constant_.dim(3)}), picture;
  int64_t next = 0;
  for (auto& [name, layer, to_picture] : steps_) {
    const Tensor y = layer->forward_given(h, style(next));
    nn::LayerTrace::note(name, *layer, y);
    if (to_picture) {
      picture = picture ? y + filter2d(picture, nn::smooth_up()) : y;
    } else {
      h = y, ++next;
    }
  }
  return picture;
}

void StyleGenerator::visit(const nn::Visit& v) {
  v.parameter(v.prefix + "constant", constant_);
  for (auto& [name, layer, to_picture] : steps_) v(name, *layer);
}

Layer style_discriminator(const StyleSize& s) {
  check_style(s);
  Layers layers{equal_conv(s.channels, width_at(s, s.size), 1, nn::kReluGain), nn::leaky_relu(0.2)};
  for (int side = s.size; side > 4; side /= 2) layers.push_back(halving_block(width_at(s, side), width_at(s, side / 2)));
  const int c = width_at(s, 4);
  if (s.group) layers.push_back(nn::minibatch_stddev(s.group));
  layers.insert(layers.end(), {equal_conv(c + (s.group ? 1 : 0), c, 3, nn::kReluGain), nn::leaky_relu(0.2), nn::reshape_to({16 * c}), nn::equalised_linear(16 * c, c), nn::leaky_relu(0.2),
                               nn::equalised_linear(c, 1, 1)});
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
