#include "bench/stacks.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/losses/penalty.h"
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
