// WGAN-GP. Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville: Improved Training of Wasserstein GANs, NIPS 2017, arXiv 1704.00028.
//   critic:  min  E f(G(z)) - E f(x) + lambda E (|grad f(x^)| - 1)^2,   x^ = a x + (1 - a) G(z), a ~ U(0, 1) a sample
//   G:       min  -E f(G(z))
// The penalty keeps the critic 1-Lipschitz between real and fake; its gradient needs the derivative of a derivative. Five
// critic steps an iteration, each on new pictures and new noise; no batch norm in the critic, whose samples must not mix.
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/penalty.h"
#include "gan/models.h"
#include "gan/nets/wgan_gp.h"

namespace ganymede {

Recipe wgan_gp(const Config& c) {
  const bool residual = c.choice("architecture", {"dcgan", "resnet"}, "DCGAN-like with kernels of 5, or residual blocks") == "resnet";
  nets::WganGpSize s;
  s.size = int(c.data.size), s.channels = int(c.data.channels);
  s.width = int(c.integer("width", 64, "channels next to the picture (dcgan) or everywhere (resnet)", 1, 4096));
  s.latent = int(c.integer("latent", 128, "length of z", 1, 65536));
  const double lambda = c.number("gp", 10, "weight of the gradient penalty", 0);
  const int critic_steps = int(c.integer("critic_steps", 5, "steps of the critic an iteration", 1, 1000));
  const double rate = c.number("rate", residual ? 2e-4 : 1e-4, "learning rate", 0);
  const double beta1 = c.number("beta1", residual ? 0 : 0.5, "Adam", 0, 0.999999), beta2 = c.number("beta2", 0.9, "Adam", 0, 0.999999);
  const int64_t decay = c.integer("decay_steps", residual ? 100000 : 0, "iterations over which the rate falls to 0; 0: constant", 0);

  Recipe r;
  const nn::Net G = r.net("G", residual ? nets::resnet_generator(s) : nets::wgan_gp_generator(s));
  const nn::Net f = r.net("critic", residual ? nets::resnet_critic(s) : nets::wgan_gp_critic(s));
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  const Adversarial& wasserstein = adversarial("wgan");
  const auto adam = [&](int steps) {
    const nn::Optim o = nn::adam(rate, beta1, beta2);
    return decay ? o.with(nn::linear_decay(0, decay * steps)) : o;
  };

  r.update("critic", {f}, adam(critic_steps), [=](const Batch& x) -> Losses {
    const Tensor y = G(noise(x.size)), on_real = f(x.image()), on_fake = f(y);
    return {{"adv", wasserstein.d(on_real, on_fake), wasserstein.d_formula},
            {"gp", lambda * gradient_penalty(f, x.image(), y), text(lambda, " E (|grad f(x^)| - 1)^2")},
            shown("real", mean(on_real), "E f(x)"), shown("fake", mean(on_fake), "E f(G(z))"),
            shown("slope", gradient_norm(f, x.image(), y), "E |grad f(x^)|")};
  }).times(critic_steps);
  r.update("G", {G}, adam(1), [=](const Batch& x) -> Losses { return {{"adv", wasserstein.g(f(G(noise(x.size)))), wasserstein.g_formula}}; });
  r.without_gradient = {"critic.linear1.bias"};
  r.latent = {.length = s.latent, .draw = noise, .decode = [=](const Tensor& z, const Tensor&) { return G(z); }};
  return r;
}

}  // namespace ganymede
