#include "gan/singan/training.h"

#include "engine/check.h"
#include "engine/ops.h"
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

  const SharedValue noise = r.shared("noise", {}, [=](const Batch& x) { return pyramid->noise(i, x.size); });
  SharedValue rec_noise;
  if (i == 0 && how.redraw)
    rec_noise = r.shared("z*", {}, [=](const Batch&) {
      assign(pyramid->z_star, pyramid->noise(0, 1));
      return pyramid->z_star;
    });
  // What D's last step drew; every iteration writes it before G reads it.
  const auto drawn = std::make_shared<Tensor>();
  const auto generate = [=](const Tensor& z, const Tensor& before) { return pyramid->pass(i, G, z, before); };

  r.update("D", {D}, adam(how.critic_steps), [=](const Batch& x) -> Losses {
    const Tensor before = alter(pyramid->before(i, x.size));
    if (before && !*drawn) *drawn = Tensor(before.shape(), before.dtype(), before.device());
    if (before) assign(*drawn, before);
    const Tensor fake = generate(noise(), before), real = broadcast_to(s.real, fake.shape());
    const Tensor between = add(fake, mul(pyramid->draws.uniform({x.size, 1, 1, 1}), sub(real, fake)));
    const Tensor on_real = D(s.real), on_fake = D(fake);
    return {{"adv", wasserstein.d(on_real, on_fake), wasserstein.d_formula},
            {"gp", lambda * penalty_at(D, between, 1, NormOver::pixel), text(lambda, " E (|grad D(u)| - 1)^2, a pixel")},
            shown("real", mean(on_real), "E D(x)"), shown("fake", mean(on_fake), "E D(fake)")};
  }).times(how.critic_steps);
  r.update("G", {G}, adam(how.generator_steps), [=](const Batch&) -> Losses {
    Losses l{{"adv", wasserstein.g(D(generate(noise(), *drawn))), wasserstein.g_formula}};
    if (alpha == 0) return l;
    const Tensor made = generate(i ? Tensor{} : pyramid->z_star, i ? alter(s.before) : Tensor{});
    l.push_back({"rec", alpha * nn::mse(made, s.real), text(alpha, " E (G(z*) - x)^2")});
    return l;
  }).times(how.generator_steps);
}

}  // namespace ganymede::singan
