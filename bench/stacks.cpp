#include "bench/stacks.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/losses/penalty.h"
#include "gan/nets/srgan.h"
#include "gan/nets/vgg.h"
#include "nn/blocks.h"
#include "nn/losses.h"

namespace ganymede::bench {
namespace {

using nn::Layer;
using Layers = std::vector<Layer>;

// --- ProGAN ---

nn::ConvSpec equal(int kernel, double gain = nn::kReluGain) { return nn::equalised({.kernel = kernel, .padding = kernel / 2}, gain); }
Layer pixel_norm(int channels) { return nn::norm(nn::NormKind::pixel, channels, false, 1e-8); }

// 512 up to 32 pixels, then halved with every doubling.
int progan_width(int64_t side, int divisor) { return int(std::min<int64_t>(512, 16384 / side)) / divisor; }

Layer progan_generator(const StackShape& s) {
  int c = progan_width(4, s.divisor);
  const auto then = [](Layers& to, Layer conv, int channels) { to.insert(to.end(), {std::move(conv), nn::leaky_relu(0.2), pixel_norm(channels)}); };
  Layers layers{pixel_norm(c), nn::reshape_to({1, 1, c})};
  then(layers, nn::deconv(c, c, nn::equalised({.kernel = 4})), c);
  then(layers, nn::conv(c, c, equal(3)), c);
  for (int64_t side = 8; side <= s.size; side *= 2) {
    const int out = progan_width(side, s.divisor);
    then(layers, nn::upsample_conv(c, out, equal(3)), out);
    then(layers, nn::conv(out, out, equal(3)), out);
    c = out;
  }
  layers.push_back(nn::conv(c, 3, equal(1, 1)));
  return nn::sequential(std::move(layers));
}

// Each block takes the mean before it rectifies, as the authors' code does where it fuses the two.
Layer progan_discriminator(const StackShape& s) {
  int c = progan_width(s.size, s.divisor);
  Layers layers{nn::conv(3, c, equal(1)), nn::leaky_relu(0.2)};
  for (int64_t side = s.size; side > 4; side /= 2) {
    const int out = progan_width(side / 2, s.divisor);
    layers.insert(layers.end(), {nn::conv(c, c, equal(3)), nn::leaky_relu(0.2), nn::conv_mean_pool(c, out, equal(3)), nn::leaky_relu(0.2)});
    c = out;
  }
  layers.insert(layers.end(), {nn::minibatch_stddev(4), nn::conv(c + 1, c, equal(3)), nn::leaky_relu(0.2), nn::conv(c, c, nn::equalised({.kernel = 4})),
                               nn::leaky_relu(0.2), nn::reshape_to({c}), nn::equalised_linear(c, 1, 1)});
  return nn::sequential(std::move(layers));
}

Recipe progan(const StackShape& s) {
  Recipe r;
  const nn::Net G = r.net("G", progan_generator(s)), D = r.net("D", progan_discriminator(s));
  const auto draw = [G, latent = progan_width(4, s.divisor)](int64_t n) { return G(randn({n, latent})); };
  const nn::Optim adam = nn::adam(1e-3, 0, 0.99);
  r.update("D", {D}, adam, [=](const Batch& x) -> Losses {
    const Tensor real = x.image(), fake = draw(x.size), on_fake = D(fake), on_real = D(real);
    return {{"adv", mean(on_fake) - mean(on_real), "E D(G(z)) - E D(x)"}, {"gp", 10.0 * gradient_penalty(D, real, fake), "10 E (|grad D(x^)| - 1)^2"}, {"drift", 0.001 * nn::mse(on_real, 0), "0.001 E D(x)^2"}};
  });
  r.update("G", {G}, adam, [=](const Batch& x) -> Losses { return {{"adv", -mean(D(draw(x.size))), "-E D(G(z))"}}; });
  r.average = 0.999, r.averaged = {G};
  r.sample = [=](int64_t n, const Batch&) { return draw(n); };
  r.draws_alone = true;
  return r;
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
