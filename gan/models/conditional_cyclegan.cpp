// Conditional CycleGAN. Lu, Tai, Tang: Attribute-Guided Face Generation Using Conditional CycleGAN, ECCV 2018, arXiv 1705.09966; least squares and a history of
// fakes as in CycleGAN, pairs that do not fit as in matching-aware training.
//   x low pictures, y high ones, z a condition: attributes, or (condition=identity) what a fixed phi says of a picture; z_y that of y, z' that of another picture
//   G: (X, Z) -> Y, F: Y -> X:  min  E (D_Y(G(x, z), z) - 1)^2 + E (D_X(F(y)) - 1)^2 + lambda E |F(G(x, z)) - x| + lambda E |G(F(y), z_y) - y|
//                                  + lambda_id E |phi(G(x, z)) - z|  (identity)
//   D_Y:  min  1/2 [E (D_Y(y, z_y) - 1)^2 + (1 - w) E D_Y(G(x, z), z)^2 + w E D_Y(y, z')^2] on pairs out of a history;  D_X as CycleGAN's
// D_Y must say of real pictures that a condition does not fit; else G may copy x alone. Low pictures are made of other pictures of the batch than y, by one rule; no loss
// compares a picture with its own low view. phi is trained first, on the classes of the data, and then fixed.
#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/translation.h"
#include "gan/models.h"
#include "gan/parts/condition.h"
#include "gan/parts/cycle_settings.h"
#include "gan/parts/text_training.h"
#include "gan/uses/attribute_uses.h"
#include "gan/uses/super_resolution.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {

Recipe conditional_cyclegan(const Config& c) {
  const bool large = c.data.size >= 128;
  const bool named = c.choice("condition", {"attributes", "identity"}, "what G is told: attributes, or what a network that knows the classes says of a picture") == "attributes";
  const int64_t channels = c.data.channels, factor = c.integer("reduction", c.data.size >= 64 ? 8 : 4, "sides of high pictures over those of low ones", 1, 64);
  if (c.data.size % factor) throw UsageError(text("setting reduction=", factor, ": pictures of ", c.data.size, " px are no multiple of it"));
  const bool grey = channels == 3 && c.flag("grey", true, "low pictures without colours; false in the paper");
  const CycleShape shape = read_cycle_shape(c, {.unet = false, .width = large ? 64 : 16, .blocks = large ? 0 : 2, .rate = large ? 2e-4 : 1e-3});
  const Adversarial& adv = adversarial(c.choice("objective", {"lsgan", "bce"}, "what D and G minimise"));
  const bool squares = adv.name == "lsgan";
  const double lambda = c.number("lambda", 10, "weight of the ways there and back", 0), gan = c.number("gan", 1, "weight of the discriminators' opinion", 0);
  const double unfit = c.number("mismatched", 0.5, "weight of pictures with another's condition; fakes have the rest of 1", 0, 1);
  const double lambda_id = named ? 0 : c.number("lambda_id", 1, "weight of |phi(G(x, z)) - z|", 0);
  if (c.share() == 1) throw UsageError(c.batch_words() + ": another picture's condition is taken from the batch; it must be 2 or more");

  Recipe r;
  const Attributes attributes = named ? read_attributes(c, {"red/green/blue,filled,hat"}) : Attributes();
  const Condition condition = named ? condition_by_attributes(attributes) : condition_by_identity(r, c);
  const int64_t in_x = grey ? 1 : channels, pixels = c.data.size * c.data.size * channels;
  const nn::Net G = r.net("G", shape.generator(in_x, channels, condition.length)), F = r.net("F", shape.generator(channels, in_x));
  const nn::Net DX = r.net("D_X", shape.discriminator(in_x)), DY = r.net("D_Y", shape.discriminator(channels, condition.length));
  const ImagePool pool_x = shape.pool(r, "pool_x", c, in_x), pool_y(r, "pool_y", shape.history, Shape{pixels + condition.length});
  const auto reduced = [=](const Tensor& y) { return low_view(grey ? mean(y, {3}, true) : y, factor); };

  const SharedValue z = r.shared("z", {}, [=](const Batch& b) { return shuffled(condition.of(b)); });
  const SharedValue fake_y = r.shared("G(x, z)", {G}, [=](const Batch& b) { return G(preceding(reduced(b.image())), z()); });
  const SharedValue fake_x = r.shared("F(y)", {F}, [=](const Batch& b) { return F(b.image()); });

  r.update("generators", {G, F}, shape.optim, [=](const Batch& b) -> Losses {
    const Tensor y = b.image(), x = preceding(reduced(y));
    Losses l;
    if (gan > 0) l.push_back({"adv_G", gan * full_g(adv, DY(fake_y(), z())), squares ? "E (D_Y(G(x, z), z) - 1)^2" : "E -log D_Y(G(x, z), z)"});
    if (gan > 0) l.push_back({"adv_F", gan * full_g(adv, DX(fake_x())), squares ? "E (D_X(F(y)) - 1)^2" : "E -log D_X(F(y))"});
    if (lambda > 0) l.push_back({"cycle_x", lambda * nn::l1(F(fake_y()), x), text(lambda, " E |F(G(x, z)) - x|")});
    if (lambda > 0) l.push_back({"cycle_y", lambda * nn::l1(G(fake_x(), condition.of(b)), y), text(lambda, " E |G(F(y), z_y) - y|")});
    if (lambda_id > 0) l.push_back({"identity", lambda_id * nn::l1(condition.phi(fake_y()), z()), text(lambda_id, " E |phi(G(x, z)) - z|")});
    return l;
  });
  r.update("D_Y", {DY}, shape.optim, [=](const Batch& b) -> Losses {
    const Tensor y = b.image(), own = condition.of(b);
    // A fake is kept with the z that it was made for.
    const Tensor pairs = pool_y.query(concat({cast(reshape(fake_y(), Shape{b.size, pixels}), z().dtype()), z()}, 1));
    const std::vector<Tensors> said = DY.each({{y, own}, {reshape(slice(pairs, 1, 0, pixels), y.shape()), slice(pairs, 1, pixels, pixels + condition.length)}, {y, preceding(own)}});
    const Tensor& real = said[0][0], &fake = said[1][0], &wrong = said[2][0];
    const double half = squares ? 0.5 : 1;
    const Tensor off = mean(squares ? square(wrong) : softplus(wrong), {1, 2, 3}), each_wrong = reshape(off.dtype() == DType::bf16 ? cast(off, DType::f32) : off, Shape{b.size, 1});
    const char* formulas[] = {"-E log D_Y(y, z_y)", "E log(1 - D_Y(G(x, z), z))", "E log(1 - D_Y(y, z'))"};
    return {{"real", half * (squares ? nn::mse(real, 1) : nn::bce_with_logits(real, 1)), squares ? "1/2 E (D_Y(y, z_y) - 1)^2" : formulas[0]},
            {"fake", half * (1 - unfit) * (squares ? nn::mse(fake, 0) : nn::bce_with_logits(fake, 0)), squares ? text(half * (1 - unfit), " E D_Y(G(x, z), z)^2") : text("-", 1 - unfit, " ", formulas[1])},
            {"wrong", half * unfit * mean_where(each_wrong, cast(condition.unlike(b), each_wrong.dtype())), squares ? text(half * unfit, " E D_Y(y, z')^2") : text("-", unfit, " ", formulas[2])},
            shown("D(y)", adv.shown(real), "E D_Y(y, z_y)"), shown("D(G)", adv.shown(fake), "E D_Y(G(x, z), z)"), shown("D(y, z')", adv.shown(wrong), "E D_Y(y, z')")};
  });
  r.update("D_X", {DX}, shape.optim, [=](const Batch& b) -> Losses {
    const Tensors said = DX.each({preceding(reduced(b.image())), pool_x.query(fake_x())});
    const Verdict v = adv.judge(said[0], said[1]);
    const std::string seen = formula_of(adv.d_formula, "(x)", "(F(y))");
    return {{"adv", v.loss * (squares ? 1 : 0.5), squares ? seen : text("1/2 (", seen, ")")}, shown("real", v.real, "E D(real)"), shown("fake", v.fake, "E D(fake)")};
  });

  const auto made = [=](const Tensor& picture, const Tensor& with) { return G(reduced(picture), cast(with, picture.dtype())); };
  if (named) add_attribute_uses(r, c, attributes, {.edit = [=](const Tensor& x, const Tensor&, const Tensor& to) { return made(x, coded_by_sign(to)); }, .undone = false});
  else add_identity_uses(r, c, condition, made);
  r.columns = [=, others = r.columns](const Batch& b) {
    std::vector<Column> columns = others(b);
    columns.insert(columns.begin() + 1, {"x", reduced(b.image())});
    return columns;
  };
  const auto of_others = [=](const Batch& b) { return made(b.image(), preceding(condition.of(b))); };
  r.measures.push_back(mean_measure("cycle-x", "mean |F(G(x, z)) - x| of low views x with the condition of another picture, pixels in [-1, 1]; 0 is best", [=](const Batch& b) { return mean(abs(F(of_others(b)) - reduced(b.image()))).item(); }));
  r.measures.push_back(mean_measure("consistency", "mean |low view of G(x, z) - x|, z of another picture, pixels in [-1, 1]; 0 is best", [=](const Batch& b) { return mean(abs(reduced(of_others(b)) - reduced(b.image()))).item(); }));
  r.measures.push_back({"matching", "share of test pictures to which D_Y gives a higher score with their own condition than with another one; 1 is best", [=](const Evaluation& e) {
    double right = 0, of = 0;
    e.each_batch([&](const Batch& b) {
      const Tensor own = condition.of(b), counted = condition.unlike(b);
      const auto score = [&](const Tensor& with) { return reshape(cast(mean(DY(b.image(), with), {1, 2, 3}), DType::f32), Shape{b.size, 1}); };
      right += sum(greater(score(own), score(preceding(own))) * counted).item(), of += sum(counted).item();
    });
    return of > 0 ? right / of : std::nan("");
  }});
  return r;
}

}  // namespace ganymede
