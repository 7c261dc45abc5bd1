// DiscoGAN. Kim, Cha, Kim, Lee, Kim: Learning to Discover Cross-Domain Relations with Generative Adversarial Networks, ICML 2017,
// arXiv 1703.05192; weights, schedule and feature matching as in the authors' code.
//   G_AB: A -> B, G_BA: B -> A, pixels in [0, 1]; f the features of a discriminator's inner layers:
//   min  (1 - r) [0.1 E -log D_B(G_AB(a)) + 0.9 sum over layers mean (E f_B(b) - E f_B(G_AB(a)))^2] + r E (G_BA(G_AB(a)) - a)^2
//      + the same from b
//   D_B:  min  1/2 [E -log D_B(b) - E log(1 - D_B(G_AB(a)))];  D_A likewise
// r is no weight beside the others but a share: small at first, then a half. One step of both discriminators, then two of both
// generators, each on a batch of its own: an iteration here is three of the authors'.
#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/discogan.h"
#include "gan/parts/disco.h"
#include "gan/uses/mode_measures.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {
Recipe discogan(const Config& c) {
  const bool points = c.data.dimensions > 0;
  const std::string method = c.choice("method", {"discogan", "recongan", "gan"}, "the paper's methods: both reconstructions, the way from a to b with that of a, or none");
  const int width = int(c.integer("width", points ? 128 : 64, points ? "hidden units" : "channels next to the picture", 1, 4096));
  const bool bottleneck = !points && c.flag("bottleneck", false, "100 features of one place between halvings and doublings, as for cars and faces");
  const int steps = int(c.integer("g_steps", 2, "steps of the generators for one of the discriminators", 1, 100));
  const nn::Optim adam = nn::adam(c.number("rate", 2e-4, "learning rate", 0), c.number("beta1", 0.5, "Adam", 0, 0.999999)).decay(c.number("decay", 1e-5, "L2 added to the gradient", 0));
  const bool as_trained = !points && c.choice("test", {"as-training", "running"}, "when sampling: the batch's statistics, as in the authors' code, or running ones") == "as-training";
  const bool both = method != "recongan", back_to_a = method != "gan", back_to_b = method == "discogan";

  Recipe r;
  const DiscoTerms terms(r, c, "reconstruction", "the reconstructions", points);
  nets::DiscoganSize s{.size = int(c.data.size), .in = int(c.data.input_channels), .out = int(c.data.channels), .width = width, .bottleneck = bottleneck};
  const auto turned = [](nets::DiscoganSize size) { return std::swap(size.in, size.out), size; };
  const int dimensions = int(c.data.dimensions);
  const auto map = [&](const nets::DiscoganSize& size) { return points ? nets::discogan_point_map(dimensions, width) : nets::discogan_generator(size); };
  const auto judge = [&](const nets::DiscoganSize& size) { return points ? nets::discogan_point_judge(dimensions, width) : nets::discogan_discriminator(size); };
  const nn::Net AB = r.net("G_AB", map(s)), BA = r.net("G_BA", map(turned(s)));
  const nn::Net DB = r.net("D_B", judge(turned(s))), DA = both ? r.net("D_A", judge(s)) : nn::Net{};

  // Networks see pixels in [0, 1], the rest of the program [-1, 1]; points are as they are.
  const auto in = [=](const Tensor& x) { return points ? x : disco_pixels(x); };
  const auto out = [=](const Tensor& x) { return points ? x : disco_picture(x); };

  r.update("D", both ? std::vector{DA, DB} : std::vector{DB}, adam, [=](const Batch& x) -> Losses {
    Losses l;
    const Tensor a = in(x["a"]), b = in(x["b"]);
    DiscoTerms::add_verdict(l, DB, b, AB(a), "B", "1/2 (-E log D_B(b) - E log(1 - D_B(G_AB(a))))");
    if (both) DiscoTerms::add_verdict(l, DA, a, BA(b), "A", "1/2 (-E log D_A(a) - E log(1 - D_A(G_BA(b))))");
    return l;
  }).then([=](const Batch&) { terms.count(); });

  r.update("G", {AB, BA}, adam, [=](const Batch& x) -> Losses {
    const Tensor share = terms.share(), a = in(x["a"]), b = in(x["b"]);
    Losses l;
    const Tensor in_b = AB(a), in_a = both ? BA(b) : Tensor{};
    terms.add_opinion(l, DB, b, in_b, "B", "G_AB(a)");
    if (both) terms.add_opinion(l, DA, a, in_a, "A", "G_BA(b)");
    if (back_to_a) l.push_back({"back_to_a", share * nn::mse(BA(in_b), a), "r E (G_BA(G_AB(a)) - a)^2"});
    if (back_to_b) l.push_back({"back_to_b", share * nn::mse(AB(in_a), b), "r E (G_AB(G_BA(b)) - b)^2"});
    l.push_back(shown("r", share));
    return l;
  }).times(steps).from_batch(1);

  r.sample_statistics = as_trained ? Statistics::batch : Statistics::running;
  const int64_t chunk = as_trained ? std::max<int64_t>(c.batch, 1) : 1 << 20;
  const auto to_b = [=](const Tensor& x) { return in_chunks([=](const Tensor& y) { return out(AB(in(y))); }, x, chunk); };
  const auto to_a = [=](const Tensor& x) { return in_chunks([=](const Tensor& y) { return out(BA(in(y))); }, x, chunk); };
  if (points) {
    r.sample = [=](int64_t n, const Batch& b) { return to_b(b["a"].rows(0, n)); };
    r.field = {"D_B(x)", [=](const Tensor& x) { return sigmoid(DB(x)); }, true};
    r.measures = mode_map_measures(to_b, to_a);
    return r;
  }
  const int64_t unit = c.data.size / 4 * (bottleneck ? 4 : 1);
  const auto judge_a = [=](const Tensor& x) {
    if (!both) throw UsageError("a run with method=recongan has no discriminator of side a: use direction=AtoB");
    return sigmoid(DA(in(x)));
  };
  const Translator there{to_b, c.data.input_channels, unit}, back{to_a, c.data.channels, unit};
  add_unpaired_uses(r, there, back, [=](const Tensor& y) { return sigmoid(DB(in(y))); }, judge_a);
  add_turn_measures(r, there, back);
  return r;
}

}  // namespace ganymede
