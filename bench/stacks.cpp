#include "bench/stacks.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/srgan.h"
#include "gan/nets/vgg.h"
#include "nn/blocks.h"
#include "nn/losses.h"

namespace ganymede::bench {
namespace {

// --- ProGAN ---

// The model itself, beginning at its last resolution.
Recipe progan(const StackShape& s) {
  DataFacts facts;
  facts.size = facts.width = s.size, facts.channels = 3;
  const int64_t most = 512 / s.divisor, width = std::min<int64_t>(512, 16384 / s.size) / s.divisor;
  return progressive_gan(Config(facts, {{"start", text(s.size)}, {"width", text(width)}, {"most_width", text(most)}, {"latent", text(most)}, {"ema", "0.999"}}));
}

// --- SRResNet and SRGAN ---

Recipe super_resolution(const StackShape& s, bool adversarial) {
  Recipe r;
  const nn::Net G = r.net("G", nets::srresnet({.width = 64 / s.divisor}));
  const nn::Optim adam = nn::adam(1e-4, 0.9, 0.999);
  r.sample = [=](int64_t, const Batch& x) { return G(x["low"]); };
  if (!adversarial) {
    r.update("G", {G}, adam, [=](const Batch& x) -> Losses { return {{"mse", nn::mse(G(x["low"]), x["high"]), "E (G(low) - high)^2"}}; });
    return r;
  }
  const nn::Net D = r.net("D", nets::srgan_discriminator({.height = 4 * s.size, .width = 4 * s.size, .filters = 64 / s.divisor})),
                vgg = r.net("VGG", nets::vgg_convolutions(19, 5, s.divisor));
  // Features are divided by 12.75 as in the paper.
  const auto features = [vgg, normalise = nets::imagenet_normaliser(context().dtype, context().device)](const Tensor& x) { return vgg(normalise(x)); };
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
