// pix2pix. Isola, Zhu, Zhou, Efros: Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017, arXiv
// 1611.07004.
//   D:  min  1/2 [-E log D(x, y) - E log(1 - D(x, G(x)))]
//   G:  min  -E log D(x, G(x)) + lambda E |y - G(x)|
// G is a U-Net whose only noise is dropout, at test time too; D judges patches of pairs. Real and fake pass through D as
// batches of their own; D moves first, then G through the D that has moved. Sampling keeps the batch's statistics, as training.
#include <algorithm>

#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/translation.h"
#include "gan/models.h"
#include "gan/nets/patch_discriminator.h"
#include "gan/parts/pair_settings.h"
#include "gan/uses/segmenter.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {

Recipe pix2pix(const Config& c) {
  const Direction d = direction_of(c);
  const std::string loss = c.choice("loss", {"l1+cgan", "l1", "l2", "cgan", "gan", "l1+gan"}, "what G minimises; cgan: D sees the pair, gan: D sees the result alone");
  const bool adversary = loss.find("gan") != std::string::npos, conditional = loss.find("cgan") != std::string::npos;
  const std::string distance = loss.substr(0, 2) == "l2" ? "l2" : loss.substr(0, 2) == "l1" ? "l1" : "";
  const double lambda = distance.empty() ? 0 : c.number("lambda", 100, "weight of the distance to the target", 0);
  const std::string extra = c.choice("extra", {"none", "pair", "cycle", "distance"},
                                     "one more term: a discriminator of pairs that belong together (Yoo 2016), a way back (Zhu 2017), distances between halves (Benaim 2017)");
  const double weight = extra == "none" ? 0 : c.number("extra_weight", extra == "cycle" ? 10 : 1, "weight of that term", 0);
  const double rate = c.number("rate", 2e-4, "learning rate", 0), beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999);
  const double constant_part = c.number("constant_part", 1, "part of the run after which the rate falls linearly to 0; 1: never (0.5: the authors' later code)", 0, 1);
  const bool as_trained = c.choice("test", {"as-training", "running"}, "when sampling: dropout and the batch's statistics, or none and running statistics (for training batches above 3)") == "as-training";

  Recipe r;
  const nets::UnetShape generator = read_unet(c, d);
  const nn::Net G = r.net("G", nets::unet(generator));
  const int64_t unit = int64_t{1} << generator.halvings;
  const nn::Optim adam = falling_rate(nn::adam(rate, beta1), c, constant_part);
  const auto input = [=](const Batch& b) { return d.given(b[d.input]); };
  const auto target = [=](const Batch& b) { return d.wanted(b[d.target]); };
  const SharedValue fake = r.shared("fake", {G}, [=](const Batch& b) { return G(input(b)); });

  nn::Net D;
  const Adversarial* adv = nullptr;
  const auto seen = [=](const Tensor& x, const Tensor& y) { return conditional ? Tensors{x, y} : Tensors{y}; };
  const auto formula = [=](const std::string& f) { return conditional ? formula_of(f, "(x, y)", "(x, G(x))") : formula_of(f, "(y)", "(G(x))"); };
  if (adversary) {
    adv = &adversarial(c.choice("objective", {"bce", "lsgan", "hinge"}, "what D and G minimise"));
    nets::PatchShape s;
    s.in = int(conditional ? d.in + d.made() : d.made());
    s.width = int(c.integer("d_width", generator.width, "channels of D's first layer", 1, 4096));
    s.halvings = read_patch_halvings(c);
    D = r.net("D", nets::patch_discriminator(s));
    r.update("D", {D}, adam, [=](const Batch& b) -> Losses {
      const std::vector<Tensors> said = D.each({seen(input(b), target(b)), seen(input(b), fake())});
      const Verdict v = adv->judge(said[0][0], said[1][0]);
      return {{"adv", v.loss * 0.5, text("1/2 (", formula(adv->d_formula), ")")}, shown("real", v.real, formula("E D(x)")), shown("fake", v.fake, formula("E D(G(z))"))};
    });
  }

  // Yoo et al. 2016: a pair of the batch's pictures that do not belong together is as wrong as a made one.
  nn::Net P, F;
  if (extra == "pair") {
    if (c.share() == 1) throw UsageError("setting extra=pair: pictures that do not belong together come from one batch, this one has 1 (" + c.batch_words() + "); set --batch 2 or more");
    nets::PatchShape s;
    s.in = int(d.in + d.made()), s.width = generator.width, s.halvings = std::clamp(nets::halvings_of(c.data.size, c.data.width) - 2, 1, 3);
    P = r.net("P", nets::patch_discriminator(s));
    r.update("P", {P}, adam, [=](const Batch& b) -> Losses {
      const auto judged = [&](const Tensor& y) { return P(Tensors{input(b), y})[0]; };
      const Tensor terms = nn::bce_with_logits(judged(target(b)), 1) + nn::bce_with_logits(judged(fake()), 0) + nn::bce_with_logits(judged(roll(target(b), 1)), 0);
      return {{"pair", terms * (1.0 / 3), "1/3 (-log P(x, y) - log(1 - P(x, G(x))) - log(1 - P(x, y of another)))"}};
    });
  }
  if (extra == "cycle") {
    nets::UnetShape s = generator;
    std::swap(s.in, s.out);
    F = r.net("F", nets::unet(s));
  }

  std::vector<nn::Net> moved{G};
  if (F) moved.push_back(F);
  r.update("G", moved, adam, [=](const Batch& b) -> Losses {
    const Tensor y = fake();
    Losses l;
    if (adversary) l.push_back({"adv", adv->g(D(seen(input(b), y))[0]), formula(adv->g_formula)});
    if (distance == "l1") l.push_back({"l1", lambda * nn::l1(y, target(b)), text(lambda, " E |y - G(x)|")});
    if (distance == "l2") l.push_back({"l2", lambda * nn::mse(y, target(b)), text(lambda, " E (y - G(x))^2")});
    if (P) l.push_back({"pair", weight * nn::bce_with_logits(P(Tensors{input(b), y})[0], 1), text(weight, " E -log P(x, G(x))")});
    if (F) l.push_back({"cycle", weight * nn::l1(F(y), input(b)), text(weight, " E |x - F(G(x))|")});
    if (extra == "distance") l.push_back({"distance", weight * self_distance(input(b), y), text(weight, " E |d(halves of x) - d(halves of G(x))|")});
    return l;
  });

  r.sample_statistics = as_trained ? Statistics::batch : Statistics::running;
  const int64_t chunk = as_trained ? std::max<int64_t>(c.batch, 1) : 64;
  const auto translate = [=](const Tensor& picture) {
    const Tensor x = d.given(picture);
    return d.picture(x, G(x));
  };
  const auto made = [=](const Batch& b) { return in_chunks(translate, b[d.input], chunk); };
  r.sample = [=](int64_t n, const Batch& b) { return made({n, {{d.input, b[d.input].rows(0, n)}}}); };
  r.columns = [=](const Batch& b) -> std::vector<Column> { return {{"input", showable(b[d.input])}, {"output", showable(made(b))}, {"target", showable(b[d.target])}}; };
  r.tasks.push_back(translate_task({translate, d.in, unit, 1, as_trained}));
  r.maps.push_back(exported_map("translate", {translate, d.in, unit}));
  if (adversary) r.tasks.push_back(score_task([=](const Tensor& x, const Tensor& y) { return sigmoid(D(seen(d.given(x), d.wanted(y)))[0]); }, d, conditional));
  add_pair_measures(r, d, made);
  add_segmentation_measures(r, c, d, made);
  return r;
}

}  // namespace ganymede
