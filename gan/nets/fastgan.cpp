#include "gan/nets/fastgan.h"

#include <algorithm>
#include <bit>
#include <map>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/nets/stackgan_pp.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

using nn::Layer;
using Layers = std::vector<Layer>;

// Of G: 16, 8, 4, 2, 2, 1, 1/2, 1/4, 1/8 times the width at 4, 8, ..., 1024 px. Of D's map: the width at 64 px, half of it at twice the side.
int made_width(int width, int side) { return std::max(1, width * (side < 64 ? 64 : 128) / side); }
int seen_width(int width, int side) { return std::max(1, width * 64 / side); }

nn::ConvSpec kernel(const FastSize& s, int k, int stride = 1, int padding = 0) { return {.kernel = k, .stride = stride, .padding = padding, .bias = false, .spectral = s.spectral}; }
nn::ConvSpec same(const FastSize& s) { return kernel(s, 3, 1, 1); }
// x + strength * noise: a plane a sample, for all of its channels; the strength is 0 at first.
class Noise : public nn::Module {
 public:
  explicit Noise(int side) : strength_(nn::parameter({1}, nn::init::zero())), plane_(nn::parameter({1, side, side, 1}, nn::init::normal(0, 1))) {}
  using Module::forward;
  Tensor forward(const Tensor& x) override { return x + mul(context().training ? randn({x.dim(0), x.dim(1), x.dim(2), 1}) : plane_, strength_); }
  void visit(const nn::Visit& v) override {
    v.parameter(v.prefix + "strength", strength_);
    v.buffer(v.prefix + "plane", plane_);
  }
  std::string type() const override { return "noise"; }
 private:
  Tensor strength_, plane_;
};

class MeanOfSixteenths : public nn::Module {
 public:
  using Module::forward;
  Tensor forward(const Tensor& x) override { return x.dim(1) == 4 ? x : adaptive_average_pool(x, 4, 4); }
  bool batches_pass_together() const override { return true; }
  std::string type() const override { return "pool"; }
  std::string describe() const override { return "mean pool to 4 x 4"; }
};

void doubled(Layers& to, const FastSize& s, int in, int out) { to.insert(to.end(), {nn::upsample_conv(in, 2 * out, same(s)), dcgan_norm(2 * out), gated_linear_unit()}); }
Layer doubling(const FastSize& s, int in, int out) {
  Layers layers;
  doubled(layers, s, in, out);
  return nn::sequential(std::move(layers));
}
Layer noisy_doubling(const FastSize& s, int in, int out, int side) {
  return nn::sequential({nn::upsample_conv(in, 2 * out, same(s)), std::make_shared<Noise>(side), dcgan_norm(2 * out), gated_linear_unit(),
                         nn::conv(out, 2 * out, same(s)), std::make_shared<Noise>(side), dcgan_norm(2 * out), gated_linear_unit()});
}

// A factor in (0, 1) for each channel of other features, [N, 1, 1, out]: skip-layer channel-wise excitation (equation 1).
Layer excitation(const FastSize& s, int in, int out) {
  return nn::sequential({std::make_shared<MeanOfSixteenths>(), nn::conv(in, out, kernel(s, 4)), nn::leaky_relu(0.1), nn::conv(out, out, kernel(s, 1)), nn::sigmoid()});
}

void halved(Layers& to, const FastSize& s, int in, int out) { to.insert(to.end(), {nn::conv(in, out, kernel(s, 4, 2, 1)), dcgan_norm(out), nn::leaky_relu(0.2)}); }

// The mean of two ways to half the side.
class Halving : public NamedModules {
 public:
  Halving(const FastSize& s, int in, int out)
      : main_(add<nn::Module>("main", nn::sequential({nn::conv(in, out, kernel(s, 4, 2, 1)), dcgan_norm(out), nn::leaky_relu(0.2), nn::conv(out, out, same(s)), dcgan_norm(out), nn::leaky_relu(0.2)}))),
        direct_(add<nn::Module>("direct", nn::sequential({nn::mean_pool(), nn::conv(in, out, kernel(s, 1)), dcgan_norm(out), nn::leaky_relu(0.2)}))) {}
  using Module::forward;
  Tensor forward(const Tensor& x) override { return (main_.forward(x) + direct_.forward(x)) * 0.5; }
  bool batches_pass_together() const override { return true; }
  std::string type() const override { return "halving"; }
 private:
  nn::Module &main_, &direct_;
};

}  // namespace

void check_fast(const FastSize& s) {
  if (s.size < 32 || s.size > 1024 || !std::has_single_bit(unsigned(s.size))) throw UsageError(text("a picture size of ", s.size, ": FastGAN makes 32, 64, 128, 256, 512 or 1024 pixels; set --size"));
}

int small_side(const FastSize& s) { return std::min(128, s.size / 2); }

FastGenerator::FastGenerator(const FastSize& s) : small_(small_side(s)) {
  check_fast(s);
  const auto channels = [&](int side) { return made_width(s.width, side); };
  const int c = channels(4);
  first_ = nn::sequential({nn::reshape_to({1, 1, s.latent}), nn::deconv(s.latent, 2 * c, kernel(s, 4)), dcgan_norm(2 * c), gated_linear_unit()});
  add("first", first_);
  bool noisy = true;
  for (int side = 8; side <= s.size; side *= 2, noisy = !noisy) {
    const int in = channels(side / 2), out = channels(side);
    steps_.push_back({side, noisy ? noisy_doubling(s, in, out, side) : doubling(s, in, out), s.skip && side >= 64 && side <= 512 ? excitation(s, channels(side / 16), out) : nullptr});
    add(text("up", side), steps_.back().enlarge);
    if (steps_.back().excite) add(text("skip", side), steps_.back().excite);
  }
  to_small_ = nn::sequential({nn::conv(channels(small_), s.channels, kernel(s, 1)), nn::tanh()});
  to_picture_ = nn::sequential({nn::conv(channels(s.size), s.channels, same(s)), nn::tanh()});
  add("small", to_small_), add("picture", to_picture_);
}

Tensors FastGenerator::forward(const Tensors& z) {
  std::map<int, Tensor> at{{4, first_->forward(z[0])}};
  for (const auto& [side, enlarge, excite] : steps_) {
    Tensor h = enlarge->forward(at[side / 2]);
    if (excite) h = mul(h, excite->forward(at[side / 16]));
    at[side] = h;
  }
  return {to_picture_->forward(at[steps_.back().side]), to_small_->forward(at[small_])};
}

FastDiscriminator::FastDiscriminator(const FastSize& s) : first_side_(std::min(s.size, 256)) {
  check_fast(s);
  const auto channels = [&](int side) { return seen_width(s.width, side); };
  Layers first;
  if (s.size <= 256) first = {nn::conv(s.channels, channels(s.size), same(s)), nn::leaky_relu(0.2)};
  else first = {nn::conv(s.channels, channels(s.size / 2), kernel(s, 4, 2, 1)), nn::leaky_relu(0.2)};
  if (s.size == 1024) halved(first, s, channels(512), channels(256));
  first_ = nn::sequential(std::move(first));
  add("first", first_);
  for (int side = first_side_ / 2; side >= 8; side /= 2) {
    steps_.push_back({side, std::make_shared<Halving>(s, channels(2 * side), channels(side)),
                      s.skip && 8 * side <= first_side_ && side <= 32 ? excitation(s, channels(8 * side), channels(side)) : nullptr});
    add(text("down", side), steps_.back().halve);
    if (steps_.back().excite) add(text("skip", side), steps_.back().excite);
  }
  logits_ = nn::sequential({nn::conv(channels(8), 2 * channels(8), kernel(s, 1)), dcgan_norm(2 * channels(8)), nn::leaky_relu(0.2), nn::conv(2 * channels(8), 1, kernel(s, 4))});
  add("logits", logits_);
  const auto narrow = [&](int side) { return seen_width(s.width, 2 * side); };
  int side = small_side(s) / 2;
  Layers small{nn::conv(s.channels, narrow(side), kernel(s, 4, 2, 1)), nn::leaky_relu(0.2)};
  for (; side > 8; side /= 2) halved(small, s, narrow(side), narrow(side / 2));
  small_ = nn::sequential(std::move(small));
  small_logits_ = nn::sequential({nn::conv(narrow(8), 1, kernel(s, 4))});
  add("small", small_), add("small_logits", small_logits_);
}

Tensor FastDiscriminator::forward(const Tensor&) { fail("FastGAN's discriminator takes pictures of two sizes"); }

Tensors FastDiscriminator::forward(const Tensors& both) {
  require(both.size() == 2, "FastGAN's discriminator takes pictures of two sizes");
  std::map<int, Tensor> at{{first_side_, first_->forward(both[0])}};
  for (const auto& [side, halve, excite] : steps_) {
    Tensor h = halve->forward(at[2 * side]);
    if (excite) h = mul(h, excite->forward(at[8 * side]));
    at[side] = h;
  }
  const Tensor small = small_->forward(both[1]);
  const Tensors said{flatten(logits_->forward(at[8])), flatten(small_logits_->forward(small))};
  return {concat(said, 1), at[16], at[8], small};
}

FastFeatures fast_features(const FastSize& s) { return {seen_width(s.width, 16), seen_width(s.width, 8), seen_width(s.width, 16)}; }

Layer fast_decoder(const FastSize& s, int in) {
  Layers layers;
  for (int side = 16; side <= small_side(s); side *= 2) {
    const int out = made_width(std::max(1, s.width / 2), side);
    doubled(layers, s, in, out), in = out;
  }
  layers.insert(layers.end(), {nn::conv(in, s.channels, same(s)), nn::tanh()});
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
