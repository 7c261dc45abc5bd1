// BiGAN. Donahue, Kraehenbuehl, Darrell: Adversarial Feature Learning, ICLR 2017, arXiv 1605.09782.
//   V = E_x log D(x, E(x)) + E_z log(1 - D(G(z), z))
//   D:  min  -1/2 V        E:  min  -1/2 E log(1 - D(x, E(x)))        G:  min  -1/2 E log D(G(z), z)
// D judges pairs of a sample and its code; where it can no longer tell them apart, E inverts G, though nothing ever compares
// x with G(E(x)). All three move at once, from the same passes; the two kinds of pairs go through D as batches of their own.
// Two baselines of the paper: D sees samples only, and E regresses the latents of what G makes.
#include <cmath>

#include "engine/ops.h"
#include "gan/losses/decay.h"
#include "gan/models.h"
#include "gan/nets/bigan.h"
#include "gan/uses/encoder_measures.h"
#include "nn/losses.h"

namespace ganymede {

using nn::bce_with_logits;

Recipe bigan(const Config& c) {
  const bool points = c.data.dimensions > 0;
  nets::BiganSize s;
  s.convolutions = c.choice("architecture", {"mlp", "conv"}, "perceptrons as for MNIST, or convolutions as for ImageNet") == "conv";
  if (s.convolutions && points) throw UsageError("architecture=conv: these data are points, which only perceptrons take; leave it out");
  s.size = int(c.data.size), s.channels = int(c.data.channels);
  s.elements = points ? c.data.dimensions : c.data.size * c.data.size * c.data.channels, s.bounded = !points;
  s.width = int(c.integer("width", s.convolutions ? 64 : 1024, "hidden units, or channels next to the picture", 1, 65536));
  s.latent = int(c.integer("latent", points ? 2 : s.convolutions ? 200 : 50, "length of z", 1, 65536));
  const bool uniform_prior = c.choice("prior", {"uniform", "normal"}, "z from U(-1, 1) and E bounded to it, or from N(0, 1) and E linear") == "uniform";
  const std::string objective = c.choice("objective", {"bigan", "latent-regressor", "joint-latent-regressor"}, "D judges pairs, or E regresses z from G(z) (G's loss has it too)");
  s.joint = objective == "bigan";
  nets::BiganSize judging = s;
  judging.width = int(c.integer("d_width", s.width, "the same in D", 1, 65536));
  const double encoder = c.number("encoder", 1, "weight of E's own loss", 0), rate = c.number("rate", 2e-4, "learning rate of Adam", 0);
  const double beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999), decay = c.number("weight_decay", 2.5e-5, "L2 added to the gradient of weights", 0);
  const double last = c.number("last_rate", 0.01, "factor on the rate at the end of the run, approached exponentially over its second half", 1e-9, 1);

  Recipe r;
  const nn::Net G = r.net("G", nets::bigan_generator(s)), E = r.net("E", nets::bigan_encoder(s)), D = r.net("D", nets::bigan_discriminator(judging));
  const auto noise = [=](int64_t n) { return uniform_prior ? uniform({n, s.latent}, -1, 1) : randn({n, s.latent}); };
  // Perceptrons see flat samples, pictures in [0, 1].
  const auto seen = [=](const Tensor& x) { return points || s.convolutions ? x : flatten(x) * 0.5 + 0.5; };
  const auto code = [=](const Tensor& logits) { return uniform_prior ? sigmoid(logits) * 2.0 - 1.0 : logits; };
  const auto judge = [=](const Tensor& x, const Tensor& z) { return D(Tensors{x, z})[0]; };
  nn::Optim adam = nn::adam(rate, beta1);
  if (const int64_t half = c.steps / 2; last < 1 && half > 0) adam = adam.with(nn::exponential_decay_between(half, 2 * half, last));

  r.update("BiGAN", {Group{{D}, adam}, Group{{G}, adam}, Group{{E}, adam}}, [=](const Batch& batch) -> Losses {
    const Tensor x = seen(samples_of(batch)), z = noise(batch.size), fake = G(z);
    const Tensor logits = s.joint ? E(Tensors{x})[0] : E(Tensors{fake})[0];
    const Tensor on_real = judge(x, s.joint ? code(logits) : z), on_fake = judge(fake, z);
    Losses l{{"D", 0.5 * (bce_with_logits(on_real, 1) + bce_with_logits(on_fake, 0)), "1/2 (-E log D(x, E(x)) - E log(1 - D(G(z), z)))", {D}},
             {"G", 0.5 * bce_with_logits(on_fake, 1), "-1/2 E log D(G(z), z)", {G}}};
    if (s.joint) {
      l.push_back({"E", encoder * 0.5 * bce_with_logits(on_real, 0), text(encoder, " 1/2 (-E log(1 - D(x, E(x))))"), {E}});
    } else {
      const Tensor regression = uniform_prior ? bce_with_logits(logits, z * 0.5 + 0.5) : nn::mse(logits, z);
      const char* formula = uniform_prior ? "cross entropy of sigmoid(E(G(z))) from (z + 1) / 2" : "E |z - E(G(z))|^2 for each element";
      l.push_back({"E", encoder * regression, text(encoder, " ", formula), {E}});
      if (objective == "joint-latent-regressor") l.push_back({"G_latent", 0.25 * regression, text("0.25 ", formula), {G}});
    }
    if (decay > 0)
      for (const nn::Net& net : {D, G, E}) l.push_back({"decay_" + net.name(), decay * half_squared_weights(net), text(decay, " 1/2 |w|^2"), {net}});
    l.push_back(shown("real", mean(sigmoid(on_real)), "E D(x, E(x))")), l.push_back(shown("fake", mean(sigmoid(on_fake)), "E D(G(z), z)"));
    return l;
  });

  r.latent = {.length = s.latent, .draw = noise, .encode = [=](const Tensor& x) { return code(E(Tensors{seen(x)})[0]); }, .normal = !uniform_prior};
  r.latent.decode = [=, size = c.data.size, channels = c.data.channels](const Tensor& z, const Tensor&) {
    const Tensor y = G(z);
    return points || s.convolutions ? y : reshape(y * 2.0 - 1.0, Shape{z.dim(0), size, size, channels});
  };
  r.measures = encoder_measures(r.latent);
  if (c.data.classes > 1)
    r.measures.push_back({"nearest-label", "how often the nearest other sample by E's last hidden layer has the same label, in [0, 1]",
                          [=](const Evaluation& e) { return nearest_label(e, [=](const Tensor& x) { return E(Tensors{seen(x)})[1]; }); }});
  return r;
}

}  // namespace ganymede
