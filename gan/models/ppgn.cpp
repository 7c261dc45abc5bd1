// PPGN. Nguyen, Clune, Bengio, Dosovitskiy, Yosinski: Plug & Play Generative Networks: Conditional Iterative Generation of Images in Latent Space, CVPR 2017, arXiv 1612.00005,
// the joint PPGN-h, without noise unless asked for; G and D after Dosovitskiy and Brox 2016, arXiv 1602.02644, and the authors' code.
//   E = E2(E1): trained first, with a linear layer C behind it, to name classes, then fixed.   h1 = E1(x), h = E(x), x' = G(h)
//   G:  min  l_img |x' - x|^2 + l_h1 |E1(x') - h1|^2 + l_h |E(x') - h|^2 - l_adv log D(x')      each square over the variance of what it is compared with
//   D:  min  -log D(x) - log(1 - D(x'))
// Samples: h walks, a step at a time, along  eps1 (E(G(h)) - h) + eps2 d log p(c | G(h)) / dh + N(0, eps3^2); p is C's, or of any other network (gan/parts/plug_and_play.h).
#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/classes.h"
#include "gan/models.h"
#include "gan/nets/ppgn.h"
#include "gan/parts/plug_and_play.h"
#include "gan/uses/plug_and_play_uses.h"
#include "nn/layers.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

// Of each element over the batch, their mean.
Tensor variance_of(const Tensor& x) { return mean(square(x - mean(x, {0}, true))) + 1e-8; }
Tensor relative(const Tensor& made, const Tensor& wanted) { return nn::mse(made, wanted) / variance_of(wanted); }
// With N(0, (share * deviation)^2) added.
Tensor shaken(const Tensor& x, const Tensor& like, double share) { return share > 0 ? x + randn(x.shape()) * (sqrt(variance_of(like)) * share) : x; }

}  // namespace

Recipe ppgn(const Config& c) {
  nets::PpgnEncoderSize e{.size = int(c.data.size), .channels = int(c.data.channels)};
  if (c.data.classes < 2) throw UsageError("ppgn: E is trained on classes, and these data have none; try --data shapes:single,label=both or fashion-mnist");
  e.width = int(c.integer("e_width", 24, "channels of E's first block, doubled by each later one", 1, 4096));
  e.features = int(c.integer("features", 128, "length of h; the paper: 4096", 1, 65536));
  const int64_t e_steps = c.integer("e_steps", c.steps > 0 ? c.steps / 5 : 500, "iterations that train E on the classes, before all others; 0: none", 0);
  if (c.steps > 0 && e_steps >= c.steps) throw UsageError(text("setting e_steps=", e_steps, ": the run has ", c.steps, " iterations, so none remain for G; set more --steps"));
  nets::PpgnGeneratorSize g{.size = e.size, .channels = e.channels, .features = e.features};
  g.width = int(c.integer("width", 64, "channels of G's first doublings; the paper: 256", 1, 4096));
  g.units = int(c.integer("units", 256, "of G's linear layers; the paper: 4096", 1, 65536));
  nets::PpgnDiscriminatorSize d{.channels = e.channels};
  d.width = int(c.integer("d_width", 16, "channels of D's first convolution; the paper: 32", 1, 4096));
  d.keep = 1 - c.number("dropout", 0.5, "of D's units", 0, 0.95);
  const double on_image = c.number("image", 1, "weight of |x' - x|^2 over the variance of x", 0), on_maps = c.number("maps", 1, "weight of |E1(x') - h1|^2 over the variance of h1", 0);
  const double on_code = c.number("code", 1, "weight of |E(x') - h|^2 over the variance of h", 0), on_adversary = c.number("adversary", 0.1, "weight of -log D(x')", 0);
  const double noise = c.number("noise", 0, "added to h, x' and h1 before the next network, in their deviations; the paper's joint PPGN-h with noise: about 0.01", 0, 10);
  const double slow = c.number("slow", 0.1, "D waits from when its losses together are below this share of G's -log D(x') ...", 0), quick = c.number("quick", 0.5, "... until they are above this one", 0);
  const double behind = c.number("behind", 10, "G waits while they are above this one", 0);
  if (quick < slow) throw UsageError(text("setting quick=", quick, ": D begins again at a share not below slow=", slow));
  const nn::Optim adam = nn::adam(c.number("rate", 1e-3, "learning rate; the paper: 0.0002", 0), 0.9).decay(c.number("decay", 4e-4, "of weights, added to the gradients", 0));

  Recipe r;
  const nn::Net maps = r.net("E1", nets::ppgn_maps(e)), code = r.net("E2", nets::ppgn_code(e));
  const nn::Net who = r.net("C", nn::sequential({nn::linear(e.features, int(c.data.classes), true, nn::init::xavier_uniform(e.features, c.data.classes))}));
  const nn::Net G = r.net("G", nets::ppgn_generator(g)), D = r.net("D", nets::ppgn_discriminator(d));

  if (e_steps > 0) {
    r.stage("E", e_steps);
    r.update("E", {maps, code, who}, nn::adam(c.number("e_rate", 1e-3, "learning rate of E", 0)), [=](const Batch& b) -> Losses {
      const Tensor said = who(code(maps(b.image())));
      return {{"class", class_loss(said, b["label"]), "-log p(class | x)"}, shown("right", class_accuracy(said, b["label"]), "share of pictures whose class is found")};
    });
    r.stage("G", 0);
  }

  const SharedValue h1 = r.shared("h1", {}, [=](const Batch& b) { return maps.infer(b.image()); });
  const SharedValue h = r.shared("h", {}, [=](const Batch&) { return code.infer(h1()); });
  const SharedValue made = r.shared("x'", {G}, [=](const Batch&) { return G(shaken(h(), h(), noise)); });
  // D's losses over G's, and whether D moves: of the last iteration.
  const Tensor ratio = r.keep("ratio", ones({1})), d_moves = r.keep("D moves", ones({1}));
  const auto ratio_of = [](const Losses& l) { return reshape(cast((value_of(l, "real") + value_of(l, "fake")) / (value_of(l, "G") + 1e-8), DType::f32), Shape{1}); };
  const auto moves = [=](const Tensor& now) {
    const Tensor at_least_slow = greater_equal(now, zeros_like(now) + slow), above_quick = greater(now, zeros_like(now) + quick);
    return maximum(above_quick, at_least_slow * cast(d_moves, DType::f32));
  };
  r.update("D", {D}, adam, [=](const Batch& b) -> Losses {
    const Tensors said = D.each({b.image(), made()});
    return {{"real", nn::bce_with_logits(said[0], 1), "-E log D(x)"}, {"fake", nn::bce_with_logits(said[1], 0), "-E log(1 - D(x'))"}, shown("G", nn::bce_with_logits(said[1], 1), "-E log D(x')")};
  }).when([=](const Losses& l) {
    const Tensor now = ratio_of(l), on = moves(now);
    assign(ratio, cast(now, ratio.dtype())), assign(d_moves, cast(on, d_moves.dtype()));
    return on;
  });
  r.update("G", {G}, adam, [=](const Batch& b) -> Losses {
    const Tensor x = made(), m = maps.infer(shaken(x, b.image(), noise)), again = code.infer(shaken(m, h1(), noise));
    Losses l;
    const auto term = [&](const char* name, double weight, const Tensor& value, const std::string& formula) {
      if (weight > 0) l.push_back({name, weight * value, text(weight, " ", formula)});
      else l.push_back(shown(name, value, formula));
    };
    term("image", on_image, relative(x, b.image()), "E |x' - x|^2 / var x"), term("maps", on_maps, relative(m, h1()), "E |E1(x') - h1|^2 / var h1"), term("code", on_code, relative(again, h()), "E |E(x') - h|^2 / var h");
    term("adv", on_adversary, nn::bce_with_logits(D(x), 1), "-E log D(x')");
    return l;
  }).when([=](const Losses&) { return cast(greater_equal(zeros_like(ratio) + behind, ratio), DType::f32); });

  const auto encode = [=](const Tensor& x) { return code.infer(maps.infer(x)); };
  add_plug_and_play_uses(r, c, {.between = {[=](const Tensor& z) { return G(z); }, encode}, .features = e.features, .maps = [=](const Tensor& x) { return maps.infer(x); }, .classes = [=](const Tensor& z) { return who(z); }});
  return r;
}

}  // namespace ganymede
