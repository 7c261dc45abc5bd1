// Chen, Tong: Face Super-Resolution Through Wasserstein GANs, 2017, arXiv 1705.02438.
//   D:  max  E D(x) - E D(G(y + n)) - lambda E (|grad D(x^)| - 1)^2          n ~ N(0, 0.03^2)
//   G:  min  (1 - rho) (-E D(G(y + n))) + rho E |box(G(y + n)) - y|           box: the mean of scale x scale pixels, by which y was made
// or D bounded by clipping its weights (wgan), or -log D in place of it (gan). Pixels in [0, 1]; D does not see y. Both move at once, from one pass, as the
// authors' code does; the sign of D is the usual one, high on real pictures, where theirs is high on made ones. Convolutions of stride 2 are padded on both sides, TensorFlow's
// on the right alone. Norms by running statistics when sampling; the authors keep the batch's (test=as-training).
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/penalty.h"
#include "gan/models.h"
#include "gan/nets/srez.h"
#include "gan/uses/super_resolution.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {

Recipe face_sr_wgan(const Config& c) {
  const int64_t scale = c.data.scale, least = std::min(c.data.size, c.data.width);
  if (!nets::srez_enlarges(scale)) throw UsageError(text("data of scale ", scale, ": face-sr-wgan enlarges 2, 4 or 8 times"));
  if (least < 16) throw UsageError(text("pictures of ", least, " px: the critic halves them four times and needs 16; set --size"));
  const std::string objective = c.choice("objective", {"wgan-gp", "wgan", "gan"}, "a critic with a penalty, one with bounded weights, or a discriminator");
  const bool penalised = objective == "wgan-gp", bounded = objective == "wgan";
  nets::SrezShape s;
  s.channels = int(c.data.channels), s.scale = int(scale);
  s.width = int(c.integer("width", 32, "channels of G's first unit; 256 in the paper", 1, 4096));
  s.last = int(c.integer("last", 16, "channels of G's last unit; 96 in the paper", 1, 4096));
  s.norm = c.flag("g_norm", true, "batch norm in G");
  s.residual = c.choice("generator", {"residual", "deconv"}, "residual blocks, or transposed convolutions alone") == "residual";
  nets::SrezCritic judge;
  judge.channels = s.channels;
  judge.width = int(c.integer("d_width", 16, "channels of D's first layer; 64 in the paper", 1, 4096));
  std::vector<std::string> norms{"layer", "batch", "none"};
  if (objective == "gan") std::swap(norms[0], norms[1]);
  const std::string norm = c.choice("d_norm", norms, "in D; with a penalty no batch norm, which mixes samples");
  if (penalised && norm == "batch") throw UsageError("setting d_norm=batch: a penalty on single samples' gradients needs d_norm=layer or none");
  judge.score = objective != "gan";
  judge.norm = norm == "layer" ? nn::NormKind::layer : norm == "batch" ? nn::NormKind::batch : nn::NormKind::none;
  const double rho = c.number("rho", 0.9, "weight of the pixels that G's picture has in the low one's place; the critic has the rest", 0, 1);
  const double noise = c.number("noise", 0.03, "deviation of the noise on low pictures in training, of pixels in [0, 1]", 0);
  const double lambda = penalised ? c.number("gp", 10, "weight of the gradient penalty", 0) : 0, clip = bounded ? c.number("clip", 0.01, "bound on D's weights", 1e-12) : 0;
  const bool adam = c.choice("optimizer", {"rmsprop", "adam"}, "RMSProp 0.9, or Adam with beta1 0.5 and beta2 0.9") == "adam";
  const double rate = c.number("rate", adam ? 1e-4 : 2e-4, "learning rate", 0);
  const int64_t halve = c.integer("halve", 5000, "iterations after which the rate is halved, again and again; 0: never");
  const bool running = c.choice("test", {"running", "as-training"}, "when sampling: running statistics, or the batch's, as in the authors' code") == "running";

  Recipe r;
  const nn::Net G = r.net("G", nets::srez_generator(s)), D = r.net("D", nets::srez_critic(judge));
  nn::Optim optim = adam ? nn::adam(rate, 0.5, 0.9) : nn::rmsprop(rate, 0.9, 1e-10);
  if (halve > 0) optim = optim.with(nn::halve_every(halve));
  const Adversarial& adv = adversarial(objective == "gan" ? "bce" : objective);
  const auto seen = [](const Tensor& x) { return x * 0.5 + 0.5; };
  const auto made = [=](const Tensor& low) { return G(low) * 2.0 - 1.0; };
  const auto box_error = [=](const Tensor& y, const Tensor& low) {
    const int side = int(scale);
    return 0.5 * nn::l1(average_pool(y, {{side, side}, {side, side}}), low);
  };

  r.update("D+G", {Group{{D}, bounded ? optim.clipped(clip) : optim}, Group{{G}, optim}}, [=](const Batch& b) -> Losses {
    const Tensor low = seen(b["low"]), x = b["high"], y = made(noise > 0 ? low + noise * randn_like(low) : low);
    const Tensors said = D.each({x, y});
    const Verdict v = adv.judge(said[0], said[1]);
    Losses l{{"D", v.loss, formula_of(adv.d_formula, "(x)", "(G(y))"), {D}}};
    if (penalised) {
      const Tensor norms = gradient_norms(D, x, y.constant());
      l.push_back({"gp", lambda * mean(square(norms - 1.0)), text(lambda, " E (|grad D(x^)| - 1)^2"), {D}});
      l.push_back(shown("norm", mean(norms), "E |grad D(x^)|"));
    }
    l.push_back(shown("distance", mean(said[0]) - mean(said[1]), "E D(x) - E D(G(y))"));
    if (rho < 1) l.push_back({"adv", (1 - rho) * adv.g(said[1]), text(1 - rho, " ", formula_of(adv.g_formula, "(x)", "(G(y))")), {G}});
    const Tensor box = box_error(y, b["low"]);
    if (rho > 0) l.push_back({"low", rho * box, text(rho, " E |box(G(y)) - y|"), {G}});
    l.push_back(shown("box", box, "E |box(G(y)) - y|"));
    return l;
  });
  if (!running) r.sample_statistics = Statistics::batch;

  Enlarger e{.name = "G(y)", .scale = scale, .channels = c.data.channels, .picture = {}};
  e.picture = [=](const Tensor& low) { return made(seen(low)); };
  add_super_resolution_uses(r, e);
  r.measures.push_back(mean_measure("box_error", "E |box(G(y)) - y|, pixels in [0, 1]; box: the mean of scale x scale pixels", [=](const Batch& b) { return box_error(in_chunks(e.picture, b["low"], 16), b["low"]).item(); }));
  return r;
}

}  // namespace ganymede
