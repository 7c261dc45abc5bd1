// DualGAN. Yi, Zhang, Tan, Gong: DualGAN: Unsupervised Dual Learning for Image-to-Image Translation, ICCV 2017, arXiv 1704.02510.
//   G_A: U -> V, G_B: V -> U, dropout their noise z; critics D_A of V, D_B of U:
//   D_A:  min  E D_A(G_A(u, z)) - E D_A(v),  every parameter kept in [-c, c];  D_B likewise
//   G_A, G_B:  min  lambda_U E |u - G_B(G_A(u, z), z')| + lambda_V E |v - G_A(G_B(v, z'), z)| - E D_A(G_A(u, z)) - E D_B(G_B(v, z'))
// Several steps of both critics, each on a batch of its own, then one of both generators, by RMSProp. Side a of the data is U, side b V.
// The authors' present code keeps critics smooth by a penalty on their gradient instead of the bound, and that is the standard here too: a
// gain of at most c behind every norm leaves a critic so little that it needs the paper's many epochs. objective=wgan is the paper.
#include <algorithm>

#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/penalty.h"
#include "gan/models.h"
#include "gan/nets/dualgan.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {

Recipe dualgan(const Config& c) {
  const int64_t side = std::min(c.data.size, c.data.width), in_u = c.data.input_channels, in_v = c.data.channels;
  const int width = int(c.integer("width", 64, "channels next to the picture", 1, 4096)), levels = nets::halvings_of(c.data.size, c.data.width);
  const double dropout = c.number("dropout", 0.5, "share of features dropped in three steps of each generator: its noise", 0, 0.99);
  const bool noisy = dropout > 0 && c.choice("test", {"as-training", "quiet"}, "dropout when sampling too, as in the paper, or none") == "as-training";
  const Adversarial& adv = adversarial(c.choice("objective", {"wgan-gp", "wgan", "bce"}, "critics with a penalty on their gradient, with bounded weights, or classifiers"));
  const bool bounded = adv.name == "wgan";
  const double clip = bounded ? c.number("clip", 0.01, "bound c on the critics' parameters; 0: none, with which their loss diverges", 0) : 0;
  const double gp = adv.name == "wgan-gp" ? c.number("gp", 10, "weight of the gradient penalty", 0) : 0;
  const double lambda_u = c.number("lambda_u", bounded ? 200 : 20, "weight of the way from side a and back; the paper has 100 to 1000, more on natural pictures", 0);
  const double lambda_v = c.number("lambda_v", bounded ? 200 : 20, "weight of the way from side b and back", 0);
  const double gan = c.number("gan", 1, "weight of the critics' opinion; 0: the ways there and back alone", 0);
  const int steps = int(c.integer("critic_steps", 3, "steps of the critics an iteration", 1, 100));
  const nn::Optim rms = nn::rmsprop(c.number("rate", bounded ? 5e-5 : 2e-4, "learning rate of RMSProp", 0), c.number("rms_decay", 0.9, "of RMSProp's mean square", 0, 0.999999), 1e-5);
  const bool patches = c.choice("judge", {"patches", "picture"}, "one score for each part of a picture, or one for all of it") == "patches";
  int fits = 1;
  while (fits < std::min(5, levels) && side >> (fits + 1) >= 4) ++fits;
  const int halvings = int(c.integer("d_layers", fits, "halvings of the critics before the scores", 1, 6));
  if (halvings > levels || side >> halvings < 2) throw UsageError(text("setting d_layers=", halvings, ": pictures of ", c.data.width, "x", c.data.size, " take at most ", std::min<int64_t>(levels, fits + 1)));

  Recipe r;
  const nets::TranslationNorm norm{nn::NormKind::instance, true, 1e-6};
  const auto generator = [&](int64_t in, int64_t out) {
    return nets::unet({.in = int(in), .out = int(out), .width = width, .halvings = levels, .end_kernel = 5, .kernel = 3, .bias = true, .norm = norm, .dropout = dropout});
  };
  const auto critic = [&](int64_t in) {
    return nets::dual_critic({.in = int(in), .height = int(c.data.size), .wide = int(c.data.width), .width = width, .halvings = halvings, .patches = patches, .last_bias = !adv.critic, .norm = norm});
  };
  const nn::Net GA = r.net("G_A", generator(in_u, in_v)), GB = r.net("G_B", generator(in_v, in_u));
  const nn::Net DA = r.net("D_A", critic(in_v)), DB = r.net("D_B", critic(in_u));

  r.update("critics", {DA, DB}, clip > 0 ? rms.clipped(clip) : rms, [=](const Batch& x) -> Losses {
    Losses l;
    const auto add = [&](const nn::Net& D, const Tensor& real, const Tensor& fake, const std::string& side, const char* of_real, const char* of_fake) {
      const Tensors said = D.each({real, fake});
      const Verdict v = adv.judge(said[0], said[1]);
      l.push_back({"adv_" + side, v.loss, formula_of(adv.d_formula, of_real, of_fake), {D}});
      if (gp > 0) l.push_back({"gp_" + side, gp * gradient_penalty(D, real, fake), text(gp, " E (|grad D_", side, "(x^)| - 1)^2"), {D}});
      if (adv.critic) l.push_back(shown("distance_" + side, v.real - v.fake, "the distance up to a factor"));
    };
    add(DA, x["b"], GA(x["a"]), "A", "(v)", "(G_A(u))");
    add(DB, x["a"], GB(x["b"]), "B", "(u)", "(G_B(v))");
    return l;
  }).times(steps);

  r.update("G", {GA, GB}, rms, [=](const Batch& x) -> Losses {
    const Tensor in_b = GA(x["a"]), in_a = GB(x["b"]);
    Losses l;
    if (gan > 0) l.push_back({"adv_A", gan * adv.g(DA(in_b)), formula_of(adv.g_formula, "(v)", "(G_A(u))")});
    if (gan > 0) l.push_back({"adv_B", gan * adv.g(DB(in_a)), formula_of(adv.g_formula, "(u)", "(G_B(v))")});
    if (lambda_u > 0) l.push_back({"cycle_U", lambda_u * nn::l1(GB(in_b), x["a"]), text(lambda_u, " E |u - G_B(G_A(u))|")});
    if (lambda_v > 0) l.push_back({"cycle_V", lambda_v * nn::l1(GA(in_a), x["b"]), text(lambda_v, " E |v - G_A(G_B(v))|")});
    return l;
  }).from_batch(steps - 1);

  r.sample_statistics = noisy ? Statistics::batch : Statistics::running;
  const int64_t unit = int64_t{1} << levels;
  add_unpaired_uses(r, {[=](const Tensor& u) { return GA(u); }, in_u, unit, 1, noisy}, {[=](const Tensor& v) { return GB(v); }, in_v, unit, 1, noisy},
                    [=](const Tensor& v) { return sigmoid(DA(v)); }, [=](const Tensor& u) { return sigmoid(DB(u)); });
  return r;
}

}  // namespace ganymede
