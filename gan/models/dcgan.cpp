// DCGAN. Radford, Metz, Chintala: Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
// Networks, ICLR 2016, arXiv 1511.06434.
//   D:  min  -E log D(x) - E log(1 - D(G(z)))        G:  min  -E log D(G(z))
// An all-convolutional pair: strided convolutions, batch norm, ReLU in G, leaky ReLU 0.2 in D, weights from normal(0, 0.02),
// Adam with beta1 0.5. Real and fake go through D as batches of their own. The generator's forward pass is shared by both
// updates; D judges the same fakes again after its step.
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/penalty.h"
#include "gan/models.h"
#include "gan/nets/dcgan.h"

namespace ganymede {

Recipe dcgan(const Config& c) {
  const Adversarial& adv = adversarial(c.choice("objective", objectives("bce"), "what D and G minimise"));
  const bool critic = adv.critic, penalised = adv.name == "wgan-gp", clipped = adv.name == "wgan";
  nets::DcganSize s;
  s.size = int(c.data.size), s.channels = int(c.data.channels);
  s.width = int(c.integer("width", 64, "channels next to the picture (128 in the paper's drawing)", 1, 4096));
  s.latent = int(c.integer("latent", 100, "length of z", 1, 65536));
  s.paper = c.choice("variant", {"torch", "paper"}, "kernels of 4 as the authors' Torch code, or of 5 as the paper's drawing") == "paper";
  const bool normal = c.choice("prior", {"normal", "uniform"}, "distribution of z") == "normal";
  const double rate = c.number("rate", clipped ? 5e-5 : critic ? 1e-4 : 2e-4, "learning rate", 0);
  const double beta1 = clipped ? 0 : c.number("beta1", penalised ? 0 : 0.5, "Adam", 0, 0.999999);
  const double clip = clipped ? c.number("clip", 0.01, "bound on D's weights", 1e-12) : 0;
  const double gp = penalised ? c.number("gp", 10, "weight of the gradient penalty", 0) : 0;
  const int critic_steps = int(c.integer("critic_steps", critic ? 5 : 1, "steps of D an iteration", 1, 1000));
  const double decay = c.number("weight_decay", 0, "L2 added to the gradient", 0);
  s.norm = c.flag("batch_norm", true, "batch norm in G, and in D where it is no critic and has no spectral norm");

  Recipe r;
  const nn::Net G = r.net("G", nets::dcgan_generator(s));
  s.spectral = c.flag("spectral_norm", false, "divide D's weights by their largest singular value, instead of batch norm in D");
  s.norm = s.norm && !critic && !s.spectral;
  const nn::Net D = r.net("D", nets::dcgan_discriminator(s));
  const auto noise = [=](int64_t n) { return normal ? randn({n, s.latent}) : uniform({n, s.latent}, -1, 1); };
  const nn::Optim optim = (clipped ? nn::rmsprop(rate) : nn::adam(rate, beta1, penalised ? 0.9 : 0.999)).decay(decay);

  // A critic takes several steps, each on fakes of its own, so only single steps share the generator's pass.
  const bool share = critic_steps == 1;
  const SharedValue shared = share ? r.shared("fake", {G}, [=](const Batch& x) { return G(noise(x.size)); }) : SharedValue{};
  const auto fake = [=](const Batch& x) { return share ? shared() : G(noise(x.size)); };

  r.update("D", {D}, clipped ? optim.clipped(clip) : optim, [=](const Batch& x) -> Losses {
    const Tensor y = fake(x);
    const Tensors said = D.each({x.image(), y});
    const Verdict v = adv.judge(said[0], said[1]);
    Losses l{{"adv", v.loss, adv.d_formula}, shown("real", v.real, "E D(x)"), shown("fake", v.fake, "E D(G(z))")};
    if (penalised) l.push_back({"gp", gp * gradient_penalty(D, x.image(), y), text(gp, " E (|grad f(x^)| - 1)^2")});
    return l;
  }).times(critic_steps);
  r.update("G", {G}, optim, [=](const Batch& x) -> Losses { return {{"adv", adv.g(D(fake(x))), adv.g_formula}}; });
  r.latent = {.length = s.latent, .draw = noise, .decode = [=](const Tensor& z, const Tensor&) { return G(z); }, .normal = normal};
  r.average = c.number("ema", 0, "decay of an average of G's weights to sample from; 0: none", 0, 0.999999);
  r.averaged = {G};
  return r;
}

}  // namespace ganymede
