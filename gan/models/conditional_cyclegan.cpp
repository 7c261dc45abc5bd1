// Conditional CycleGAN. Lu, Tai, Tang: Attribute-Guided Face Generation Using Conditional CycleGAN, ECCV 2018, arXiv 1705.09966; least squares and a history of
// fakes as in CycleGAN, pairs that do not fit as in matching-aware training.
//   x low pictures, y high ones, z a condition: attributes, or (condition=identity) what a fixed phi says of a picture; z_y that of y, z' that of another picture
//   G: (X, Z) -> Y, F: Y -> X:  min  E (D_Y(G(x, z), z) - 1)^2 + E (D_X(F(y)) - 1)^2 + lambda E |F(G(x, z)) - x| + lambda E |G(F(y), z_y) - y|
//                                  + lambda_id E |phi(G(x, z)) - z|  (identity)
//   D_Y:  min  1/2 [E (D_Y(y, z_y) - 1)^2 + (1 - w) E D_Y(G(x, z), z)^2 + w E D_Y(y, z')^2] on pairs out of a history;  D_X as CycleGAN's
// D_Y must say of real pictures that a condition does not fit; else G may copy x alone. Low pictures are made of other pictures of the batch than y, by one rule; no loss
// compares a picture with its own low view. phi is trained first, on the classes of the data, and then frozen.
#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/attribute_uses.h"
#include "gan/cycle_settings.h"
#include "gan/latent_tasks.h"
#include "gan/losses/classes.h"
#include "gan/losses/translation.h"
#include "gan/models.h"
#include "gan/nets/dcgan.h"
#include "gan/super_resolution.h"
#include "gan/text_training.h"
#include "gan/translate.h"
#include "nn/layers.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

// What G is told of the picture that it is to make.
struct Condition {
  int64_t length = 0;
  std::function<Tensor(const Batch& b)> of = {};        // z of the batch's pictures [n, length]
  std::function<Tensor(const Batch& b)> unlike = {};    // [n, 1]: 1 where the picture before has another one
  std::function<Tensor(const Tensor& x)> phi = {};      // of pictures [n, H, W, C] in [-1, 1], differentiable; none of attributes
};

Tensor before(const Tensor& x) { return roll(x, 1, 0); }

// -1 and 1: planes of 0 would say nothing.
Tensor coded(const Tensor& attributes) { return 2.0 * attributes - 1.0; }

Condition by_attributes(const Attributes& a) {
  return {a.count(), [=](const Batch& b) { return coded(a.of(b)); },
          [=](const Batch& b) {
            const Tensor y = a.of(b);
            return 1.0 - min(equal(y, before(y)), {1}, true);
          }};
}

// A stage that trains phi and a linear layer behind it to name the classes. Features have a root mean square of 1, so that L1 between them has a scale.
Condition by_identity(Recipe& r, const Config& c) {
  if (c.data.classes < 2) throw UsageError("setting condition=identity: features are learned from classes, and these data have none; try --data shapes:single,label=both");
  const int64_t features = c.integer("features", 64, "length of the features of an identity; 256 in the paper", 2, 65536);
  const int width = int(c.integer("phi_width", 24, "channels next to the picture of the network whose features are an identity", 1, 4096));
  const int64_t steps = c.integer("identity_steps", c.steps > 0 ? c.steps / 5 : 1000, "iterations that train those features on the classes, before all others; 0: none", 0);
  if (c.steps > 0 && steps >= c.steps) throw UsageError(text("setting identity_steps=", steps, ": the run has ", c.steps, " iterations, so none remain for the GAN; set more --steps"));
  const nn::Net net = r.net("phi", nets::dcgan_encoder({.size = int(c.data.size), .channels = int(c.data.channels), .width = width, .latent = int(features)}));
  const auto unit = [](const Tensor& v) { return v * rsqrt(mean(square(v), {1}, true) + 1e-8); };
  if (steps > 0) {
    const nn::Net who = r.net("who", nn::sequential({nn::linear(int(features), int(c.data.classes))}));
    r.stage("identity", steps);
    r.update("phi", {net, who}, nn::adam(c.number("phi_rate", 1e-3, "learning rate of the features", 0)), [=](const Batch& b) -> Losses {
      const Tensor said = who(unit(net(b.image())));
      return {{"class", class_loss(said, b["label"]), "-E log p(class | phi(y))"}, shown("right", class_accuracy(said, b["label"]), "share of pictures whose class is found")};
    });
    r.stage("GAN", 0);
  }
  const auto phi = [=](const Tensor& x) { return unit(net.infer(x)); };
  return {features, [=](const Batch& b) { return phi(b.image()).constant(); },
          [](const Batch& b) {
            const Tensor label = reshape(cast(b["label"], DType::f32), Shape{b.size, 1});
            return 1.0 - equal(label, before(label));
          },
          phi};
}

// The columns, task and measures of identities; made(x, z): the high picture of low ones.
void add_identity_uses(Recipe& r, const Config& c, const Condition& z, const std::function<Tensor(const Tensor& picture, const Tensor& z)>& made) {
  r.sample = [=](int64_t n, const Batch& b) { return made(b.image().rows(0, n), before(z.of(b).rows(0, n))); };
  r.columns = [=](const Batch& b) {
    return std::vector<Column>{{"picture", b.image()}, {"as it is", made(b.image(), z.of(b))}, {"another", before(b.image())}, {"as that one", made(b.image(), before(z.of(b)))}};
  };
  r.tasks.push_back({"identity", "WHO PICTURE...", "the pictures, reduced, with the identity of the first one: what it shows in their places", 2, 1 << 20, [=, facts = c.data](const TaskInput& in) {
    const Tensor who = z.phi(as_input(in.pictures[0].picture, facts));
    Results results;
    for (size_t i = 1; i < in.pictures.size(); ++i) results.add(in.pictures[i].name, made(as_input(in.pictures[i].picture, facts), who));
    return results.take();
  }});
  r.maps.push_back({"identity", "the pictures, reduced, with the features z", [=](const Tensor& x, const Tensors& v) { return made(x, v[0]); }, c.data.channels, 1, {{"z", z.length}}});
  r.measures.push_back({"nearer", "share of pictures made for the features of another picture whose own features are nearer (L1) to these than to those of the picture that gave its low view, of other classes; 1 is best", [=](const Evaluation& e) {
    double right = 0, of = 0;
    e.each_batch([&](const Batch& b) {
      const Tensor own = z.of(b), other = before(own), got = z.phi(made(b.image(), other)), counted = z.unlike(b);
      const auto far = [&](const Tensor& from) { return cast(mean(abs(got - from), {1}, true), DType::f32); };
      right += sum(greater(far(own), far(other)) * counted).item(), of += sum(counted).item();
    });
    return of > 0 ? right / of : std::nan("");
  }});
  r.measures.push_back({"shows-identity", "share of pictures made for the features of another picture in which a classifier that was trained apart sees its class; 1 is best", [=](const Evaluation& e) {
    if (!e.classify) return std::nan("");
    double right = 0, of = 0;
    e.each_batch([&](const Batch& b) {
      const Tensor wanted = before(cast(b["label"], DType::f32)), seen = cast(argmax(e.classify(made(b.image(), before(z.of(b)))), 1), DType::f32);
      right += sum(equal(wanted, seen)).item(), of += double(b.size);
    });
    return of > 0 ? right / of : std::nan("");
  }, true});
}

}  // namespace

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
  if (c.batch == 1) throw UsageError("--batch 1: another picture's condition is taken from the batch; it must be 2 or more");

  Recipe r;
  const Attributes attributes = named ? read_attributes(c, {"red/green/blue,filled,hat"}) : Attributes();
  const Condition condition = named ? by_attributes(attributes) : by_identity(r, c);
  const int64_t in_x = grey ? 1 : channels, pixels = c.data.size * c.data.size * channels;
  const nn::Net G = r.net("G", shape.generator(in_x, channels, condition.length)), F = r.net("F", shape.generator(channels, in_x));
  const nn::Net DX = r.net("D_X", shape.discriminator(in_x)), DY = r.net("D_Y", shape.discriminator(channels, condition.length));
  const ImagePool pool_x = shape.pool(r, "pool_x", c, in_x), pool_y(r, "pool_y", shape.history, Shape{pixels + condition.length});
  const auto reduced = [=](const Tensor& y) { return low_view(grey ? mean(y, {3}, true) : y, factor); };

  const SharedValue z = r.shared("z", {}, [=](const Batch& b) { return shuffled(condition.of(b)); });
  const SharedValue fake_y = r.shared("G(x, z)", {G}, [=](const Batch& b) { return G(before(reduced(b.image())), z()); });
  const SharedValue fake_x = r.shared("F(y)", {F}, [=](const Batch& b) { return F(b.image()); });

  r.update("generators", {G, F}, shape.optim, [=](const Batch& b) -> Losses {
    const Tensor y = b.image(), x = before(reduced(y));
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
    const std::vector<Tensors> said = DY.each({{y, own}, {reshape(slice(pairs, 1, 0, pixels), y.shape()), slice(pairs, 1, pixels, pixels + condition.length)}, {y, before(own)}});
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
    const Tensors said = DX.each({before(reduced(b.image())), pool_x.query(fake_x())});
    const Verdict v = adv.judge(said[0], said[1]);
    const std::string seen = formula_of(adv.d_formula, "(x)", "(F(y))");
    return {{"adv", v.loss * (squares ? 1 : 0.5), squares ? seen : text("1/2 (", seen, ")")}, shown("real", v.real, "E D(real)"), shown("fake", v.fake, "E D(fake)")};
  });

  const auto made = [=](const Tensor& picture, const Tensor& with) { return G(reduced(picture), cast(with, picture.dtype())); };
  if (named) add_attribute_uses(r, c, attributes, {.edit = [=](const Tensor& x, const Tensor&, const Tensor& to) { return made(x, coded(to)); }, .undone = false});
  else add_identity_uses(r, c, condition, made);
  r.columns = [=, others = r.columns](const Batch& b) {
    std::vector<Column> columns = others(b);
    columns.insert(columns.begin() + 1, {"x", reduced(b.image())});
    return columns;
  };
  const auto of_others = [=](const Batch& b) { return made(b.image(), before(condition.of(b))); };
  r.measures.push_back(mean_measure("cycle-x", "mean |F(G(x, z)) - x| of low views x with the condition of another picture, pixels in [-1, 1]; 0 is best", [=](const Batch& b) { return mean(abs(F(of_others(b)) - reduced(b.image()))).item(); }));
  r.measures.push_back(mean_measure("consistency", "mean |low view of G(x, z) - x|, z of another picture, pixels in [-1, 1]; 0 is best", [=](const Batch& b) { return mean(abs(reduced(of_others(b)) - reduced(b.image()))).item(); }));
  r.measures.push_back({"matching", "share of test pictures to which D_Y gives a higher score with their own condition than with another one; 1 is best", [=](const Evaluation& e) {
    double right = 0, of = 0;
    e.each_batch([&](const Batch& b) {
      const Tensor own = condition.of(b), counted = condition.unlike(b);
      const auto score = [&](const Tensor& with) { return reshape(cast(mean(DY(b.image(), with), {1, 2, 3}), DType::f32), Shape{b.size, 1}); };
      right += sum(greater(score(own), score(before(own))) * counted).item(), of += sum(counted).item();
    });
    return of > 0 ? right / of : std::nan("");
  }});
  return r;
}

}  // namespace ganymede
