// GAN. Goodfellow et al.: Generative Adversarial Nets, NIPS 2014, arXiv 1406.2661, in the released MNIST configuration.
//   D:  min  1/2 ( -E log D(x) - E log(1 - D(G(z))) )        G:  min  -E log D(G(z))
// Multi-layer perceptrons: rectified G with logistic output, maxout D with dropout. Both gradients come from the same batch
// and the same masks, and both steps are taken at once, by SGD with momentum.
#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "gan/models.h"
#include "nn/layers.h"
#include "nn/losses.h"

namespace ganymede {

using nn::bce_with_logits;

Recipe gan(const Config& c) {
  const int side = int(c.data.size), pixels = side * side * int(c.data.channels);
  const int latent = int(c.integer("latent", 100, "length of z", 1, 65536)), width = int(c.integer("width", 1200, "hidden units of G", 1, 1 << 20));
  const int units = int(c.integer("units", 240, "maxout units of D, 5 pieces each", 1, 1 << 20));
  const bool dropout = c.flag("dropout", true, "drop inputs of D's layers (keep 0.8, 0.5, 0.5)");
  const bool saturating = c.choice("generator", {"non-saturating", "minimax"}, "G's loss") == "minimax";
  const bool by_adam = c.choice("optimizer", {"sgd", "adam"}, "the paper's SGD with momentum, or Adam") == "adam";
  const double rate = c.number("rate", by_adam ? 2e-4 : 0.1, "learning rate", 0);
  const int64_t epoch = c.integer("momentum_steps", 150000, "iterations over which the momentum goes from 0.5 to 0.7 (250 epochs of 600)", 1);

  // Output biases that already give the mean picture; D would win at once against grey noise.
  nn::Init marginals = nn::init::zero();
  if (c.data.mean_picture) {
    marginals = {nn::Init::Kind::values, 0, 0, c.data.mean_picture()};
    for (double& v : marginals.values) {
      const double p = std::clamp((v + 1) / 2, 0.01, 0.99);
      v = std::log(p / (1 - p));
    }
  }
  const nn::Init wide = nn::init::uniform(-0.05, 0.05), narrow = nn::init::uniform(-0.005, 0.005);
  const auto keep = [&](double k) { return nn::dropout(dropout ? k : 1); };

  Recipe r;
  const nn::Net G = r.net("G", nn::sequential({nn::linear(latent, width, true, wide), nn::relu(), nn::linear(width, width, true, wide), nn::relu(),
                                               nn::linear(width, pixels, true, wide, marginals), nn::sigmoid()}));
  const nn::Net D = r.net("D", nn::sequential({keep(0.8), nn::maxout(pixels, units, 5, narrow), keep(0.5), nn::maxout(units, units, 5, narrow), keep(0.5),
                                               nn::linear(units, 1, true, narrow)}));
  const auto noise = [=](int64_t n) { return uniform({n, latent}, -std::sqrt(3.0), std::sqrt(3.0)); };

  nn::Optim optim = by_adam ? nn::adam(rate, 0.5) : nn::sgd(rate, 0.5).with(nn::exponential_decay(1 / 1.000004, 1e-6 / std::max(rate, 1e-6)));
  if (!by_adam) optim.momentum = [=](int64_t step) { return 0.5 + 0.2 * std::min(1.0, double(step) / double(epoch)); };

  r.update("D+G", {Group{{D}, optim}, Group{{G}, optim}}, [=](const Batch& x) -> Losses {
    const Tensor fake = G(noise(x.size)), real = flatten(x.image()) * 0.5 + 0.5;
    const Tensor on_real = D(real), on_fake = D(fake);
    const Tensor d = (bce_with_logits(on_real, 1) + bce_with_logits(on_fake, 0)) * 0.5;
    const Tensor g = saturating ? -bce_with_logits(on_fake, 0) : bce_with_logits(on_fake, 1);
    return {{"D", d, "1/2 (-E log D(x) - E log(1 - D(G(z))))", {D}}, {"G", g, saturating ? "E log(1 - D(G(z)))" : "-E log D(G(z))", {G}},
            shown("real", mean(sigmoid(on_real)), "E D(x)"), shown("fake", mean(sigmoid(on_fake)), "E D(G(z))")};
  });
  r.latent = {.length = latent, .draw = noise, .normal = false};
  r.latent.decode = [=, channels = c.data.channels](const Tensor& z, const Tensor&) { return reshape(G(z) * 2.0 - 1.0, Shape{z.dim(0), side, side, channels}); };
  return r;
}

}  // namespace ganymede
