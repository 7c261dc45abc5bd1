#include "gan/nets/stargan_v2.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"
#include "nn/conditional.h"

namespace ganymede::nets {
namespace {

using nn::Layer;
using Layers = std::vector<Layer>;

nn::ConvSpec he_spec(int in, int kernel, int padding, bool bias = true) { return {.kernel = kernel, .padding = padding, .bias = bias, .weight = nn::init::he_normal(int64_t(in) * kernel * kernel)}; }
Layer he_conv(int in, int out) { return nn::conv(in, out, he_spec(in, 3, 1)); }
Layer linear(int in, int out) { return nn::linear(in, out, true, nn::init::he_normal(in)); }

// (main(x) + shortcut(x)) / sqrt(2): of the variance of either; a null shortcut is the identity.
class StyleBlock : public nn::Module {
 public:
  StyleBlock(Layer main, Layer shortcut) : main_(std::move(main)), shortcut_(std::move(shortcut)) {}
  using Module::forward;
  Tensor forward(const Tensor& x) override { return forward_given(x, {}, {}, {}); }
  bool conditional() const override { return main_->conditional(); }
  bool batches_pass_together() const override { return main_->batches_pass_together(); }
  Tensor forward_given(const Tensor& x, const Tensor& style, const Activation& f, const Tensor& residual) override {
    return add_then_activate(main_->forward_given(x, style, {}, side(x)) * M_SQRT1_2, residual, f);
  }
  void visit(const nn::Visit& v) override {
    v("main", *main_);
    if (shortcut_) v("shortcut", *shortcut_);
  }
  std::string type() const override { return "block"; }
  std::string describe() const override { return text("residual block over sqrt 2", shortcut_ ? "" : ", identity shortcut"); }

 private:
  Tensor side(const Tensor& x) { return shortcut_ ? shortcut_->forward(x) : x; }
  Layer main_, shortcut_;
};

enum class BlockScale { same, halved };

// Norms where G's encoder has them. A shortcut is a 1x1 convolution where the widths differ.
Layer down_block(int in, int out, bool norms, BlockScale scale) {
  const bool halved = scale == BlockScale::halved;
  Layers main, shortcut;
  if (norms) main.push_back(nn::norm(nn::NormKind::instance, in));
  main.push_back(nn::leaky_relu(0.2));
  main.push_back(halved ? nn::conv_mean_pool(in, in, he_spec(in, 3, 1)) : he_conv(in, in));
  if (norms) main.push_back(nn::norm(nn::NormKind::instance, in));
  main.push_back(nn::leaky_relu(0.2));
  main.push_back(he_conv(in, out));
  if (halved) shortcut.push_back(nn::mean_pool(2));
  if (in != out) shortcut.push_back(nn::conv(in, out, he_spec(in, 1, 0, false)));   // of the mean: the mean of it
  return std::make_shared<StyleBlock>(nn::sequential(std::move(main)), shortcut.empty() ? nullptr : nn::sequential(std::move(shortcut)));
}

Layer styled_block(int in, int out, int style, bool doubled) {
  const auto norm = [&](int channels) { return nn::adaptive_norm(nn::NormKind::instance, channels, style, 1e-5, nn::init::he_normal(style)); };
  Layers shortcut;
  if (in != out) shortcut.push_back(nn::conv(in, out, he_spec(in, 1, 0, false)));
  if (doubled) shortcut.push_back(nn::upsample(2));
  return std::make_shared<StyleBlock>(nn::sequential({norm(in), nn::leaky_relu(0.2), doubled ? nn::upsample_conv(in, out, he_spec(in, 3, 1)) : he_conv(in, out), norm(out), nn::leaky_relu(0.2), he_conv(out, out)}),
                                 shortcut.empty() ? nullptr : nn::sequential(std::move(shortcut)));
}

int doubled(int width, const StarganV2Shape& s) { return std::min(2 * width, s.most_width); }

// A head for each domain; what is said is that of the sample's own.
class ByDomain : public nn::Module {
 public:
  explicit ByDomain(Layers heads) : heads_(std::move(heads)) {}
  using Module::forward;
  Tensor forward(const Tensor&) override { fail(describe(), ": call its network with x and the domains"); }
  bool conditional() const override { return true; }
  bool batches_pass_together() const override { return std::all_of(heads_.begin(), heads_.end(), [](const Layer& h) { return h->batches_pass_together(); }); }
  Tensor forward_given(const Tensor& h, const Tensor& domain, const Activation& f, const Tensor& residual) override {
    require(is_floating(domain.dtype()) && domain.shape() == Shape{h.dim(0), int64_t(heads_.size())}, describe(), ": the condition is ", domain.dtype(), " ", domain.shape(), ", it must be [", h.dim(0), ", ", heads_.size(), "]");
    Tensor sum;
    for (size_t k = 0; k < heads_.size(); ++k) {
      const Tensor said = heads_[k]->forward(h);
      nn::LayerTrace::note(name(k), *heads_[k], said);
      const Tensor of_it = said * cast(slice(domain, 1, int64_t(k), int64_t(k) + 1), said.dtype());
      sum = sum ? sum + of_it : of_it;
    }
    return add_then_activate(sum, residual, f);
  }
  void visit(const nn::Visit& v) override {
    for (size_t k = 0; k < heads_.size(); ++k) v(name(k), *heads_[k]);
  }
  std::string type() const override { return "by_domain"; }
  std::string describe() const override { return text("the head of a domain, of ", heads_.size()); }

 private:
  static std::string name(size_t k) { return "domain" + std::to_string(k + 1); }
  Layers heads_;
};

Layer by_domain(int domains, const std::function<Layer()>& head) {
  Layers heads;
  for (int k = 0; k < domains; ++k) heads.push_back(head());
  return std::make_shared<ByDomain>(std::move(heads));
}

// Pictures through blocks without norms to 4 x 4 maps and a vector of `features`, of which each domain has `out` numbers.
Layer looking(const StarganV2Shape& s, int out) {
  Layers layers{he_conv(s.channels, s.width)};
  int width = s.width;
  for (int side = s.size; side > 4; side /= 2) {
    const int next = doubled(width, s);
    layers.push_back(down_block(width, next, false, BlockScale::halved));
    width = next;
  }
  for (const Layer& l : {nn::leaky_relu(0.2), nn::conv(width, width, he_spec(width, 4, 0)), nn::leaky_relu(0.2), nn::reshape_to({width})}) layers.push_back(l);
  layers.push_back(by_domain(s.domains, [&] { return linear(width, out); }));
  return nn::sequential(std::move(layers));
}

}  // namespace

void check_stargan_v2(const StarganV2Shape& s) {
  doublings_of_four(s.size, "StarGAN v2");
}

int stargan_v2_halvings(int size) {
  return std::max(1, int(std::lround(std::log2(size))) - 4);
}

nn::Layer stargan_v2_generator(const StarganV2Shape& s) {
  Layers layers{he_conv(s.channels, s.width)};
  std::vector<int> widths{s.width};
  for (int i = 0; i < s.halvings; ++i) {
    widths.push_back(doubled(widths.back(), s));
    layers.push_back(down_block(widths[size_t(i)], widths.back(), true, BlockScale::halved));
  }
  const int inner = widths.back();
  for (int i = 0; i < 2; ++i) layers.push_back(down_block(inner, inner, true, BlockScale::same));
  for (int i = 0; i < 2; ++i) layers.push_back(styled_block(inner, inner, s.style, false));
  for (size_t i = widths.size() - 1; i > 0; --i) layers.push_back(styled_block(widths[i], widths[i - 1], s.style, true));
  for (const Layer& l : {nn::norm(nn::NormKind::instance, s.width), nn::leaky_relu(0.2), nn::conv(s.width, s.channels, he_spec(s.width, 1, 0))}) layers.push_back(l);
  return nn::sequential(std::move(layers));
}

nn::Layer stargan_v2_mapping(const StarganV2Shape& s) {
  Layers layers;
  for (int i = 0; i < 4; ++i) layers.push_back(linear(i ? s.hidden : s.latent, s.hidden)), layers.push_back(nn::relu());
  layers.push_back(by_domain(s.domains, [&] {
    Layers own;
    for (int i = 0; i < 3; ++i) own.push_back(linear(s.hidden, s.hidden)), own.push_back(nn::relu());
    own.push_back(linear(s.hidden, s.style));
    return nn::sequential(std::move(own));
  }));
  return nn::sequential(std::move(layers));
}

nn::Layer stargan_v2_encoder(const StarganV2Shape& s) { return looking(s, s.style); }
nn::Layer stargan_v2_discriminator(const StarganV2Shape& s) { return looking(s, 1); }

}  // namespace ganymede::nets
