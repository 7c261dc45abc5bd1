#include "gan/parts/condition.h"

#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/classes.h"
#include "gan/nets/dcgan.h"
#include "gan/uses/latent_tasks.h"
#include "gan/uses/translate.h"
#include "nn/layers.h"

namespace ganymede {

Tensor preceding(const Tensor& x) { return roll(x, 1, 0); }

Tensor coded_by_sign(const Tensor& attributes) { return 2.0 * attributes - 1.0; }

Condition condition_by_attributes(const Attributes& a) {
  return {a.count(), [=](const Batch& b) { return coded_by_sign(a.of(b)); },
          [=](const Batch& b) {
            const Tensor y = a.of(b);
            return 1.0 - min(equal(y, preceding(y)), {1}, true);
          }};
}

Condition condition_by_identity(Recipe& r, const Config& c) {
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
            return 1.0 - equal(label, preceding(label));
          },
          phi};
}

void add_identity_uses(Recipe& r, const Config& c, const Condition& z, const std::function<Tensor(const Tensor& picture, const Tensor& z)>& made) {
  r.sample = [=](int64_t n, const Batch& b) { return made(b.image().rows(0, n), preceding(z.of(b).rows(0, n))); };
  r.columns = [=](const Batch& b) {
    return std::vector<Column>{{"picture", b.image()}, {"as it is", made(b.image(), z.of(b))}, {"another", preceding(b.image())}, {"as that one", made(b.image(), preceding(z.of(b)))}};
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
      const Tensor own = z.of(b), other = preceding(own), got = z.phi(made(b.image(), other)), counted = z.unlike(b);
      const auto far = [&](const Tensor& from) { return cast(mean(abs(got - from), {1}, true), DType::f32); };
      right += sum(greater(far(own), far(other)) * counted).item(), of += sum(counted).item();
    });
    return of > 0 ? right / of : std::nan("");
  }});
  r.measures.push_back({"shows-identity", "share of pictures made for the features of another picture in which a classifier that was trained apart sees its class; 1 is best", [=](const Evaluation& e) {
    if (!e.classify) return std::nan("");
    double right = 0, of = 0;
    e.each_batch([&](const Batch& b) {
      const Tensor wanted = preceding(cast(b["label"], DType::f32)), seen = cast(argmax(e.classify(made(b.image(), preceding(z.of(b)))), 1), DType::f32);
      right += sum(equal(wanted, seen)).item(), of += double(b.size);
    });
    return of > 0 ? right / of : std::nan("");
  }, true});
}

}  // namespace ganymede
