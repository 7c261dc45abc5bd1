// CycleGAN. Zhu, Park, Isola, Efros: Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, ICCV 2017,
// arXiv 1703.10593.
//   G: X -> Y, F: Y -> X:  min  E (D_Y(G(x)) - 1)^2 + E (D_X(F(y)) - 1)^2
//                               + lambda_A E |F(G(x)) - x| + lambda_B E |G(F(y)) - y|
//                               + identity (lambda_B E |G(y) - y| + lambda_A E |F(x) - x|)
//   D_Y:  min  1/2 [E (D_Y(y) - 1)^2 + E D_Y(G(x))^2] on fakes out of a pool of earlier ones; D_X likewise
// Norms are per picture, so G(x) and G(y) go through G as one batch. G and F move first and together.
#include "engine/ops.h"
#include "gan/losses/translation.h"
#include "gan/models.h"
#include "gan/parts/cycle_settings.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {

Recipe cyclegan(const Config& c) {
  const int64_t in_x = c.data.input_channels, in_y = c.data.channels;
  const CycleShape shape = read_cycle_shape(c);
  const Adversarial& adv = adversarial(c.choice("objective", {"lsgan", "bce"}, "what D and G minimise"));
  const double lambda_a = c.number("lambda_a", 10, "weight of the cycle from side a", 0), lambda_b = c.number("lambda_b", 10, "weight of the cycle from side b", 0);
  const double gan = c.number("gan", 1, "weight of the discriminators' opinion; 0: cycles alone", 0);
  const double identity = in_x == in_y ? c.number("identity", 0.5, "weight of the identity terms, relative to the cycles; 0: none", 0) : 0;

  Recipe r;
  const nn::Net G = r.net("G", shape.generator(in_x, in_y)), F = r.net("F", shape.generator(in_y, in_x));
  const nn::Net DX = r.net("D_X", shape.discriminator(in_x)), DY = r.net("D_Y", shape.discriminator(in_y));
  const ImagePool pool_x = shape.pool(r, "pool_x", c, in_x), pool_y = shape.pool(r, "pool_y", c, in_y);

  // Translation first, then (with identity terms) what a generator makes of its own side.
  const auto both = [=](const nn::Net& net, const Tensor& other, const Tensor& own) { return net(identity > 0 ? concat({other, own}, 0) : other); };
  const SharedValue of_g = r.shared("G(x, y)", {G}, [=](const Batch& b) { return both(G, b["a"], b["b"]); });
  const SharedValue of_f = r.shared("F(y, x)", {F}, [=](const Batch& b) { return both(F, b["b"], b["a"]); });
  const auto translation = [=](const SharedValue& v, const Batch& b) { return slice(v(), 0, 0, b.size); };
  const auto same = [=](const SharedValue& v, const Batch& b) { return slice(v(), 0, b.size, 2 * b.size); };

  r.update("generators", {G, F}, shape.optim, [=](const Batch& b) -> Losses {
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
    r.update(name, {D}, shape.optim, [=](const Batch& b) -> Losses {
      const Tensors said = D.each({b[side_of], pool.query(translation(fakes, b))});
      const Verdict v = adv.judge(said[0], said[1]);
      return {{"adv", v.loss * (adv.name == "lsgan" ? 1 : 0.5), adv.name == "lsgan" ? seen : text("1/2 (", seen, ")")}, shown("real", v.real, "E D(real)"), shown("fake", v.fake, "E D(fake)")};
    });
  };
  judge("D_Y", DY, "b", of_g, pool_y);
  judge("D_X", DX, "a", of_f, pool_x);

  add_unpaired_uses(r, {[=](const Tensor& x) { return G(x); }, in_x, shape.unit()}, {[=](const Tensor& y) { return F(y); }, in_y, shape.unit()},
                    [=](const Tensor& y) { return sigmoid(DY(y)); }, [=](const Tensor& x) { return sigmoid(DX(x)); });
  return r;
}

}  // namespace ganymede
