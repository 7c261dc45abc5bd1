// UNIT. Liu, Breuel, Kautz: Unsupervised Image-to-Image Translation Networks, NIPS 2017, arXiv 1703.00848; weights, layers and reductions as in
// the authors' code (v0.2). Each domain has an encoder and a decoder of its own; the residual blocks at the code, E and G, are both domains'.
//   q(z | a) = N(mu_a, I), mu_a = E(E_a(a));  a -> a: G_a(G(z_a)),  a -> b: G_b(G(z_a)), one z_a for both;  b likewise
//   E_a, E_b, E, G, G_a, G_b:  min  gan (-E log D_a(b -> a) - E log D_b(a -> b)) + reconstruction (E |a -> a - a| + E |b -> b - b|)
//       + cycle (E |a -> b -> a - a| + E |b -> a -> b - b|) + 2 kl E mu^2 + 2 kl_cycle E mu'^2,  mu' the codes of what was translated
//   D_a, D_b:  min  gan (-E log D_a(a) - E log(1 - D_a(b -> a)) + the same of b)
// KL(N(mu, I) || N(0, I)) is mu^2 / 2; the code takes the mean of mu^2 over all its numbers. D first, on the pictures that G's step then sees.
#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/translation.h"
#include "gan/models.h"
#include "gan/nets/patch_discriminator.h"
#include "gan/nets/unit.h"
#include "gan/uses/shared_code.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

// A domain's own networks.
struct Domain {
  nn::Net encoder, decoder, judge;
};

}  // namespace

Recipe unit(const Config& c) {
  const int64_t in_a = c.data.input_channels, in_b = c.data.channels, side = std::min(c.data.size, c.data.width);
  if (c.data.size % 4 || c.data.width % 4) throw UsageError(text("pictures of ", c.data.width, "x", c.data.size, ": UNIT's codes take sides that are multiples of 4; set --size"));
  nets::UnitShape s{.width = int(c.integer("width", 64, "channels next to the picture; 4 times as many at the code", 1, 1024))};
  s.blocks = int(c.integer("blocks", 3, "residual blocks of a domain's own, in its encoder and in its decoder", 0, 100));
  const int shared = int(c.integer("shared", 1, "residual blocks at either end of the code that both domains share; 0: nothing ties the codes but the cycles", 0, 100));
  s.normed = c.choice("norm", {"none", "instance"}, "next to the pictures: leaky ReLU alone, or instance norm and ReLU; blocks have instance norms") == "instance";
  s.dropped = c.number("dropout", 0, "share of features dropped at the end of each residual block", 0, 0.99);
  const double noise = c.number("noise", 1, "deviation of z around mu in training; pictures are translated by mu", 0);
  const double gan = c.number("gan", 10, "weight of the discriminators' opinion; 0: none", 0), kl = c.number("kl", 0.1, "weight of mean mu^2, which stands for KL(q(z) || N(0, I))", 0);
  const double own = c.number("reconstruction", 100, "weight of mean |G_a(E_a(a)) - a| and the same of b", 0);
  const double cycle = c.number("cycle", 100, "weight of the ways there and back; 0: none", 0), kl_cycle = c.number("kl_cycle", 0.1, "weight of mean mu^2 of the codes of translated pictures", 0);
  const Adversarial& adv = adversarial(c.choice("objective", {"bce", "lsgan"}, "what D and G minimise"));
  const std::string judges = c.choice("judges", {"own", "shared", "scales"}, "discriminators of a domain's own, with shared last layers, or three of its own at three scales");
  int fits = 1;
  while (fits < 6 && side >> (fits + 1) >= 2) ++fits;
  nets::UnitJudgeShape d{.width = int(c.integer("d_width", 64, "channels of D's first layer, doubled by each later one", 1, 1024))};
  d.layers = int(c.integer("d_layers", judges == "scales" ? std::min(fits, 4) : std::max(fits, judges == "shared" ? 3 : 1), "halvings of D", judges == "shared" ? 3 : 1, 8));
  const nn::Optim adam = nn::adam(c.number("rate", 1e-4, "learning rate", 0), c.number("beta1", 0.5, "Adam", 0, 0.999999)).decay(c.number("decay", 1e-4, "L2 added to the gradient", 0));

  Recipe r;
  std::vector<nn::Net> coders, judging;
  const auto domain = [&](const char* name, int64_t channels) {
    s.channels = d.channels = int(channels);
    const nn::Layer judge = judges == "own" ? nets::unit_judge(d) : judges == "shared" ? nets::unit_judge_front(d) : nets::at_scales({nets::unit_judge(d), nets::unit_judge(d), nets::unit_judge(d)});
    const Domain made{r.net(text("E_", name), nets::unit_encoder(s)), r.net(text("G_", name), nets::unit_decoder(s)), r.net(text("D_", name), judge)};
    coders.insert(coders.end(), {made.encoder, made.decoder}), judging.push_back(made.judge);
    return made;
  };
  const Domain a = domain("a", in_a), b = domain("b", in_b);
  nn::Net E, G, D;
  if (shared > 0) E = r.net("E", nets::unit_blocks(s, shared)), G = r.net("G", nets::unit_blocks(s, shared)), coders.insert(coders.end(), {E, G});
  if (judges == "shared") judging.push_back(D = r.net("D", nets::unit_judge_trunk(d)));

  const auto through = [](const nn::Net& both, const Tensor& x) { return both ? both(x) : x; };
  const auto drawn = [=](const Tensor& mu) { return noise > 0 ? mu + noise * randn(mu.shape()) : mu; };
  const auto codes = [=](const Tensor& x_a, const Tensor& x_b) { return through(E, concat({a.encoder(x_a), b.encoder(x_b)}, 0)); };
  // D's maps of several batches of a domain, each by itself.
  const auto judge = [=](const Domain& domain, const std::vector<Tensors>& xs) {
    std::vector<Tensors> maps = domain.judge.each(xs);
    if (D)
      for (Tensors& m : maps) m = {D(m[0])};
    return maps;
  };

  // Rows of a, then of b.
  const SharedValue mu = r.shared("mu", coders, [=](const Batch& x) { return codes(x["a"], x["b"]); });
  const SharedValue features = r.shared("G(z)", coders, [=](const Batch&) { return through(G, drawn(mu())); });
  const SharedValue in_side_a = r.shared("G_a(z)", coders, [=](const Batch&) { return a.decoder(features()); });
  const SharedValue in_side_b = r.shared("G_b(z)", coders, [=](const Batch&) { return b.decoder(features()); });
  const auto first = [](const Tensor& x) { return slice(x, 0, 0, x.dim(0) / 2); };
  const auto second = [](const Tensor& x) { return slice(x, 0, x.dim(0) / 2, x.dim(0)); };

  r.update("D", judging, adam, [=](const Batch& x) -> Losses {
    Losses l;
    const auto add = [&](const Domain& domain, const std::string& name, const Tensor& fake, const char* made) {
      const auto said = judge(domain, {{x[name]}, {fake}});
      Tensor loss;
      for (size_t i = 0; i < said[0].size(); ++i) {
        const Tensor one = full_d(adv, said[0][i], said[1][i]);
        loss = loss ? loss + one : one;
      }
      l.push_back({"adv_" + name, (gan > 0 ? gan : 1) * loss, formula_of(adv.d_formula, text("_", name, "(", name, ")"), text("_", name, "(", made, ")"))});
      l.push_back(shown("real_" + name, adv.shown(said[0][0]))), l.push_back(shown("fake_" + name, adv.shown(said[1][0])));
    };
    add(a, "a", second(in_side_a()), "b -> a"), add(b, "b", first(in_side_b()), "a -> b");
    return l;
  });

  r.update("coders", coders, adam, [=](const Batch& x) -> Losses {
    Losses l;
    const Tensor a_in_b = first(in_side_b()), b_in_a = second(in_side_a());
    const auto opinion = [&](const Domain& domain, const std::string& name, const Tensor& fake, const char* made) {
      const Tensors said = judge(domain, {{fake}})[0];
      Tensor loss;
      for (const Tensor& map : said) {
        const Tensor one = full_g(adv, map);
        loss = loss ? loss + one : one;
      }
      l.push_back({"adv_" + name, gan * loss, text(gan, " (", formula_of(adv.g_formula, "", text("_", name, "(", made, ")")), ")")});
    };
    if (gan > 0) opinion(a, "a", b_in_a, "b -> a"), opinion(b, "b", a_in_b, "a -> b");
    if (own > 0) l.push_back({"own_a", own * nn::l1(first(in_side_a()), x["a"]), text(own, " E |a -> a - a|")});
    if (own > 0) l.push_back({"own_b", own * nn::l1(second(in_side_b()), x["b"]), text(own, " E |b -> b - b|")});
    if (kl > 0) l.push_back({"kl", 2 * kl * mean(square(mu())), text(2 * kl, " E mu^2")});
    if (cycle == 0 && kl_cycle == 0) return l;
    const Tensor again = codes(b_in_a, a_in_b);   // rows: of b, seen as a, then of a, seen as b
    if (kl_cycle > 0) l.push_back({"kl_cycle", 2 * kl_cycle * mean(square(again)), text(2 * kl_cycle, " E mu'^2")});
    if (cycle == 0) return l;
    const Tensor back = through(G, drawn(again));
    l.push_back({"cycle_a", cycle * nn::l1(a.decoder(second(back)), x["a"]), text(cycle, " E |a -> b -> a - a|")});
    l.push_back({"cycle_b", cycle * nn::l1(b.decoder(first(back)), x["b"]), text(cycle, " E |b -> a -> b - b|")});
    return l;
  });

  const auto way = [=](const Domain& from, const Domain& to, int64_t channels) -> Translator {
    return {[=](const Tensor& x) { return to.decoder(through(G, through(E, from.encoder(x)))); }, channels, 4};
  };
  const auto judged = [=](const Domain& domain) { return [=](const Tensor& x) { return sigmoid(judge(domain, {{x}})[0][0]); }; };
  add_unpaired_uses(r, way(a, b, in_a), way(b, a, in_b), judged(b), judged(a));
  const auto side_of = [=](const Domain& domain, int64_t channels) -> CodedSide {
    return {[=](const Tensor& x) { return through(E, domain.encoder(x)); }, [=](const Tensor& z) { return domain.decoder(through(G, z)); }, channels, 4};
  };
  add_shared_code_uses(r, side_of(a, in_a), side_of(b, in_b));
  return r;
}

}  // namespace ganymede
