// cGAN. Mirza, Osindero: Conditional Generative Adversarial Nets, 2014, arXiv 1411.1784.
//   D:  min  -E log D(x, y) - E log(1 - D(G(z, y), y))        G:  min  -E log D(G(z, y), y)
// Both players are given the label y; D judges the pair, so that G must draw a picture that fits. Only true pairs are shown,
// never a real picture with a wrong label. The paper's perceptrons by SGD with momentum, or DCGAN's pair with label planes.
#include <algorithm>
#include <cmath>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/penalty.h"
#include "gan/models.h"
#include "gan/nets/cgan.h"

namespace ganymede {

Recipe cgan(const Config& c) {
  if (c.data.classes < 2) throw UsageError("cgan draws by label, and these data have no classes");
  const bool flat = c.choice("architecture", {"mlp", "dcgan"}, "the paper's perceptrons, or DCGAN's pair with label planes") == "mlp";
  nets::CganSize s{.size = int(c.data.size), .channels = int(c.data.channels), .classes = int(c.data.classes)};
  s.width = int(c.integer("width", flat ? 1200 : 64, "hidden units of G (mlp), or channels next to the picture (dcgan)", 1, 1 << 20));
  s.latent = int(c.integer("latent", 100, "length of z", 1, 65536));
  if (flat) s.units = int(c.integer("units", std::max(1, s.width / 5), "maxout units of D over the picture, 5 pieces each (a fifth of the width)", 1, 1 << 20));
  if (flat) s.dropout = c.flag("dropout", true, "drop half of the hidden units, in both");
  const bool by_sgd = flat && c.choice("optimizer", {"sgd", "adam"}, "the paper's SGD with momentum, or Adam") == "sgd";
  const double rate = c.number("rate", by_sgd ? 0.1 : 2e-4, "learning rate", 0);
  const int64_t epochs = by_sgd ? c.integer("momentum_steps", 150000, "iterations over which the momentum goes from 0.5 to 0.7", 1) : 0;
  const bool of_batch = c.choice("fake_labels", {"batch", "uniform"}, "labels of the fakes: those of the real pictures, or drawn") == "batch";
  const Adversarial& adv = adversarial(c.choice("objective", objectives("bce"), "what D and G minimise"));
  const bool penalised = adv.name == "wgan-gp";
  const double gp = penalised ? c.number("gp", 10, "weight of the gradient penalty", 0) : 0;
  const double clip = adv.name == "wgan" ? c.number("clip", 0.01, "bound on D's weights", 1e-12) : 0;
  const int critic_steps = int(c.integer("critic_steps", adv.critic ? 5 : 1, "steps of D an iteration", 1, 1000));
  s.spectral = !flat && c.flag("spectral_norm", false, "divide D's weights by their largest singular value, instead of batch norm in D");
  s.norm = !adv.critic && !s.spectral;
  const bool seen = c.flag("label_in_d", true, "D is given the label; without it G has no reason to follow it");

  Recipe r;
  const nn::Net G = r.net("G", flat ? nets::cgan_generator(s) : nets::cgan_conv_generator(s));
  const nn::Net D = r.net("D", flat ? nets::cgan_discriminator(s) : nets::cgan_conv_discriminator(s));
  const auto noise = [=](int64_t n) { return flat ? uniform({n, s.latent}) : randn({n, s.latent}); };
  const auto pair = [=](const Tensor& x, const Tensor& y) { return Tensors{x, seen ? y : full(y.shape(), -1, DType::i64, y.device())}; };
  const auto judge = [=](const Tensor& x, const Tensor& y) { return D(pair(x, y)).at(0); };
  const auto real = [=](const Batch& x) { return flat ? flatten(x.image()) * 0.5 + 0.5 : x.image(); };

  nn::Optim optim = by_sgd ? nn::sgd(rate, 0.5).with(nn::exponential_decay(1 / 1.00004, 1e-6 / std::max(rate, 1e-6))) : nn::adam(rate, 0.5);
  if (by_sgd) optim.momentum = [=](int64_t step) { return 0.5 + 0.2 * std::min(1.0, double(step) / double(epochs)); };

  // A critic takes several steps, each on fakes of its own, so only single steps share the generator's pass.
  const bool share = critic_steps == 1;
  struct Fakes {
    Tensor x, y;
  };
  const auto draw_labels = [=](const Batch& x) { return random_integers({x.size}, s.classes); };
  const SharedValue drawn = of_batch || !share ? SharedValue{} : r.shared("label", {}, draw_labels);
  const auto label = [=](const Batch& x) { return of_batch ? x["label"] : share ? drawn() : draw_labels(x); };
  const SharedValue shared = share ? r.shared("fake", {G}, [=](const Batch& x) { return G(noise(x.size), label(x)); }) : SharedValue{};
  const auto fakes = [=](const Batch& x) -> Fakes {
    const Tensor y = label(x);
    return {share ? shared() : G(noise(x.size), y), y};
  };
  r.update("D", {D}, clip > 0 ? optim.clipped(clip) : optim, [=](const Batch& x) -> Losses {
    const Fakes f = fakes(x);
    const std::vector<Tensors> said = D.each({pair(real(x), x["label"]), pair(f.x, f.y)});
    const Tensor &on_real = said[0][0], &on_fake = said[1][0];
    Losses l{{"adv", adv.d(on_real, on_fake), of_pairs(adv.d_formula)}, shown("real", adv.shown(on_real), "E D(x, y)"), shown("fake", adv.shown(on_fake), "E D(G(z, y), y)")};
    if (penalised) l.push_back({"gp", gp * gradient_penalty([=](const Tensor& p) { return judge(p, x["label"]); }, real(x), f.x), text(gp, " E (|grad D(x^, y)| - 1)^2")});
    return l;
  }).times(critic_steps);
  r.update("G", {G}, optim, [=](const Batch& x) -> Losses {
    const Fakes f = fakes(x);
    return {{"adv", adv.g(judge(f.x, f.y)), of_pairs(adv.g_formula)}};
  });

  r.latent = {.length = s.latent, .classes = s.classes, .draw = noise, .normal = !flat};
  r.latent.decode = [=](const Tensor& z, const Tensor& y) {
    const Tensor x = G(z, y);
    return flat ? reshape(x * 2.0 - 1.0, Shape{z.dim(0), s.size, s.size, s.channels}) : x;
  };
  return r;
}

}  // namespace ganymede
