// StarGAN. Choi, Choi, Kim, Ha, Kim, Choo: StarGAN: Unified Generative Adversarial Networks for Multi-Domain Image-to-Image Translation,
// CVPR 2018, arXiv 1711.09020; objective, shuffled labels and sums over attributes as in the authors' code.
//   D:  min  E D_src(G(x, c)) - E D_src(x) + lambda_gp E (|grad D_src(x^)| - 1)^2 + lambda_cls L_cls(D_cls(x), c')
//   G:  min  -E D_src(G(x, c)) + lambda_cls L_cls(D_cls(G(x, c)), c) + lambda_rec E |x - G(G(x, c), c')|
// c' are the attributes that x has, c those of another picture of the batch. L_cls is the sum over attributes of the cross entropy of each, softmax
// cross entropy where they exclude one another. G moves once in critic_steps iterations, on the last D's batch and target.
#include <cmath>

#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/penalty.h"
#include "gan/models.h"
#include "gan/nets/stargan.h"
#include "gan/uses/attribute_uses.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {

Recipe stargan(const Config& c) {
  if (c.data.size % 4) throw UsageError(text("pictures of ", c.data.size, " px: StarGAN takes sides that are multiples of 4; set --size"));
  const Attributes attributes = read_attributes(c, {"Black_Hair/Blond_Hair/Brown_Hair,Male,Young", "red/green/blue,filled,large"});
  const bool large = c.data.size >= 128;
  nets::StarganShape s{.channels = int(c.data.channels), .attributes = int(attributes.count()), .size = int(c.data.size)};
  s.width = int(c.integer("width", large ? 64 : 16, "G's channels next to the picture", 1, 4096));
  s.blocks = int(c.integer("blocks", large ? 6 : 2, "residual blocks of G", 1, 100));
  nets::StarganShape d = s;
  d.width = int(c.integer("d_width", large ? 64 : 16, "D's channels next to the picture", 1, 4096));
  int most = 0;
  while (c.data.size % (2 << most) == 0 && c.data.size >> most > 2 && most < 6) ++most;
  d.halvings = int(c.integer("d_layers", most, "halvings of D", 1, 10));
  const double cls = c.number("lambda_cls", 1, "weight of the attributes' cross entropy", 0), rec = c.number("lambda_rec", 10, "weight of |x - the way there and back|", 0);
  const double gp = c.number("lambda_gp", 10, "weight of the gradient penalty", 0);
  const int critic_steps = int(c.integer("critic_steps", large ? 5 : 2, "iterations, each a step of D, for one step of G", 1, 1000));
  const double part = c.number("constant_part", 0.5, "part of the run after which the rate falls linearly to 0", 0, 1);
  const nn::Optim adam = nn::adam(c.number("rate", large ? 1e-4 : 1e-3, "learning rate", 0), c.number("beta1", 0.5, "Adam", 0, 0.999999));
  // G's schedule counts its own steps.
  const auto falling = [&](int every) {
    if (!c.steps || part >= 1) return adam;
    return adam.with(nn::linear_decay(int64_t(part * double(c.steps)) / every, std::max<int64_t>(1, c.steps / every)));
  };

  Recipe r;
  const nn::Net G = r.net("G", nets::stargan_generator(s)), D = r.net("D", nets::stargan_discriminator(d));
  const Adversarial& adv = adversarial("wgan-gp");
  const SharedValue target = r.shared("c", {}, [=](const Batch& b) { return shuffled(attributes.of(b)); });

  r.update("D", {D}, falling(1), [=](const Batch& b) -> Losses {
    const Tensor fake = G(b.image(), target());
    const std::vector<Tensors> said = D.each({Tensors{b.image()}, Tensors{fake}});
    const Verdict v = adv.judge(said[0][0], said[1][0]);
    const Tensor norms = gradient_norms(D, b.image(), fake);
    return {{"adv", v.loss, "E D_src(G(x, c)) - E D_src(x)"},
            {"gp", gp * nn::mse(norms, 1), text(gp, " E (|grad D_src(x^)| - 1)^2")},
            {"attributes", cls * attributes.loss(said[0][1], attributes.of(b)), text(cls, " L_cls(D_cls(x), c')")},
            shown("real", v.real, "E D_src(x)"), shown("fake", v.fake, "E D_src(G(x, c))"), shown("norm", mean(norms), "E |grad D_src(x^)|")};
  });
  r.update("G", {G}, falling(critic_steps), [=](const Batch& b) -> Losses {
    const Tensor fake = G(b.image(), target());
    const Tensors said = D(Tensors{fake});
    return {{"adv", adv.g(said[0]), "-E D_src(G(x, c))"},
            {"attributes", cls * attributes.loss(said[1], target()), text(cls, " L_cls(D_cls(G(x, c)), c)")},
            {"back", rec * nn::l1(G(fake, attributes.of(b)), b.image()), text(rec, " E |x - G(G(x, c), c')|")}};
  }).every(critic_steps);

  add_attribute_uses(r, c, attributes, {[=](const Tensor& x, const Tensor&, const Tensor& to) { return G(x, cast(to, x.dtype())); }, [=](const Tensor& x) { return D(Tensors{x})[1]; }});
  return r;
}

}  // namespace ganymede
