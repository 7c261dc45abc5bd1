// GAN. Goodfellow et al.: Generative Adversarial Nets, NIPS 2014, arXiv 1406.2661, in the released MNIST configuration.
//   D:  min  1/2 ( -E log D(x) - E log(1 - D(G(z))) )        G:  min  -E log D(G(z))
// Multi-layer perceptrons: rectified G with logistic output, maxout D with dropout. Both gradients come from the same batch
// and the same masks, and both steps are taken at once, by SGD with momentum. For points: a linear output, and D without dropout.
#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/perceptron.h"
#include "gan/uses/point_measures.h"
#include "nn/layers.h"
#include "nn/losses.h"

namespace ganymede {

using nn::bce_with_logits;

Recipe gan(const Config& c) {
  const bool points = c.data.dimensions > 0;
  const int side = int(c.data.size), elements = points ? int(c.data.dimensions) : side * side * int(c.data.channels);
  const bool gaussian = points && c.choice("network", {"mlp", "gaussian"}, "G: a perceptron, or mean + deviation z with z from a standard normal") == "gaussian";
  const int latent = gaussian ? elements : int(c.integer("latent", points ? 16 : 100, "length of z", 1, 65536));
  const int width = gaussian ? 0 : int(c.integer("width", points ? 128 : 1200, "hidden units of G", 1, 1 << 20));
  const int units = int(c.integer("units", points ? 64 : 240, "maxout units of D, 5 pieces each", 1, 1 << 20));
  const bool dropout = c.flag("dropout", !points, "drop inputs of D's layers (keep 0.8, 0.5, 0.5)");
  const bool saturating = c.choice("generator", {"non-saturating", "minimax"}, "G's loss") == "minimax";
  const std::string order = c.choice("order", {"simultaneous", "d-first", "g-first"}, "both steps at once from the same samples, or one player after the other, each on its own");
  const auto optimizers = points ? std::vector<std::string>{"adam", "sgd"} : std::vector<std::string>{"sgd", "adam"};
  const bool by_adam = c.choice("optimizer", optimizers, "the paper's SGD with momentum, or Adam") == "adam";
  const double rate = c.number("rate", !by_adam ? 0.1 : points ? 1e-3 : 2e-4, "learning rate", 0);
  const int64_t epoch = c.integer("momentum_steps", 150000, "iterations of SGD over which the momentum goes from 0.5 to 0.7 (250 epochs of 600)", 1);
  const int64_t head_start = c.integer("head_start", 0, "iterations in which D moves alone");

  // Output biases that already give the mean picture; D would win at once against grey noise.
  nn::Init marginals = nn::init::zero();
  if (!points && c.data.mean_picture) {
    marginals = {nn::Init::Kind::values, 0, 0, c.data.mean_picture()};
    for (double& v : marginals.values) {
      const double p = std::clamp((v + 1) / 2, 0.01, 0.99);
      v = std::log(p / (1 - p));
    }
  }
  const nn::Init wide = nn::init::uniform(-0.05, 0.05), narrow = points ? nn::init::normal(0, 0.2) : nn::init::uniform(-0.005, 0.005);
  const auto keep = [&](double k) { return nn::dropout(dropout ? k : 1); };

  Recipe r;
  const nn::Net G = r.net("G", gaussian ? nets::location_scale(elements)
                               : points ? nets::perceptron({.in = latent, .width = width, .out = elements})
                                        : nn::sequential({nn::linear(latent, width, true, wide), nn::relu(), nn::linear(width, width, true, wide), nn::relu(),
                                                          nn::linear(width, elements, true, wide, marginals), nn::sigmoid()}));
  const nn::Net D = r.net("D", nn::sequential({keep(0.8), nn::maxout(elements, units, 5, narrow), keep(0.5), nn::maxout(units, units, 5, narrow), keep(0.5),
                                               nn::linear(units, 1, true, narrow)}));
  const auto noise = [=](int64_t n) { return gaussian ? randn({n, latent}) : uniform({n, latent}, -std::sqrt(3.0), std::sqrt(3.0)); };
  const auto real = [=](const Batch& x) { return points ? x["point"] : flatten(x.image()) * 0.5 + 0.5; };

  nn::Optim optim = by_adam ? nn::adam(rate, 0.5) : nn::sgd(rate, 0.5).with(nn::exponential_decay(1 / 1.000004, 1e-6 / std::max(rate, 1e-6)));
  if (!by_adam) optim.momentum = [=](int64_t step) { return 0.5 + 0.2 * std::min(1.0, double(step) / double(epoch)); };

  const auto d_terms = [=](const Tensor& on_real, const Tensor& on_fake) -> Losses {
    return {{"D", (bce_with_logits(on_real, 1) + bce_with_logits(on_fake, 0)) * 0.5, "1/2 (-E log D(x) - E log(1 - D(G(z))))", {D}},
            shown("real", mean(sigmoid(on_real)), "E D(x)"), shown("fake", mean(sigmoid(on_fake)), "E D(G(z))")};
  };
  const auto g_term = [=](const Tensor& on_fake) -> Term {
    return {"G", saturating ? -bce_with_logits(on_fake, 0) : bce_with_logits(on_fake, 1), saturating ? "E log(1 - D(G(z)))" : "-E log D(G(z))", {G}};
  };
  const Tensor done = head_start ? r.keep("iterations", zeros({1})) : Tensor{};
  Gate waits = {};
  if (head_start) waits = [=](const Losses&) { return cast(greater_equal(done, full({1}, double(head_start))), DType::f32); };
  const auto count = [=](const Batch&) { if (done) assign(done, done + 1.0); };

  if (order == "simultaneous") {
    r.update("D+G", {Group{{D}, optim}, Group{{G}, optim, waits}}, [=](const Batch& x) -> Losses {
      const Tensor on_real = D(real(x)), on_fake = D(G(noise(x.size)));
      Losses l = d_terms(on_real, on_fake);
      l.push_back(g_term(on_fake));
      return l;
    }).then(count);
  } else {
    const auto add_d = [&] { r.update("D", {D}, optim, [=](const Batch& x) { return d_terms(D(real(x)), D(G(noise(x.size)))); }); };
    const auto add_g = [&] { r.update("G", {Group{{G}, optim, waits}}, [=](const Batch& x) -> Losses { return {g_term(D(G(noise(x.size))))}; }).then(count); };
    if (order == "d-first") add_d(), add_g();
    else add_g(), add_d();
  }
  r.latent = {.length = latent, .draw = noise, .normal = gaussian};
  r.latent.decode = [=, channels = c.data.channels](const Tensor& z, const Tensor&) { return points ? G(z) : reshape(G(z) * 2.0 - 1.0, Shape{z.dim(0), side, side, channels}); };
  if (points) r.field = {"D(x)", [=](const Tensor& x) { return sigmoid(D(x)); }, true};
  if (points && elements == 1) {
    r.measures = line_moments(r.latent);
    for (const Measure& m : discriminator_measures(r.latent, [=](const Tensor& x) { return D(x); })) r.measures.push_back(m);
  }
  return r;
}

}  // namespace ganymede
