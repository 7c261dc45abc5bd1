// CycleGAN. Zhu, Park, Isola, Efros: Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, ICCV 2017,
// arXiv 1703.10593.
//   G: X -> Y, F: Y -> X:  min  E (D_Y(G(x)) - 1)^2 + E (D_X(F(y)) - 1)^2
//                               + lambda_A E |F(G(x)) - x| + lambda_B E |G(F(y)) - y|
//                               + identity (lambda_B E |G(y) - y| + lambda_A E |F(x) - x|)
//   D_Y:  min  1/2 [E (D_Y(y) - 1)^2 + E D_Y(G(x))^2] on fakes out of a pool of earlier ones; D_X likewise
// Norms are per picture, so G(x) and G(y) go through G as one batch. G and F move first and together.
#include <algorithm>

#include "engine/ops.h"
#include "gan/losses/translation.h"
#include "gan/models.h"
#include "gan/nets/patch_discriminator.h"
#include "gan/nets/translation_resnet.h"
#include "gan/pool.h"
#include "gan/translate.h"
#include "nn/losses.h"

namespace ganymede {

Recipe cyclegan(const Config& c) {
  const int64_t side = std::min(c.data.size, c.data.width), in_x = c.data.input_channels, in_y = c.data.channels;
  const bool residual = c.choice("generator", {"resnet", "unet"}, "residual blocks, or a U-Net") == "resnet";
  const int width = int(c.integer("width", 64, "channels next to the picture", 1, 4096));
  const nets::TranslationNorm norm{nn::NormKind::instance, c.flag("affine", false, "gains and biases in the instance norms, as in the authors' first code")};
  const int blocks = residual ? int(c.integer("blocks", side < 256 ? 6 : 9, "residual blocks", 1, 100)) : 0;
  const Adversarial& adv = adversarial(c.choice("objective", {"lsgan", "bce"}, "what D and G minimise"));
  const double lambda_a = c.number("lambda_a", 10, "weight of the cycle from side a", 0), lambda_b = c.number("lambda_b", 10, "weight of the cycle from side b", 0);
  const double gan = c.number("gan", 1, "weight of the discriminators' opinion; 0: cycles alone", 0);
  const double identity = in_x == in_y ? c.number("identity", 0.5, "weight of the identity terms, relative to the cycles; 0: none", 0) : 0;
  const int64_t history = c.integer("pool", 50, "earlier fakes a discriminator is shown; 0: none", 0, 100000);
  const nn::Optim adam = falling_rate(nn::adam(c.number("rate", 2e-4, "learning rate", 0), c.number("beta1", 0.5, "Adam", 0, 0.999999)), c,
                                      c.number("constant_part", 0.5, "part of the run after which the rate falls linearly to 0", 0, 1));
  const int levels = residual ? 2 : nets::halvings_of(c.data.size, c.data.width);
  if (residual && (c.data.size % 4 || c.data.width % 4)) throw UsageError(text("pictures of ", c.data.width, "x", c.data.size, ": CycleGAN takes sides that are multiples of 4; set --size"));
  const int fits = nets::patch_map(side, 3) >= 1 ? 3 : nets::patch_map(side, 2) >= 1 ? 2 : 1;
  const int halvings = int(c.integer("d_layers", fits, "halvings of D: 3 see patches of 70 pixels, 2 of 34, 1 of 16", 1, 5));
  if (nets::patch_map(side, halvings) < 1) throw UsageError(text("setting d_layers=", halvings, ": it needs pictures of ", int64_t{3} << halvings, " px, these have ", side));

  Recipe r;
  const auto generator = [&](int64_t in, int64_t out) {
    if (residual) return nets::translation_resnet({int(in), int(out), width, blocks, norm});
    return nets::unet({.in = int(in), .out = int(out), .width = width, .halvings = levels, .bias = true, .norm = norm, .dropout = 0});
  };
  const auto discriminator = [&](int64_t in) { return nets::patch_discriminator({.in = int(in), .width = width, .halvings = halvings, .bias = true, .norm = norm}); };
  const nn::Net G = r.net("G", generator(in_x, in_y)), F = r.net("F", generator(in_y, in_x));
  const nn::Net DX = r.net("D_X", discriminator(in_x)), DY = r.net("D_Y", discriminator(in_y));
  const ImagePool pool_x(r, "pool_x", history, Shape{c.data.size, c.data.width, in_x}), pool_y(r, "pool_y", history, Shape{c.data.size, c.data.width, in_y});

  // Translation first, then (with identity terms) what a generator makes of its own side.
  const auto both = [=](const nn::Net& net, const Tensor& other, const Tensor& own) { return net(identity > 0 ? concat({other, own}, 0) : other); };
  const SharedValue of_g = r.shared("G(x, y)", {G}, [=](const Batch& b) { return both(G, b["a"], b["b"]); });
  const SharedValue of_f = r.shared("F(y, x)", {F}, [=](const Batch& b) { return both(F, b["b"], b["a"]); });
  const auto translation = [=](const SharedValue& v, const Batch& b) { return slice(v(), 0, 0, b.size); };
  const auto same = [=](const SharedValue& v, const Batch& b) { return slice(v(), 0, b.size, 2 * b.size); };

  r.update("generators", {G, F}, adam, [=](const Batch& b) -> Losses {
    const Tensor x = b["a"], y = b["b"], fake_y = translation(of_g, b), fake_x = translation(of_f, b);
    Losses l;
    if (gan > 0) l.push_back({"adv_G", gan * full_g(adv, DY(fake_y)), adv.name == "lsgan" ? "E (D_Y(G(x)) - 1)^2" : "E -log D_Y(G(x))"});
    if (gan > 0) l.push_back({"adv_F", gan * full_g(adv, DX(fake_x)), adv.name == "lsgan" ? "E (D_X(F(y)) - 1)^2" : "E -log D_X(F(y))"});
    if (lambda_a > 0) l.push_back({"cycle_x", lambda_a * nn::l1(F(fake_y), x), text(lambda_a, " E |F(G(x)) - x|")});
    if (lambda_b > 0) l.push_back({"cycle_y", lambda_b * nn::l1(G(fake_x), y), text(lambda_b, " E |G(F(y)) - y|")});
    if (identity > 0) l.push_back({"same_y", identity * lambda_b * nn::l1(same(of_g, b), y), text(identity * lambda_b, " E |G(y) - y|")});
    if (identity > 0) l.push_back({"same_x", identity * lambda_a * nn::l1(same(of_f, b), x), text(identity * lambda_a, " E |F(x) - x|")});
    return l;
  });
  const auto judge = [&](const std::string& name, const nn::Net& D, const char* side_of, const SharedValue& fakes, const ImagePool& pool) {
    const std::string seen = name == "D_Y" ? formula_of(adv.d_formula, "(y)", "(G(x))") : formula_of(adv.d_formula, "(x)", "(F(y))");
    r.update(name, {D}, adam, [=](const Batch& b) -> Losses {
      const Tensors said = D.each({b[side_of], pool.query(translation(fakes, b))});
      const Verdict v = adv.judge(said[0], said[1]);
      return {{"adv", v.loss * (adv.name == "lsgan" ? 1 : 0.5), adv.name == "lsgan" ? seen : text("1/2 (", seen, ")")}, shown("real", v.real, "E D(real)"), shown("fake", v.fake, "E D(fake)")};
    });
  };
  judge("D_Y", DY, "b", of_g, pool_y);
  judge("D_X", DX, "a", of_f, pool_x);

  add_unpaired_uses(r, {[=](const Tensor& x) { return G(x); }, in_x, int64_t{1} << levels}, {[=](const Tensor& y) { return F(y); }, in_y, int64_t{1} << levels},
                    [=](const Tensor& y) { return sigmoid(DY(y)); }, [=](const Tensor& x) { return sigmoid(DX(x)); });
  return r;
}

}  // namespace ganymede
