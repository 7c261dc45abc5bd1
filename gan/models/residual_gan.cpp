// Residual-GAN. Shen, Liu: Learning Residual Images for Face Attribute Manipulation, CVPR 2017, arXiv 1612.05363.
//   x0 has not the attribute, x1 has; x~0 = x0 + G0(x0) is to have it, x~1 = x1 + G1(x1) not. D tells three classes: 0 without, 1 with, 2 made. CE(., k) = -E log D_k
//   D:   min  CE(x0, 0) + CE(x1, 1) + CE(x~0, 2) + CE(x~1, 2)
//   G0:  min  CE(x~0, 1) + CE(x~0 + G1(x~0), 0) + alpha E |G0(x0)| + beta E |phi(x0) - phi(x~0)|;   G1: likewise, of 1 and 0
// phi is an activation inside D. The way back is judged by its class alone, not pixel by pixel; by it each network learns from the other. Means stand where the
// paper has sums over a picture: its weight of 5e-5 is 2.46 of a mean over 128 x 128 x 3, and that of phi, a tenth of it, 0.16 of a mean over 8 x 8 x 512.
#include <cmath>

#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/residual_gan.h"
#include "gan/uses/attribute_uses.h"
#include "gan/uses/latent_tasks.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

enum Class : int64_t { without = 0, with = 1, made = 2 };

// -E log softmax(logits)[k].
Tensor misses(const Tensor& logits, Class k) {
  return mean(slice(log_softmax(logits.dtype() == DType::bf16 ? cast(logits, DType::f32) : logits), 1, k, k + 1)) * -1.0;
}
Tensor share(const Tensor& logits, Class k) { return mean(slice(one_hot(argmax(logits.constant(), 1), 3), 1, k, k + 1)); }

}  // namespace

Recipe residual_gan(const Config& c) {
  if (c.data.attributes.size() != 1) throw UsageError(text("these data have ", c.data.attributes.size(), " attributes: one is to be edited, from two sides; try --data sides:ATTRIBUTE,DATA"));
  const bool large = c.data.size >= 128;
  nets::ResidualGanShape s{.size = int(c.data.size), .channels = int(c.data.channels)};
  s.width = int(c.integer("width", large ? 64 : 16, "channels next to the picture", 1, 4096));
  s.features = int(c.integer("features", large ? 3 : 2, "halving of D whose activation is phi", 1, 10));
  const double alpha = c.number("alpha", large ? 2.46 : 8, "weight of mean |residual|", 0), beta = c.number("beta", 0.16, "weight of mean |phi(x) - phi(x + residual)|", 0);
  const double dual = c.number("dual", 1, "weight of the class of the way back", 0);
  const bool joint = dual > 0 && c.flag("joint", true, "the class of the way back moves both networks; false: only that of the way there");
  const nn::Optim adam = nn::adam(c.number("rate", large ? 2e-4 : 5e-4, "learning rate", 0), c.number("beta1", 0.5, "Adam", 0, 0.999999));

  Recipe r;
  const nn::Net G0 = r.net("G0", nets::residual_transformation(s)), G1 = r.net("G1", nets::residual_transformation(s)), D = r.net("D", nets::residual_discriminator(s));
  const auto there = [=](const nn::Net& G, const Tensor& x) { return x + G(x); };

  r.update("D", {D}, adam, [=](const Batch& b) -> Losses {
    const std::vector<Tensors> said = D.each({Tensors{b["b"]}, Tensors{b["a"]}, Tensors{there(G0, b["b"])}, Tensors{there(G1, b["a"])}});
    return {{"without", misses(said[0][0], without), "CE(x0, 0)"}, {"with", misses(said[1][0], with), "CE(x1, 1)"},
            {"made", misses(said[2][0], made) + misses(said[3][0], made), "CE(x~0, 2) + CE(x~1, 2)"},
            shown("right", 0.25 * (share(said[0][0], without) + share(said[1][0], with) + share(said[2][0], made) + share(said[3][0], made)), "share that D tells right")};
  });
  // The terms of one network; `back` is the other one.
  const auto terms = [=](const nn::Net& G, const nn::Net& back, const Tensor& x, Class from, Class to, const std::string& end) {
    const Tensor residual = G(x), y = x + residual;
    const std::vector<Tensors> said = D.each({Tensors{x}, Tensors{y}});
    Losses l{{"adv" + end, misses(said[1][0], to), text("CE(x~", end, ", ", int64_t(to), ")")}};
    if (dual > 0) l.push_back({"dual" + end, dual * misses(D(Tensors{there(back, y)})[0], from), text(dual, " CE(x~", end, " + G", 1 - from, "(x~", end, "), ", int64_t(from), ")")});
    if (alpha > 0) l.push_back({"sparse" + end, alpha * mean(abs(residual)), text(alpha, " E |G", end, "(x", end, ")|")});
    if (beta > 0) l.push_back({"features" + end, beta * nn::l1(said[1][1], said[0][1]), text(beta, " E |phi(x", end, ") - phi(x~", end, ")|")});
    return l;
  };
  const auto of0 = [=](const Batch& b) { return terms(G0, G1, b["b"], without, with, "0"); };
  const auto of1 = [=](const Batch& b) { return terms(G1, G0, b["a"], with, without, "1"); };
  if (joint) {
    r.update("G", {G0, G1}, adam, [=](const Batch& b) -> Losses {
      Losses all = of0(b);
      for (Term& t : of1(b)) all.push_back(std::move(t));
      return all;
    });
  } else {
    r.update("G0", {G0}, adam, of0);
    r.update("G1", {G1}, adam, of1);
  }

  const Attributes attributes(c.data.attributes[0], c.data.attributes);
  // What is added to pictures with `from` so that they have `to`; more or less of it in between and beyond.
  const auto residual = [=](const Tensor& x, const Tensor& from, const Tensor& to) {
    const Tensor change = reshape(cast(to - from, x.dtype()), Shape{x.dim(0), 1, 1, 1});
    return relu(change) * G0(x) + relu(-change) * G1(x);
  };
  const auto seen = [=](const Tensor& x) {
    const Tensor said = D(Tensors{x})[0];
    return slice(said, 1, with, with + 1) - slice(said, 1, without, without + 1);
  };
  add_attribute_uses(r, c, attributes, {[=](const Tensor& x, const Tensor& from, const Tensor& to) { return clamp(x + residual(x, from, to), -1, 1); }, seen});
  const auto turned = [=](const Batch& b) {
    const Tensor y = attributes.of(b);
    return residual(b.image(), y, 1.0 - y);
  };
  r.columns = [=](const Batch& b) {
    const Tensor added = turned(b);
    return std::vector<Column>{{"picture", b.image()}, {"half of it", 0.5 * added}, {"edited", clamp(b.image() + added, -1, 1)}};
  };
  r.measures.push_back({"inside", "share of what edits change that lies where the attribute is or would be; 1 is best; of data that say where", [=, name = c.data.attributes[0]](const Evaluation& e) {
                          double inside = 0, all = 0;
                          e.each_batch([&](const Batch& b) {
                            const auto place = b.fields.find(name);
                            if (place == b.fields.end()) return;
                            const Tensor size = abs(turned(b));
                            inside += sum(size * place->second).item(), all += sum(size).item();
                          });
                          return all > 0 ? inside / all : std::nan("");
                        }});
  r.tasks.push_back({"residual", "PICTURE...", "half of what is added to each picture to turn its attribute over, grey where nothing is", 1, 1 << 20, [=, facts = c.data](const TaskInput& in) {
                       Results results;
                       for (const NamedPicture& p : in.pictures) {
                         const Tensor x = as_input(p.picture, facts), from = attributes.decided(seen(x));
                         results.add(p.name, 0.5 * residual(x, from, 1.0 - from));
                       }
                       return results.take();
                     }});
  return r;
}

}  // namespace ganymede
