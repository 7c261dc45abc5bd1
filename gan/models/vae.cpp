// VAE. Kingma, Welling: Auto-Encoding Variational Bayes, ICLR 2014, arXiv 1312.6114.
//   min  E_q(z|x) -log p(x | z) + beta KL(q(z | x) || N(0, 1)),   z = mu + exp(logvar / 2) eps,  eps ~ N(0, 1)
// Encoder and decoder maximise a lower bound on the likelihood of the data (beta = 1). Both terms are sums over dimensions,
// means over samples: a mean over pixels would multiply beta by their number.
#include <cmath>

#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/posterior.h"
#include "gan/nets/vae.h"
#include "gan/uses/bound_measures.h"
#include "gan/uses/encoder_measures.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

constexpr double kLog2Pi = 1.8378770664093453;

Tensor each_sum(const Tensor& x) { return sum(flatten(x), {1}); }  // [N]

}  // namespace

Recipe vae(const Config& c) {
  const bool points = c.data.dimensions > 0;
  using Kind = nets::VaeSize::Kind;
  nets::VaeSize s;
  const std::string net = c.choice("architecture", {"mlp", "paper", "linear", "conv"}, "a hidden layer of ReLU; of tanh from N(0, 0.01) as the paper; none; or convolutions");
  s.kind = net == "mlp" ? Kind::common : net == "paper" ? Kind::paper : net == "linear" ? Kind::linear : Kind::convolutions;
  const bool conv = s.kind == Kind::convolutions;
  if (conv && points) throw UsageError("architecture=conv: these data are points, which only perceptrons take; use mlp, paper or linear");
  s.size = int(c.data.size), s.channels = int(c.data.channels);
  s.elements = points ? c.data.dimensions : c.data.size * c.data.size * c.data.channels;
  s.width = s.kind == Kind::linear ? 1 : int(c.integer("width", conv ? 32 : s.kind == Kind::paper ? 500 : 400, "hidden units, or channels next to the picture", 1, 65536));
  s.latent = int(c.integer("latent", conv ? 128 : points ? 2 : 20, "length of z", 1, 65536));
  const std::string likelihood = points ? c.choice("likelihood", {"gaussian", "learned"}, "p(x | z): normal of a given deviation, or of one that the decoder gives")
                                        : c.choice("likelihood", {"bernoulli", "gaussian", "learned"}, "p(x | z): coins with grey levels as targets, normal of a given deviation, or of one that the decoder gives");
  const bool bernoulli = likelihood == "bernoulli", learned = likelihood == "learned";
  s.outputs = learned ? 2 : 1;
  const double deviation = likelihood == "gaussian" ? c.number("deviation", points ? 0.1 : 0.2, "of p(x | z), in units of [0, 1] for pictures", 1e-6) : 1;
  const bool binary = bernoulli && c.flag("binarise", false, "pixels become coins drawn anew each time, instead of grey levels");
  const double beta = c.number("beta", 1, "weight of the KL divergence; 1 is the bound", 0), free_bits = c.number("free_nats", 0, "KL of an element of z, averaged over the batch, that costs nothing beyond itself", 0);
  const int64_t warm_up = c.integer("warm_up", 0, "iterations over which beta rises from 0", 0);
  const double rate = c.number("rate", 1e-3, "learning rate of Adam", 0), decay = c.number("weight_decay", 0, "L2 added to the gradient: a normal prior on the weights", 0);

  Recipe r;
  const nn::Net encoder = r.net("encoder", nets::vae_encoder(s)), decoder = r.net("decoder", nets::vae_decoder(s));
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  // What the likelihood is of: points, or grey levels in [0, 1].
  const auto seen = [=](const Tensor& x) { return points ? x : conv ? x * 0.5 + 0.5 : flatten(x) * 0.5 + 0.5; };
  const int axis = conv ? 3 : 1;
  const int64_t values = conv ? s.channels : s.elements;
  // The decoder's output as parameters of p: logits, or means (in (0, 1) for pictures) and log variances.
  const auto centre = [=](const Tensor& out) {
    const Tensor a = learned ? slice(out, axis, 0, values) : out;
    return points ? a : sigmoid(a);
  };
  // -log p(x | z) for each sample.
  const auto cost = [=](const Tensor& x, const Tensor& out) {
    if (bernoulli) return each_sum(softplus(out) - out * x);
    if (learned) {
      const Tensor logvar = clamp(slice(out, axis, values, 2 * values), -30, 20);
      return each_sum((logvar + square(x - centre(out)) * exp(-logvar) + kLog2Pi) * 0.5);
    }
    return each_sum(square(x - centre(out)) * (0.5 / (deviation * deviation)) + (0.5 * kLog2Pi + std::log(deviation)));
  };

  const Tensor warmth = warm_up > 0 ? r.keep("warmth", full({1}, 0)) : Tensor{};
  Update& update = r.update("VAE", {encoder, decoder}, nn::adam(rate).decay(decay), [=](const Batch& b) -> Losses {
    Tensor x = seen(samples_of(b));
    if (binary) x = greater(x, uniform(x.shape()));
    const nets::Posterior q = nets::posterior(encoder(x));
    const Tensor reconstruction = mean(cost(x, decoder(q.draw())));
    const Tensor kl = q.kl();
    Tensor charged = kl;
    if (free_bits > 0) {
      const Tensor each = mean((q.logvar - square(q.mean) - exp(q.logvar) + 1.0) * -0.5, {0});  // of an element of z
      charged = sum(maximum(each, zeros_like(each) + free_bits));
    }
    Tensor weighted = beta * charged;
    if (warmth) weighted = weighted * reshape(warmth.constant(), Shape{});
    return {{"reconstruction", reconstruction, "E -log p(x | z)"}, {"kl", weighted, text(beta, " KL(q(z|x) || N(0, 1))")},
            shown("bound", -(reconstruction + kl), "E log p(x | z) - KL")};
  });
  if (warm_up > 0) update.then([=](const Batch&) { assign(warmth, clamp(warmth + 1.0 / double(warm_up), 0, 1)); });

  r.latent = {.length = s.latent, .draw = noise, .encode = [=](const Tensor& x) { return nets::posterior(encoder(seen(x))).mean; }};
  r.latent.decode = [=, size = c.data.size, channels = c.data.channels](const Tensor& z, const Tensor&) {
    const Tensor y = centre(decoder(z));
    return points ? y : reshape(y * 2.0 - 1.0, Shape{z.dim(0), size, size, channels});
  };

  r.measures = encoder_measures(r.latent);
  const BoundOf bound{.seen = [=](const Batch& b) { return seen(samples_of(b)); }, .encode = [=](const Tensor& x) { return nets::posterior(encoder(x)); },
                      .cost = [=](const Tensor& x, const Tensor& z) { return cost(x, decoder(z)); }};
  for (const Measure& m : bound_measures(bound, bernoulli)) r.measures.push_back(m);
  return r;
}

}  // namespace ganymede
