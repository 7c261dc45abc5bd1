// DistanceGAN. Benaim, Wolf: One-Sided Unsupervised Domain Mapping, NIPS 2017, arXiv 1706.00826; weights and schedules as in the authors' code.
//   G_AB: A -> B without a way back; d(x, y) the mean over pixels of |x - y|; mu_A, sigma_A mean and deviation of d over pairs of training
//   pictures of A, found once before training, mu_B, sigma_B of B:
//   min  L_GAN(D_B) + pairs E_{i<j} |(d(a_i, a_j) - mu_A) / sigma_A - (d(G_AB(a_i), G_AB(a_j)) - mu_B) / sigma_B|
//        + halves E |the same of d(upper half, lower half) of each picture| + cycle (there and back, with both ways)
// On DiscoGAN's networks L_GAN and D_B are that paper's, with its features, and the sum is (1 - r) L_GAN + r (all else), r small at first; one
// step of D, then two of G, each on a batch of its own. On CycleGAN's they are that paper's, with pools, and G moves first.
#include <algorithm>
#include <optional>

#include "engine/ops.h"
#include "gan/losses/translation.h"
#include "gan/models.h"
#include "gan/nets/discogan.h"
#include "gan/parts/cycle_settings.h"
#include "gan/parts/disco.h"
#include "gan/parts/distance_scale.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

struct Way {
  std::string from, to, side, made;  // fields, the name that its terms end with, and what it makes: "a", "b", "B", "G_AB(a)"
  nn::Net G = {}, D = {}, back = {}; // back: undefined without a cycle
  ImagePool pool = {};
  SharedValue shared = {};
  DistanceScales given, got;
};

}  // namespace

Recipe distancegan(const Config& c) {
  const bool disco = c.choice("networks", {"discogan", "cyclegan"}, "whose networks, adversarial loss and schedule") == "discogan";
  const bool both = c.choice("sides", {"one", "both"}, "from a to b alone, or both ways") == "both";
  const double pairs = c.number("pairs", 1, "weight of distances between pictures of a batch; 0: none", 0);
  const double halves = c.number("halves", 0, "weight of distances between the halves of a picture; 0: none", 0);
  const double cycle = both ? c.number("cycle", 0, "weight of the ways there and back; the authors' is 1 on DiscoGAN's networks, 10 on CycleGAN's; 0: none", 0) : 0;
  const bool distances = pairs > 0 || halves > 0, normalised = distances && c.flag("normalised", true, "distances from their mean, in their deviations on each side; false: as they are");
  const int64_t items = normalised ? c.integer("items", 900, "training pictures of a side whose distances give mean and deviation", 3, 100000) : 0;
  if (pairs > 0 && c.share() == 1) throw UsageError("setting pairs: distances are between pictures of one batch, this one has 1 (" + c.batch_words() + "); set --batch 2 or more, or pairs=0 and halves=1");

  Recipe r;
  const int64_t in_a = c.data.input_channels, in_b = c.data.channels;
  std::optional<DiscoTerms> terms;
  CycleShape shape;
  nets::DiscoganSize size{.size = int(c.data.size)};
  nn::Optim optim;
  bool as_trained = false;
  int steps = 1;
  double opinion = 1;
  if (disco) {
    if (c.data.size != c.data.width) throw UsageError(text("pictures of ", c.data.width, "x", c.data.size, ": DiscoGAN's networks take square ones; set --size, or networks=cyclegan"));
    size.width = int(c.integer("width", 64, "channels next to the picture", 1, 4096));
    size.bottleneck = c.flag("bottleneck", false, "100 features of one place between halvings and doublings, as for angles of cars and faces");
    steps = int(c.integer("g_steps", 2, "steps of G for one of D", 1, 100));
    optim = nn::adam(c.number("rate", 2e-4, "learning rate", 0), c.number("beta1", 0.5, "Adam", 0, 0.999999)).decay(c.number("decay", 1e-5, "L2 added to the gradient", 0));
    as_trained = c.choice("test", {"as-training", "running"}, "when sampling: the batch's statistics, as in the authors' code, or running ones") == "as-training";
    terms.emplace(r, c, "ties", "distances and cycles");
  } else {
    shape = read_cycle_shape(c), optim = shape.optim;
    opinion = c.number("adversarial", 1, "weight of the discriminators' opinion", 0);
  }
  const auto generator = [&](int64_t in, int64_t out) {
    if (!disco) return shape.generator(in, out);
    auto s = size;
    s.in = int(in), s.out = int(out);
    return nets::discogan_generator(s);
  };
  const auto judge = [&](int64_t in) {
    if (!disco) return shape.discriminator(in);
    auto s = size;
    s.in = int(in);
    return nets::discogan_discriminator(s);
  };
  const auto scales = [&](const char* field) { return normalised ? keep_distance_scales(r, c, field, items, disco ? 0.5 : 1) : DistanceScales{}; };
  const auto in = [disco](const Tensor& x) { return disco ? disco_pixels(x) : x; };
  const auto out = [disco](const Tensor& x) { return disco ? disco_picture(x) : x; };

  const DistanceScales of_a = scales("a"), of_b = scales("b");
  std::vector<Way> ways{{.from = "a", .to = "b", .side = "B", .made = "G_AB(a)", .given = of_a, .got = of_b}};
  if (both) ways.push_back({.from = "b", .to = "a", .side = "A", .made = "G_BA(b)", .given = of_b, .got = of_a});
  std::vector<nn::Net> makers, judges;
  for (Way& w : ways) {
    const int64_t from = w.from == "a" ? in_a : in_b, to = w.from == "a" ? in_b : in_a;
    makers.push_back(w.G = r.net(w.from == "a" ? "G_AB" : "G_BA", generator(from, to)));
    judges.push_back(w.D = r.net("D_" + w.side, judge(to)));
    if (!disco) w.pool = shape.pool(r, "pool_" + w.to, c, to), w.shared = r.shared(w.made, {w.G}, [G = w.G, f = w.from](const Batch& x) { return G(x[f]); });
  }
  if (cycle > 0) ways[0].back = ways[1].G, ways[1].back = ways[0].G;

  const auto d_losses = [=](const Batch& x) -> Losses {
    Losses l;
    for (const Way& w : ways) {
      const std::string formula = text("1/2 (-E log D_", w.side, "(", w.to, ") - E log(1 - D_", w.side, "(", w.made, ")))");
      if (disco) {
        DiscoTerms::add_verdict(l, w.D, in(x[w.to]), w.G(in(x[w.from])), w.side, formula);
        continue;
      }
      const Tensors said = w.D.each({x[w.to], w.pool.query(w.shared())});
      const Verdict v = adversarial("lsgan").judge(said[0], said[1]);
      l.push_back({"adv_" + w.side, v.loss, formula_of(adversarial("lsgan").d_formula, text("_", w.side, "(", w.to, ")"), text("_", w.side, "(", w.made, ")")), {w.D}});
      l.push_back(shown("real_" + w.side, v.real)), l.push_back(shown("fake_" + w.side, v.fake));
    }
    return l;
  };
  const auto g_losses = [=](const Batch& x) -> Losses {
    Losses l;
    const Tensor share = disco ? terms->share() : Tensor{};
    const auto tie = [&](const std::string& name, double weight, const Tensor& value, const std::string& formula) {
      l.push_back({name, share ? weight * share * value : weight * value, text(share ? "r " : "", weight, " ", formula)});
    };
    for (const Way& w : ways) {
      const Tensor given = in(x[w.from]), made = disco ? w.G(given) : w.shared();
      if (disco) terms->add_opinion(l, w.D, in(x[w.to]), made, w.side, w.made);
      else if (opinion > 0) l.push_back({"adv_" + w.side, opinion * full_g(adversarial("lsgan"), w.D(made)), text(opinion, " E (D_", w.side, "(", w.made, ") - 1)^2")});
      const auto apart = [&](const char* name, double weight, const DistanceScale& a, const DistanceScale& b, Tensor (*d)(const Tensor&)) {
        if (weight > 0) tie(text(name, "_", w.side), weight, nn::l1(b(d(made)), a(d(given))), text("E |d of ", name, " of ", w.from, " - d of ", name, " of ", w.made, "|", normalised ? ", standardised" : ""));
      };
      apart("pairs", pairs, w.given.pairs, w.got.pairs, pair_distances);
      apart("halves", halves, w.given.halves, w.got.halves, half_distances);
      if (w.back) tie("cycle_" + w.side, cycle, disco ? nn::mse(w.back(made), given) : nn::l1(w.back(made), given), text("E ", disco ? "(" : "|", "there and back - ", w.from, disco ? ")^2" : "|"));
    }
    if (share) l.push_back(shown("r", share));
    return l;
  };
  if (disco) {
    r.update("D", judges, optim, d_losses).then([=](const Batch&) { terms->count(); });
    r.update("G", makers, optim, g_losses).times(steps).from_batch(1);
  } else {
    r.update("G", makers, optim, g_losses);
    r.update("D", judges, optim, d_losses);
  }

  r.sample_statistics = as_trained ? Statistics::batch : Statistics::running;
  const int64_t chunk = as_trained ? std::max<int64_t>(c.batch, 1) : 1 << 20, unit = disco ? c.data.size / 4 * (size.bottleneck ? 4 : 1) : shape.unit();
  const auto translator = [=](const nn::Net& G, int64_t channels) -> Translator {
    if (!G) return {{}, channels, unit};
    return {[=](const Tensor& x) { return in_chunks([=](const Tensor& y) { return out(G(in(y))); }, x, chunk); }, channels, unit};
  };
  const auto opinion_of = [=](const nn::Net& D) { return [=](const Tensor& x) { return sigmoid(D(in(x))); }; };
  const Translator there = translator(ways[0].G, in_a), home = translator(both ? ways[1].G : nn::Net{}, in_b);
  add_unpaired_uses(r, there, home, opinion_of(ways[0].D), both ? opinion_of(ways[1].D) : std::function<Tensor(const Tensor&)>{});
  add_turn_measures(r, there, home);
  return r;
}

}  // namespace ganymede
