// SAGAN. Zhang, Goodfellow, Metaxas, Odena: Self-Attention Generative Adversarial Networks, ICML 2019, arXiv 1805.08318.
//   D:  min  E max(0, 1 - D(x, y)) + E max(0, 1 + D(G(z, y'), y'))        G:  min  -E D(G(z, y'), y')
// Residual networks by class: class-conditional batch norm in G, D(x, y) = w h(x) + <e_y, h(x)> (Miyato, Koyama 2018); one
// layer in each where every place attends to all others; spectral norm in both; D learns four times as fast as G.
#include <algorithm>

#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/penalty.h"
#include "gan/models.h"
#include "gan/nets/sagan.h"

namespace ganymede {

Recipe sagan(const Config& c) {
  if (c.data.classes < 2) throw UsageError("sagan draws by label, and these data have no classes");
  const Adversarial& adv = adversarial(c.choice("objective", objectives("hinge"), "what D and G minimise"));
  const bool penalised = adv.name == "wgan-gp";
  nets::SaganSize s{.size = int(c.data.size), .channels = int(c.data.channels), .classes = int(c.data.classes)};
  s.width = int(c.integer("width", 64, "channels next to the picture", 1, 4096));
  s.latent = int(c.integer("latent", 128, "length of z", 1, 65536));
  const int side = std::max(8, s.size / 4);   // the paper's 32 of 128
  s.attention = int(c.integer("attention", side < s.size ? side : 0, "side of the maps that attend to themselves; 0: none", 0, 4096));
  s.pooled = s.attention == 0 || c.choice("attention_form", {"code", "paper"}, "keys and values pooled, values of C/2 channels; or neither, values of C/8") == "code";
  const std::string spectral = c.choice("spectral_norm", {"both", "discriminator", "none"}, "whose weights are divided by their largest singular value");
  s.spectral_g = spectral == "both", s.spectral_d = spectral != "none";
  s.projection = c.flag("projection", true, "D is given the label; without it G has no reason to follow it");
  s.norm_momentum = 1 - c.number("norm_decay", 0.999, "decay of running statistics in G, its distance from 1 a tenth for the last norm", 0, 0.999999);
  const double rate_d = c.number("rate_d", 4e-4, "learning rate of D", 0), rate_g = c.number("rate_g", 1e-4, "learning rate of G", 0);
  const double beta1 = c.number("beta1", 0, "Adam", 0, 0.999999), beta2 = c.number("beta2", 0.9, "Adam (the released code has 0.999)", 0, 0.999999);
  const int d_steps = int(c.integer("d_steps", 1, "steps of D an iteration", 1, 1000));
  const double gp = penalised ? c.number("gp", 10, "weight of the gradient penalty", 0) : 0;
  // Divided by its largest singular value a weight's size means nothing, so spectral norm does without the bound.
  const double clip = adv.name == "wgan" ? c.number("clip", s.spectral_d ? 0 : 0.01, "bound on D's weights; 0: none", 0) : 0;

  Recipe r;
  const nn::Net G = r.net("G", nets::sagan_generator(s)), D = r.net("D", nets::sagan_discriminator(s));
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  struct Fakes {
    Tensor x, y;
  };
  // Labels of the fakes are drawn evenly, whatever the real ones are.
  const bool share = d_steps == 1;
  const auto draw_labels = [=](const Batch& x) { return random_integers({x.size}, s.classes); };
  const SharedValue label = share ? r.shared("label", {}, draw_labels) : SharedValue{};
  const SharedValue shared = share ? r.shared("fake", {G}, [=](const Batch& x) { return G(noise(x.size), label()); }) : SharedValue{};
  const auto fakes = [=](const Batch& x) -> Fakes {
    if (share) return {shared(), label()};
    const Tensor y = draw_labels(x);
    return {G(noise(x.size), y), y};
  };

  r.update("D", {D}, clip > 0 ? nn::adam(rate_d, beta1, beta2).clipped(clip) : nn::adam(rate_d, beta1, beta2), [=](const Batch& x) -> Losses {
    const Fakes f = fakes(x);
    const std::vector<Tensors> said = D.each({Tensors{x.image(), x["label"]}, Tensors{f.x, f.y}});
    const Tensor &on_real = said[0][0], &on_fake = said[1][0];
    Losses l{{"adv", adv.d(on_real, on_fake), of_pairs(adv.d_formula)}, shown("real", adv.shown(on_real), "E D(x, y)"), shown("fake", adv.shown(on_fake), "E D(G(z, y), y), y drawn")};
    if (penalised) l.push_back({"gp", gp * gradient_penalty([=](const Tensor& p) { return D(p, x["label"]); }, x.image(), f.x), text(gp, " E (|grad D(x^, y)| - 1)^2")});
    return l;
  }).times(d_steps);
  r.update("G", {G}, nn::adam(rate_g, beta1, beta2), [=](const Batch& x) -> Losses {
    const Fakes f = fakes(x);
    return {{"adv", adv.g(D(f.x, f.y)), of_pairs(adv.g_formula)}};
  });
  // A difference of scores, or a penalty on their slope, cancels the bias of the last layer.
  if (adv.critic) r.without_gradient = {"D.out.bias"};
  r.latent = {.length = s.latent, .classes = s.classes, .draw = noise, .decode = [=](const Tensor& z, const Tensor& y) { return G(z, y); }};
  return r;
}

}  // namespace ganymede
