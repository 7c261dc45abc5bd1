// SGAN. Huang, Li, Poursaeed, Hopcroft, Belongie: Stacked Generative Adversarial Networks, CVPR 2017, arXiv 1612.04357.
//   A classifier x -> h = E(x) -> y, trained first, is turned around level by level: h^ = G1(y, z1), x^ = G0(h, z0). At each level
//   D:  min  adversarial + 10 E (Q(made) - z)^2
//   G:  min  adversarial + conditional + 10 E (Q(made) - z)^2
// D judges in the level's own terms (features, pictures); conditional: E must give back what the level was given, y by cross-entropy
// and h by squares; Q, a second head of D, must read the noise off what was made, without which G0 ignores it, for h says nearly all.
// First each level learns from real features alone, then both together: G0 draws from G1's features, and G1 also follows 0.01 of G0's
// losses. Adversarial: bce (MNIST), or D's classes (CIFAR-10): Z = log sum exp of its logits is the logit of real.
#include <algorithm>

#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/stacked_gan.h"
#include "gan/pictures.h"
#include "gan/uses/latent_tasks.h"
#include "gan/uses/sample_measures.h"
#include "gan/uses/stacked_measures.h"
#include "nn/layers.h"
#include "nn/losses.h"

namespace ganymede {

Recipe stacked_gan(const Config& c) {
  if (c.data.classes < 2) throw UsageError("stacked-gan inverts a classifier, and these data have no classes; try --data fashion-mnist");
  nets::StackedSize s{.size = int(c.data.size), .channels = int(c.data.channels), .classes = int(c.data.classes)};
  s.cifar = c.choice("architecture", {"mnist", "cifar"}, "the paper's networks for MNIST, or for CIFAR-10 and SVHN") == "cifar";
  s.width = int(c.integer("width", s.cifar ? 64 : 32, "channels of E's first convolution; all networks are in proportion", 2, 4096));
  s.upper = int(c.integer("latent", 50, "length of z1, by which G1 makes features of a label", 1, 65536));
  s.lower = int(c.integer("latent0", s.cifar ? 16 : 50, "length of z0, by which G0 makes pictures of features", 1, 65536));
  const int64_t pretrain = c.integer("pretrain", std::max<int64_t>(1, c.steps / 6), "iterations in which E learns the classes", 1);
  const int64_t independent = c.integer("independent", c.steps / 2, "iterations in which each level learns from real features, before both go on together", 0);
  if (c.steps > 0 && pretrain + independent >= c.steps)
    throw UsageError(text("settings pretrain=", pretrain, " and independent=", independent, ": the run has ", c.steps, " iterations, so none remain for both levels together; set less or more --steps"));
  const double rate = c.number("rate", s.cifar ? 1e-4 : 5e-4, "learning rate of the levels; 1e-4 in the paper", 0), e_rate = c.number("e_rate", 1e-3, "learning rate of E", 0);
  const double condition = c.number("condition", 1, "weight of the conditional terms", 0), entropy = c.number("entropy", 10, "weight of Q's error, in D's loss and in G's", 0);
  const double joint = c.number("joint", 0.01, "weight of G0's losses for G1 when both go on together", 0);
  const bool saturating = s.cifar && c.choice("g_loss", {"minimax", "non-saturating"}, "of G: E log(1 - D) as in the paper, or -E log D") == "minimax";
  const int64_t turns = s.cifar ? c.integer("g_steps", 0, "steps of G to one of D; 0: 1, 3, 5 or 7, more the lower D's loss (below 0.65, 0.5, 0.3)", 0, 100) : 1;

  Recipe r;
  const nn::Net E = r.net("E", nets::stacked_encoder(s)), head = r.net("E_class", nn::linear(s.features(), s.classes, true, nn::init::normal(0, 0.01)));
  const nn::Net G1 = r.net("G1", nets::stacked_feature_generator(s)), D1 = r.net("D1", nets::stacked_feature_discriminator(s));
  const nn::Net G0 = r.net("G0", nets::stacked_picture_generator(s)), D0 = r.net("D0", nets::stacked_picture_discriminator(s));
  // CIFAR-10's networks see pictures in [0, 1] without the mean picture.
  Tensor middle;
  if (s.cifar) {
    nn::Init average = nn::init::constant(0.5);
    if (c.data.mean_picture) {
      average = {nn::Init::Kind::values, 0, 0, c.data.mean_picture()};
      for (double& v : average.values) v = v * 0.5 + 0.5;
    }
    middle = r.keep("mean", nn::parameter({1, s.size, s.size, s.channels}, average).constant());
  }
  const auto seen = [=](const Tensor& unit) { return middle ? unit - cast(middle, unit.dtype()) : unit; };
  const auto real = [=](const Tensor& x) { return seen(x * 0.5 + 0.5); };
  const auto draw0 = [=](int64_t n) { return uniform({n, s.lower}, 0, 1); };
  const auto draw1 = [=](int64_t n) { return uniform({n, s.upper}, 0, 1); };
  const auto picture = [=](const Tensor& h, const Tensor& z) { return G0(Tensors{z, h})[0]; };   // in [0, 1]

  const auto logit = [=](const Tensor& l) { return s.cifar ? logsumexp(l, {1}, true) : l; };
  const auto q_term = [=](const Tensor& read, const Tensor& z) -> Term { return {"noise", entropy * nn::mse(read, z), text(entropy, " E (Q(made) - z)^2")}; };
  const auto d_losses = [=](const Tensors& on_real, const Tensors& on_fake, const Tensor& y, const Tensor& z) -> Losses {
    const Tensor of_real = logit(on_real[0]), of_fake = logit(on_fake[0]);
    Losses l{{"adv", (nn::bce_with_logits(of_real, 1) + nn::bce_with_logits(of_fake, 0)) * (s.cifar ? 0.5 : 1), s.cifar ? "1/2 (-E log D(real) - E log(1 - D(made)))" : "-E log D(real) - E log(1 - D(made))"},
             shown("real", mean(sigmoid(of_real)), "E D(real)"), shown("fake", mean(sigmoid(of_fake)), "E D(made)")};
    if (s.cifar) l.push_back({"class", nn::cross_entropy(on_real[0], y), "-E log p(y | real)"});
    l.push_back(q_term(on_fake[1], z));
    return l;
  };
  const auto g_adv = [=](const Tensor& l) -> Term {
    return {"adv", saturating ? -nn::bce_with_logits(logit(l), 0) : nn::bce_with_logits(logit(l), 1), saturating ? "E log(1 - D(made))" : "-E log D(made)"};
  };
  const nn::Optim adam = nn::adam(rate, 0.5);

  // A level's two updates; made(batch, z) gives what G draws of z, told what it was given.
  struct Made {
    Tensor x, given;
  };
  const auto add_d = [&](const nn::Net& D, const std::function<Tensor(const Batch&)>& truth, const std::function<Tensor(int64_t)>& draw, const std::function<Made(const Batch&, const Tensor&)>& made,
                         const Tensor& left) {
    r.update(D.name(), {D}, adam, [=](const Batch& b) -> Losses {
      const Tensor z = draw(b.size), y = made(b, z).x.constant();
      Losses l = d_losses(D(Tensors{truth(b)}), D(Tensors{y}), b["label"], z);
      if (left) {
        // The steps that G takes next, by D's loss.
        const Tensor& a = l[0].value;
        const auto below = [&](double bound) { return cast(greater(full(a.shape(), bound, a.dtype(), a.device()), a.constant()), DType::f32) * 2.0; };
        assign(left, cast(reshape(below(0.65) + below(0.5) + below(0.3) + 1.0, Shape{1}), left.dtype()));
      }
      return l;
    });
  };
  const auto turn = [=](Update& u, const Tensor& left) {
    if (!left) return u.times(int(turns)), void();
    u.times(7).when([=](const Losses&) { return cast(greater(left, zeros_like(left)), DType::f32); }).then([=](const Batch&) { assign(left, left - 1.0); });
  };
  const bool adaptive = turns == 0;
  const Tensor left1 = adaptive ? r.keep("turns.G1", ones({1})) : Tensor{}, left0 = adaptive ? r.keep("turns.G0", ones({1})) : Tensor{};

  const auto features = [=](const Batch& b) { return E(real(b.image())).constant(); };
  const auto made1 = [=](const Batch& b, const Tensor& z) -> Made { return {G1(z, b["label"]), {}}; };
  const auto losses1 = [=](const Batch& b, const Tensor& z, const Tensor& h) -> Losses {
    const Tensors said = D1(Tensors{h});
    return {g_adv(said[0]), {"class", condition * nn::cross_entropy(head(h), b["label"]), text(condition, " -E log p(y | G1(y, z))")}, q_term(said[1], z)};
  };
  const auto losses0 = [=](const Tensor& h, const Tensor& z) -> Losses {
    const Tensor x = seen(picture(h, z));
    const Tensors said = D0(Tensors{x});
    return {g_adv(said[0]), {"features", condition * nn::mse(E(x), h), text(condition, " E (E(G0(h, z)) - h)^2")}, q_term(said[1], z)};
  };

  r.stage("classifier", pretrain);
  r.update("E", {E, head}, nn::adam(e_rate, 0.9), [=](const Batch& b) -> Losses {
    const Tensor said = head(E(real(b.image())));
    return {{"class", nn::cross_entropy(said, b["label"]), "-E log p(y | x)"}};
  });
  const auto truth0 = [=](const Batch& b) { return real(b.image()); };
  if (independent > 0) {
    r.stage("levels apart", independent);
    const auto of_real = [=](const Batch& b, const Tensor& z) -> Made {
      const Tensor h = features(b);
      return {seen(picture(h, z)), h};
    };
    add_d(D1, features, draw1, made1, left1);
    turn(r.update("G1", {G1}, adam, [=](const Batch& b) { const Tensor z = draw1(b.size); return losses1(b, z, G1(z, b["label"])); }), left1);
    add_d(D0, truth0, draw0, of_real, left0);
    turn(r.update("G0", {G0}, adam, [=](const Batch& b) { return losses0(features(b), draw0(b.size)); }), left0);
  }
  r.stage("levels together", 0);
  add_d(D1, features, draw1, made1, {});
  add_d(D0, truth0, draw0, [=](const Batch& b, const Tensor& z) -> Made { return {seen(picture(G1(draw1(b.size), b["label"]), z)), {}}; }, left0);
  turn(r.update("G", {G1, G0}, adam, [=](const Batch& b) -> Losses {
    const Tensor z1 = draw1(b.size), h = G1(z1, b["label"]);
    Losses l;
    for (Term& t : losses1(b, z1, h)) t.name += "1", l.push_back(t);
    // The same features, through which G1 sees `joint` of what G0 sees.
    const Tensor weighed = h * joint + h.constant() * (1 - joint);
    for (Term& t : losses0(weighed, draw0(b.size))) t.name += "0", l.push_back(t);
    return l;
  }), left0);

  r.latent = {.length = s.upper + s.lower, .classes = s.classes, .draw = [=](int64_t n) { return concat({draw1(n), draw0(n)}, 1); }, .normal = false};
  r.latent.decode = [=](const Tensor& z, const Tensor& y) { return picture(G1(slice(z, 1, 0, s.upper), y), slice(z, 1, s.upper, s.upper + s.lower)) * 2.0 - 1.0; };
  r.measures = stacked_measures({.real = real, .seen = seen, .features = [=](const Tensor& x) { return E(x); }, .classes = [=](const Tensor& h) { return head(h); },
                                 .upper = [=](const Tensor& z, const Tensor& y) { return G1(z, y); }, .lower = picture, .draw_upper = draw1, .draw_lower = draw0,
                                 .read_upper = [=](const Tensor& h) { return D1(Tensors{h})[1]; }, .read_lower = [=](const Tensor& x) { return D0(Tensors{x})[1]; }});
  for (const Measure& m : sample_measures([=](int64_t n) { return picture(G1(draw1(n), random_integers({n}, s.classes)), draw0(n)) * 2.0 - 1.0; })) r.measures.push_back(m);
  r.tasks.push_back({"redraw", "PICTURE...", "draw each picture again from its features, n times (set by -n) with other noise", 1, 4096, [=, facts = c.data](const TaskInput& in) {
    in.settings.check_all_read();
    std::vector<Result> results;
    for (const NamedPicture& given : in.pictures) {
      const Tensor x = as_input(given.picture, facts), h = E(real(x));
      const Tensor again = picture(broadcast_to(h, {in.n, h.dim(1)}), draw0(in.n)) * 2.0 - 1.0;
      results.push_back({given.name, {sheet(concat({x, cast(again, x.dtype())}, 0), in.n + 1)}});
    }
    return results;
  }, true});
  return r;
}

}  // namespace ganymede
