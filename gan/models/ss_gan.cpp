// S2-GAN (SS-GAN). Wang, Gupta: Generative Image Modeling using Style and Structure Adversarial Networks, ECCV 2016, arXiv 1603.05631.
//   structure:  n = G1(z^), normals of length 1        style:  x = G2(n, z~)
//   D1:  min  1/2 (-E log D1(n) - E log(1 - D1(G1(z^))))             G1:  min  -E log D1(G1(z^))
//   D2:  min  1/2 (-E log D2(x, n) - E log(1 - D2(G2(n, z~), n)))    G2:  min  -E log D2(G2(n, z~), n) + lambda L_FCN
//   L_FCN = cross entropy, mean over pixels, of what FCN reads off the rendered picture, and the words of the n that it was rendered from
// FCN, a network that estimates normals (one of a few words a pixel), is trained on real pairs first, then frozen: without it a picture need not
// be one of its normals. Structure and style learn apart, from real normals, then together: there D2's fakes are rendered from G1's
// normals, and G1 also follows 0.1 of G2's adversarial loss, through G2. Of a batch D sees one half as it is and the other half as fakes; G steps on
// a batch of its own. D and G wait for one another by D's losses on both halves.
#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/balance.h"
#include "gan/models.h"
#include "gan/nets/ss_gan.h"
#include "gan/style_structure.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

using nn::bce_with_logits;

// Which of the networks may move, by the last step of their D.
struct Turn {
  Balance balance;
  Tensor g;   // kept: of G; undefined: no gates
  Gate of_d() const {
    if (!g) return {};
    return [*this](const Losses& l) { return balance.d_moves(value_of(l, "real"), value_of(l, "fake")); };
  }
  Gate of_g() const {
    if (!g) return {};
    return [*this](const Losses&) { return cast(g, DType::f32); };
  }
};

}  // namespace

Recipe ss_gan(const Config& c) {
  if (c.data.input_channels != 3)
    throw UsageError(text("ss-gan takes pictures b with their normals a in three channels; in these data a has ", c.data.input_channels, "; try --data solids"));
  if (c.batch % 2 != 0) throw UsageError(text("a batch of ", c.batch, ": each D sees half of it as it is and half as fakes; set --batch to an even number"));
  nets::StyleStructureSize s{.size = int(c.data.size), .channels = int(c.data.channels)};
  s.structure = int(c.integer("structure", s.size, "sides of the normals that G1 makes; 72 for pictures of 128 px in the paper", 16, 4096));
  s.latent = int(c.integer("latent", 100, "length of z^ and of z~, either uniform in [-1, 1]", 1, 65536));
  s.width = int(c.integer("width", 16, "channels of the first convolution of both D, the others are multiples; 64 in the paper", 1, 4096));
  s.estimator = int(c.integer("fcn_width", 12, "channels of FCN's first convolution, the others in proportion; 96 in the paper", 1, 4096));
  s.words = int(c.integer("words", 8, "words for normals, centres of a clustering; 40 in the paper", 2, 1024));
  s.dropout = c.flag("dropout", true, "both D drop a fifth of their maps and half of their features, as in the paper; small ones learn little so");
  const double lambda = c.number("lambda", 0.1, "weight of FCN's cross entropy in G2's loss; 0: without it", 0);
  const double through = c.number("joint_weight", 0.1, "weight of G2's adversarial loss in G1's when both learn together", 0);
  const double rate = c.number("rate", 2e-4, "learning rate; a fiftieth for 10 steps of a stage, then a fifth for 20", 0);
  const double fcn_rate = c.number("fcn_rate", 0.01, "learning rate of FCN (SGD, momentum 0.9)", 0), joint_rate = c.number("joint_rate", 1e-6, "learning rate of G2 and D2 when all learn together; G1 and D1 a tenth of it", 0);
  const double decay = lambda > 0 ? 0 : c.number("weight_decay", 1e-5, "L2 added to the gradients of G2 and D2 where they learn without FCN", 0);
  const bool gated = c.flag("gates", true, "D waits while its loss on real or fake is low, G while it is high");
  Balance balance{0, 0};
  if (gated) balance = {c.number("low", 0.3, "of D's losses, below which D waits", 0), c.number("high", 0.7, "of D's losses, above which G waits", 0)};
  const int64_t fcn_steps = c.integer("fcn_steps", std::max<int64_t>(1, c.steps / 5), "iterations in which FCN learns", 1);
  const int64_t structure_steps = c.integer("structure_steps", std::max<int64_t>(1, 3 * c.steps / 10), "iterations of G1 and D1", 1);
  const int64_t style_steps = c.integer("style_steps", std::max<int64_t>(1, 2 * c.steps / 5), "iterations of G2 and D2, from real normals", 1);
  if (c.steps > 0 && fcn_steps + structure_steps + style_steps >= c.steps)
    throw UsageError(text("settings fcn_steps=", fcn_steps, ", structure_steps=", structure_steps, " and style_steps=", style_steps, ": the run has ", c.steps, " iterations, so none remain for all together; set less or more --steps"));

  Recipe r;
  const nn::Net FCN = r.net("FCN", nets::normal_estimator(s));
  const nn::Net G1 = r.net("G1", nets::structure_generator(s)), D1 = r.net("D1", nets::structure_discriminator(s));
  const nn::Net G2 = r.net("G2", nets::style_generator(s)), D2 = r.net("D2", nets::style_discriminator(s));
  const NormalWords words = keep_normal_words(r, c, "a", s.words);
  const auto turn = [&](const char* of) { return Turn{balance, gated ? r.keep(text("moves.", of), ones({1})) : Tensor{}}; };
  const Turn first = turn("G1"), second = turn("G2");

  const auto noise = [=](int64_t n) { return uniform({n, s.latent}, -1, 1); };
  const auto normals = [](const Batch& b) { return unit_normals(b["a"]); };
  const auto said_of = [=](const Tensor& x, const Tensor& n) { return D2(Tensors{x, cast(n, x.dtype())})[0]; };
  // What FCN says of pictures, a row a pixel, and the words of normals at its resolution.
  const auto read = [=](const Tensor& logits) { return reshape(logits, std::vector<int64_t>{-1, s.words}); };
  const auto wanted = [=](const Tensor& n) { return words.nearest(resized_normals(n, s.size / 4)); };
  const auto judged = [=](const Turn& t, const Tensor& real, const Tensor& fake, const std::string& of_real, const std::string& of_fake) -> Losses {
    const Tensor on_real = bce_with_logits(real, 1), on_fake = bce_with_logits(fake, 0);
    if (t.g) assign(t.g, cast(reshape(t.balance.g_moves(on_real, on_fake), Shape{1}), t.g.dtype()));
    return {{"adv", (on_real + on_fake) * 0.5, text("1/2 (-E log ", of_real, " - E log(1 - ", of_fake, "))")}, shown("real", on_real, "-E log " + of_real), shown("fake", on_fake, "-E log(1 - " + of_fake + ")")};
  };

  r.stage("normals", fcn_steps);
  r.update("FCN", {FCN}, nn::sgd(fcn_rate, 0.9).decay(5e-4), [=](const Batch& b) -> Losses {
    return {{"words", nn::cross_entropy(read(FCN(b["b"])), wanted(normals(b))), "-E log p(word of a pixel's normal)"}};
  });

  const nn::Optim adam = nn::adam(rate, 0.5).with(nn::Schedule{"a fiftieth for 10 steps, a fifth for 20", [](int64_t step) { return step < 10 ? 0.02 : step < 30 ? 0.2 : 1.0; }});
  const auto add_d1 = [&](const nn::Optim& optim) {
    r.update("D1", {D1}, optim, [=](const Batch& b) {
      const int64_t half = b.size / 2;
      const Tensor fake = G1(noise(half)).constant(), real = resized_normals(normals(b).rows(0, half), s.structure);
      const Tensor on_real = D1(real), on_fake = D1(fake);   // in this order: both draw dropout
      return judged(first, on_real, on_fake, "D1(n)", "D1(G1(z^))");
    }).when(first.of_d());
  };
  const auto add_d2 = [&](const nn::Optim& optim, const std::string& formula, const std::function<Tensor(const Batch&)>& rendered_from) {
    r.update("D2", {D2}, optim, [=](const Batch& b) {
      const int64_t half = b.size / 2;
      const Tensor n = rendered_from(b), fake = G2(n, noise(half)).constant();
      const Tensor on_real = said_of(b["b"].rows(0, half), normals(b).rows(0, half)), on_fake = said_of(fake, n);
      return judged(second, on_real, on_fake, "D2(x, n)", formula);
    }).when(second.of_d());
  };
  r.stage("structure", structure_steps);
  add_d1(adam);
  r.update("G1", {G1}, adam, [=](const Batch& b) -> Losses { return {{"adv", bce_with_logits(D1(G1(noise(b.size))), 1), "-E log D1(G1(z^))"}}; }).from_batch(1).when(first.of_g());

  r.stage("style", style_steps);
  add_d2(adam.decay(decay), "D2(G2(n, z~), n)", [=](const Batch& b) { return normals(b).rows(b.size / 2, b.size); });
  r.update("G2", {G2}, adam.decay(decay), [=](const Batch& b) -> Losses {
    const Tensor n = normals(b), x = G2(n, noise(b.size));
    Losses l{{"adv", bce_with_logits(said_of(x, n), 1), "-E log D2(G2(n, z~), n)"}};
    if (lambda > 0) l.push_back({"fcn", lambda * nn::cross_entropy(read(FCN.infer(x)), wanted(n)), text(lambda, " E -log p(word of n | G2(n, z~))")});
    return l;
  }).from_batch(1).when(second.of_g());

  r.stage("together", 0);
  const nn::Optim slow = nn::adam(joint_rate, 0.5), slower = nn::adam(joint_rate / 10, 0.5);
  const auto made = [=](int64_t n) { return resized_normals(G1(noise(n)), s.size); };
  add_d1(slower);
  add_d2(slow, "D2(G2(G1(z^), z~), G1(z^))", [=](const Batch& b) { return made(b.size / 2).constant(); });
  r.update("G", {Group{{G1}, slower, first.of_g()}, Group{{G2}, slow, second.of_g()}}, [=](const Batch& b) -> Losses {
    const Tensor small = G1(noise(b.size)), n = resized_normals(small, s.size);
    const Tensor adv = bce_with_logits(said_of(G2(n, noise(b.size)), n.constant()), 1);
    Losses l{{"structure", bce_with_logits(D1(small), 1), "-E log D1(G1(z^))", {G1}}, {"style", adv, "-E log D2(G2(G1(z^), z~), G1(z^))", {G2}}};
    if (through > 0) l.push_back({"through", through * adv, text(through, " E -log D2(G2(G1(z^), z~), .)"), {G1}});
    return l;
  });

  r.latent = {.length = 2 * s.latent, .draw = [=](int64_t n) { return uniform({n, 2 * s.latent}, -1, 1); }, .normal = false};
  const auto structure = [=](const Tensor& z) { return G1(z); };
  const auto render = [=](const Tensor& n, const Tensor& z) { return G2(resized_normals(n, s.size), z); };
  r.latent.decode = [=](const Tensor& z, const Tensor&) { return render(structure(slice(z, 1, 0, s.latent)), slice(z, 1, s.latent, 2 * s.latent)); };
  add_style_structure_uses(r, {.size = s.size, .noise = noise, .normals = normals, .structure = structure, .render = render, .judge = said_of,
                               .estimate = [=](const Tensor& x) { return FCN(x); }, .words = words, .facts = c.data});
  return r;
}

}  // namespace ganymede
