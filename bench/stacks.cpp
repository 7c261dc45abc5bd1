#include "bench/stacks.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/models.h"
#include "nn/blocks.h"
#include "nn/losses.h"

namespace ganymede::bench {
namespace {

using nn::Layer;
using Layers = std::vector<Layer>;

// --- ProGAN ---

// The model itself, beginning at its last resolution.
Recipe progan(const StackShape& s) {
  DataFacts facts;
  facts.size = facts.width = s.size, facts.channels = 3;
  const int64_t most = 512 / s.divisor, width = std::min<int64_t>(512, 16384 / s.size) / s.divisor;
  return progressive_gan(Config(facts, {{"start", text(s.size)}, {"width", text(width)}, {"most_width", text(most)}, {"latent", text(most)}, {"ema", "0.999"}}));
}

// --- SRResNet and SRGAN ---

Layer srresnet(const StackShape& s) {
  const int w = 64 / s.divisor;
  const auto same = [](int in, int out, int kernel, bool bias, int shuffle = 1) { return nn::conv(in, out, {.kernel = kernel, .padding = kernel / 2, .bias = bias, .shuffle = shuffle}); };
  Layers body;
  for (int i = 0; i < 16; ++i)
    body.push_back(nn::residual(nn::sequential({same(w, w, 3, false), nn::batch_norm(w), nn::prelu(1), same(w, w, 3, false), nn::batch_norm(w)})));
  body.insert(body.end(), {same(w, w, 3, false), nn::batch_norm(w)});
  Layers layers{same(3, w, 9, true), nn::prelu(1), nn::residual(nn::sequential(std::move(body)))};
  for (int i = 0; i < 2; ++i) layers.insert(layers.end(), {same(w, 4 * w, 3, true, 2), nn::prelu(1)});
  layers.push_back(same(w, 3, 9, true));
  return nn::sequential(std::move(layers));
}

Layer srgan_discriminator(const StackShape& s) {
  const int w = 64 / s.divisor;
  Layers layers;
  int in = 3;
  int64_t side = 4 * s.size;
  for (int i = 0; i < 8; ++i) {
    const int out = w << (i / 2), stride = 1 + i % 2;
    layers.push_back(nn::conv(in, out, {.kernel = 3, .stride = stride, .padding = 1, .bias = i == 0}));
    if (i > 0) layers.push_back(nn::batch_norm(out));
    layers.push_back(nn::leaky_relu(0.2));
    in = out, side = (side - 1) / stride + 1;
  }
  layers.insert(layers.end(), {nn::reshape_to({side * side * in}), nn::linear(int(side * side * in), 16 * w), nn::leaky_relu(0.2), nn::linear(16 * w, 1)});
  return nn::sequential(std::move(layers));
}

// VGG-19 up to relu5_4.
Layer vgg_features(const StackShape& s) {
  Layers layers;
  int in = 3;
  for (const auto& [convolutions, width] : {std::pair{2, 64}, {2, 128}, {4, 256}, {4, 512}, {4, 512}}) {
    if (in > 3) layers.push_back(nn::max_pool());
    for (int i = 0; i < convolutions; ++i, in = width / s.divisor) {
      layers.push_back(nn::conv(in, width / s.divisor, {.kernel = 3, .padding = 1, .weight = nn::init::he_normal(in * 9)}));
      layers.push_back(nn::relu());
    }
  }
  return nn::sequential(std::move(layers));
}

Recipe super_resolution(const StackShape& s, bool adversarial) {
  Recipe r;
  const nn::Net G = r.net("G", srresnet(s));
  const nn::Optim adam = nn::adam(1e-4, 0.9, 0.999);
  r.sample = [=](int64_t, const Batch& x) { return G(x["low"]); };
  if (!adversarial) {
    r.update("G", {G}, adam, [=](const Batch& x) -> Losses { return {{"mse", nn::mse(G(x["low"]), x["high"]), "E (G(low) - high)^2"}}; });
    return r;
  }
  const nn::Net D = r.net("D", srgan_discriminator(s)), vgg = r.net("VGG", vgg_features(s));
  // From [-1, 1] to ImageNet's mean and deviation; the features by 12.75 as in the paper.
  const auto constant = [](const std::vector<double>& v) { return tensor(v, {3}, context().dtype, context().device); };
  const Tensor scale = constant({0.5 / 0.229, 0.5 / 0.224, 0.5 / 0.225}), shift = constant({0.015 / 0.229, 0.044 / 0.224, 0.094 / 0.225});
  const auto features = [=](const Tensor& x) { return vgg(x * scale + shift); };
  const SharedValue fake = r.shared("fake", {G}, [=](const Batch& x) { return G(x["low"]); });
  r.update("D", {D}, adam, [=](const Batch& x) -> Losses {
    const Tensors said = D.each({x["high"], fake()});
    return {{"real", nn::bce_with_logits(said[0], 1), "-E log D(high)"}, {"fake", nn::bce_with_logits(said[1], 0), "-E log(1 - D(G(low)))"}};
  });
  r.update("G", {G}, adam, [=](const Batch& x) -> Losses {
    return {{"vgg", nn::mse(features(fake()), features(x["high"])) * (1 / (12.75 * 12.75)), "E (phi(G(low)) - phi(high))^2 / 12.75^2"},
            {"adv", 1e-3 * nn::bce_with_logits(D(fake()), 1), "-0.001 E log D(G(low))"}};
  });
  return r;
}

// Uniform noise, a sample a function of its number.
class NoiseSet : public data::Dataset {
 public:
  NoiseSet(std::vector<data::Field> fields, int64_t count) : count_(count) { fields_ = std::move(fields); }
  int64_t size() const override { return count_; }
  std::string describe() const override { return "noise"; }
  void read(int64_t index, data::Random&, data::HostBatch& out, int64_t row) const override {
    data::Random random(uint64_t(index) + 1);
    for (size_t f = 0; f < fields_.size(); ++f)
      for (float& v : out.real(f, row)) v = float(2 * random.uniform() - 1);
  }
 private:
  int64_t count_;
};

}  // namespace

bool is_stack(const std::string& model) { return model == "progan" || model == "srresnet" || model == "srgan"; }

Recipe stack_recipe(const StackShape& s) {
  if (!is_stack(s.model)) throw UsageError("stack " + s.model + ": there are progan, srresnet and srgan");
  return s.model == "progan" ? progan(s) : super_resolution(s, s.model == "srgan");
}

Stack::Stack(const StackShape& s, int64_t batch, bool capture) {
  nn::seed_parameters(1);
  const std::vector<data::Field> progan{{"image", {s.size, s.size, 3}}}, others{{"low", {s.size, s.size, 3}}, {"high", {4 * s.size, 4 * s.size, 3}}};
  data_ = std::make_unique<NoiseSet>(s.model == "progan" ? progan : others, 2 * batch);
  loader_ = std::make_unique<data::Loader>(*data_, batch, 1, 0);
  trainer_ = std::make_unique<Trainer>(stack_recipe(s), TrainerOptions{batch, 1, capture}, data_->fields(), loader_.get());
}

}  // namespace ganymede::bench
