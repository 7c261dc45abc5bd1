#include "gan/singan/training.h"

#include "engine/check.h"
#include "engine/ops.h"
#include "engine/ops/weights.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/penalty.h"
#include "nn/losses.h"

namespace ganymede::singan {

//   D:  min  -E D(x_i) + E D(fake) + 0.1 E (|grad D(u)| - 1)^2,   u between x_i and fake, |.| over the colours of each pixel
//   G:  min  -E D(fake) + 10 |G(z*_i, rec_up) - x_i|^2,           fake = G(amp_i z + x_(i-1)up) + x_(i-1)up
// The noise of scale i is one for all steps of an iteration; each step of D draws the coarser scales anew, and G's steps
// take those of D's last.
void train_scale(Recipe& r, const std::shared_ptr<Pyramid>& pyramid, int i, const nn::Net& G, const nn::Net& D, const ScaleTraining& how) {
  const Scale& s = pyramid->scales[size_t(i)];
  const Adversarial& wasserstein = adversarial("wgan");
  const auto adam = [&](int steps) { return nn::adam(how.rate, how.beta1, 0.999).with(nn::milestones({how.decay_at * steps}, 0.1)); };
  const auto alter = [f = how.alter](const Tensor& x) { return f && x ? f(x) : x; };
  const double alpha = how.reconstruction, lambda = how.penalty;

  // The first scale's generator reads the noise as it is: in the type that it multiplies in.
  const auto prepared = [=](const Tensor& z) {
    const Tensor p = pyramid->prepared(i, z);
    return i ? p : cast(p, arithmetic(p.dtype()).dtype);
  };
  const SharedValue noise = r.shared("noise", {}, [=](const Batch& x) { return prepared(pyramid->noise(i, x.size)); });
  SharedValue rec_noise;
  if (i == 0)
    rec_noise = r.shared("z*", {}, [=](const Batch&) {
      if (how.redraw) assign(pyramid->z_star, pyramid->noise(0, 1));
      return prepared(pyramid->z_star);
    });
  // What D's last step drew; every iteration writes it before G reads it.
  const auto drawn = std::make_shared<Tensor>();

  r.update("D", {D}, adam(how.critic_steps), [=](const Batch& x) -> Losses {
    const Tensor before = alter(pyramid->before(i, x.size));
    if (before && !*drawn) *drawn = Tensor(before.shape(), before.dtype(), before.device());
    if (before) assign(*drawn, before);
    const Tensor fake = pyramid->pass_prepared(G, noise(), before), real = broadcast_to(s.real, fake.shape());
    const Tensor between = mix(real, fake, pyramid->draws.uniform({x.size, 1, 1, 1}));
    const Tensors said = D.each({s.real, fake});
    const Verdict v = wasserstein.judge(said[0], said[1]);
    return {{"adv", v.loss, wasserstein.d_formula},
            {"gp", lambda * penalty_at(D, between, 1, NormOver::pixel), text(lambda, " E (|grad D(u)| - 1)^2, a pixel")},
            shown("real", v.real, "E D(x)"), shown("fake", v.fake, "E D(fake)")};
  }).times(how.critic_steps);
  r.update("G", {G}, adam(how.generator_steps), [=](const Batch&) -> Losses {
    const Tensor before = i ? alter(s.before) : Tensor{};
    Tensors inputs{pyramid->input(noise(), *drawn)};
    if (alpha > 0) inputs.push_back(pyramid->input(i ? Tensor{} : rec_noise(), before));
    const Tensors residuals = G.each(inputs);
    Losses l{{"adv", wasserstein.g(D(Pyramid::onto(*drawn, residuals[0]))), wasserstein.g_formula}};
    if (alpha > 0) l.push_back({"rec", alpha * nn::mse(Pyramid::onto(before, residuals[1]), s.real), text(alpha, " E (G(z*) - x)^2")});
    return l;
  }).times(how.generator_steps);
}

}  // namespace ganymede::singan
