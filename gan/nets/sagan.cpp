#include "gan/nets/sagan.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"
#include "nn/blocks.h"
#include "nn/conditional.h"

namespace ganymede::nets {
namespace {

using nn::Layer;

int doublings(int size) {
  int k = 0, s = 4;
  while (s < size) s *= 2, ++k;
  if (s != size || k < 1) throw UsageError(text("a picture size of ", size, ": SAGAN takes 8, 16, 32, 64, ... pixels; set --size"));
  return k;
}

nn::ConvSpec spec(int in, int out, int kernel, bool spectral) {
  const int64_t area = int64_t(kernel) * kernel;
  return {.kernel = kernel, .padding = kernel / 2, .weight = nn::init::xavier_uniform(in * area, out * area), .spectral = spectral};
}
Layer conv(int in, int out, int kernel, bool spectral) { return nn::conv(in, out, spec(in, out, kernel, spectral)); }
Layer up_conv(int in, int out, int kernel, bool spectral) { return nn::upsample_conv(in, out, spec(in, out, kernel, spectral)); }
Layer down_conv(int in, int out, int kernel, bool spectral) { return nn::conv_mean_pool(in, out, spec(in, out, kernel, spectral)); }
Layer dense(int in, int out, bool spectral) { return nn::linear(in, out, true, nn::init::xavier_uniform(in, out), nn::init::zero(), spectral); }

void attend(std::vector<Layer>& layers, const SaganSize& s, int side, int channels, bool spectral, bool& placed) {
  if (side != s.attention) return;
  if (channels % 8 != 0) throw UsageError(text("attention at ", side, " pixels has ", channels, " channels there: it takes a multiple of 8; set width"));
  if (s.pooled && side % 2 != 0) throw UsageError(text("attention at ", side, " pixels: its keys are pooled by 2"));
  layers.push_back(nn::self_attention(channels, s.pooled, spectral, !s.pooled));
  placed = true;
}
void check_placed(const SaganSize& s, bool placed) {
  if (s.attention && !placed) throw UsageError(text("setting attention=", s.attention, ": maps between 4 and ", s.size, " pixels have sides of 8, 16, ... ", s.size / 2, "; 0 is none"));
}

Layer up_block(const SaganSize& s, int in, int out) {
  const bool sn = s.spectral_g;
  const auto norm = [&](int channels) { return nn::conditional_norm(nn::NormKind::batch, channels, s.classes, 1e-5, s.norm_momentum); };
  return nn::residual(nn::sequential({norm(in), nn::relu(), up_conv(in, out, 3, sn), norm(out), nn::relu(), conv(out, out, 3, sn)}),
                      nn::sequential({up_conv(in, out, 1, sn)}));
}

// first: sees the picture itself, so nothing is rectified before.
Layer down_block(int in, int out, bool down, bool first, bool sn) {
  std::vector<Layer> main;
  if (!first) main.push_back(nn::relu());
  main.push_back(conv(in, out, 3, sn));
  main.push_back(nn::relu());
  main.push_back(down ? down_conv(out, out, 3, sn) : conv(out, out, 3, sn));
  if (!down && in == out) return nn::residual(nn::sequential(std::move(main)));
  return nn::residual(nn::sequential(std::move(main)), nn::sequential({down ? down_conv(in, out, 1, sn) : conv(in, out, 1, sn)}));
}

// out = w h + b + <embed(y), h> of h, the sum over all pixels.
class Projection : public nn::Module {
 public:
  Projection(Layer trunk, int features, int classes, bool spectral, bool projection) : trunk_(std::move(trunk)), out_(dense(features, 1, spectral)) {
    if (projection) embed_ = nn::embedding(classes, features, nn::init::xavier_uniform(classes, features), spectral);
  }
  using Module::forward;
  Tensor forward(const Tensor&) override { fail("the projection discriminator takes labels; call its network with x and the labels"); }
  bool conditional() const override { return true; }
  bool batches_pass_together() const override { return trunk_->batches_pass_together(); }
  Tensor forward_given(const Tensor& x, const Tensor& labels, const Activation& f, const Tensor& residual) override {
    const Tensor h = cast(sum(trunk_->forward(x), {1, 2}), x.dtype());
    Tensor y = out_->forward(h);
    nn::LayerTrace::note("out", *out_, y);
    if (embed_) {
      const Tensor e = embed_->forward(labels);
      nn::LayerTrace::note("embed", *embed_, e);
      y = y + sum(e * h, {1}, true);
    }
    return add_then_activate(y, residual, f);
  }
  void visit(const nn::Visit& v) override {
    v("trunk", *trunk_), v("out", *out_);
    if (embed_) v("embed", *embed_);
  }
  std::string type() const override { return "projection"; }
 private:
  Layer trunk_, out_, embed_;
};

}  // namespace

Layer sagan_generator(const SaganSize& s) {
  const int k = doublings(s.size);
  const auto channels = [&](int block) { return s.width * std::min(16, 1 << (k - 1 - block)); };
  int c = channels(0);
  std::vector<Layer> layers{dense(s.latent, c * 16, s.spectral_g), nn::reshape_to({4, 4, c})};
  bool placed = false;
  for (int i = 0; i < k; ++i) {
    layers.push_back(up_block(s, c, channels(i)));
    c = channels(i);
    if (i + 1 < k) attend(layers, s, 8 << i, c, s.spectral_g, placed);
  }
  check_placed(s, placed);
  layers.push_back(nn::batch_norm(c, 1e-5, nn::init::one(), s.norm_momentum / 10));
  layers.push_back(nn::relu());
  layers.push_back(conv(c, s.channels, 3, s.spectral_g));
  layers.push_back(nn::tanh());
  return nn::sequential(std::move(layers));
}

Layer sagan_discriminator(const SaganSize& s) {
  const int k = doublings(s.size);
  std::vector<Layer> layers;
  bool placed = false;
  int c = s.channels;
  for (int i = 0; i < k; ++i) {
    const int out = s.width * std::min(16, 1 << i);
    layers.push_back(down_block(c, out, true, i == 0, s.spectral_d));
    c = out;
    if (i + 1 < k) attend(layers, s, s.size >> (i + 1), c, s.spectral_d, placed);
  }
  check_placed(s, placed);
  layers.push_back(down_block(c, c, false, false, s.spectral_d));
  layers.push_back(nn::relu());
  return std::make_shared<Projection>(nn::sequential(std::move(layers)), c, s.classes, s.spectral_d, s.projection);
}

}  // namespace ganymede::nets
