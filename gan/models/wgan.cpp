// WGAN. Arjovsky, Chintala, Bottou: Wasserstein GAN, ICML 2017, arXiv 1701.07875.
//   critic:  max  E f(x) - E f(G(z)),  every parameter of f kept in [-c, c] after each step        G:  min  -E f(G(z))
// The bound on the weights makes f Lipschitz, and the difference of its means an estimate, up to a factor, of the earth-mover
// distance between data and samples. RMSProp; five critic steps an iteration, and a hundred at first and now and then, so that the
// estimate is good. Real and fake go through the critic's batch norms as batches of their own.
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/models.h"
#include "gan/nets/dcgan.h"
#include "gan/nets/perceptron.h"
#include "gan/uses/point_measures.h"

namespace ganymede {

Recipe wgan(const Config& c) {
  const bool points = c.data.dimensions > 0;
  const std::string generator = points ? "mlp" : c.choice("generator", {"dcgan", "no-norm", "mlp"}, "convolutions with batch norm, without, or a perceptron of four layers");
  const std::string critic = points ? "mlp" : c.choice("critic", {"dcgan", "mlp"}, "convolutions, or a perceptron of four layers");
  nets::DcganSize s;
  s.size = int(c.data.size), s.channels = int(c.data.channels);
  const int elements = points ? int(c.data.dimensions) : s.size * s.size * s.channels;
  const bool convolutions = generator != "mlp" || critic == "dcgan", perceptrons = generator == "mlp" || critic == "mlp";
  if (convolutions) s.width = int(c.integer("width", 64, "channels next to the picture", 1, 4096));
  const int units = perceptrons ? int(c.integer(points ? "width" : "units", points ? 128 : 512, "hidden units of perceptrons", 1, 1 << 20)) : 0;
  s.latent = int(c.integer("latent", points ? 16 : 100, "length of z", 1, 65536));
  const double clip = c.number("clip", points ? 0.1 : 0.01, "bound c on the critic's parameters; 0: none, with which the estimate diverges", 0);
  const std::string rule = c.choice("optimizer", {"rmsprop", "adam"}, "RMSProp, or Adam with beta1 0.5, which the paper found unstable for the critic");
  const double rate = c.number("rate", points ? 5e-4 : 5e-5, "learning rate", 0);
  const int critic_steps = int(c.integer("critic_steps", 5, "steps of the critic an iteration", 1, 1000));
  const int warm_steps = int(c.integer("warm_critic_steps", 100, "the same in the first warm_iterations and in every one divisible by warm_every", 1, 4096));
  const int64_t warm_iterations = c.integer("warm_iterations", 25, "first iterations with more steps of the critic"), warm_every = c.integer("warm_every", 500, "0: never again");

  Recipe r;
  s.norm = generator == "dcgan";
  const int hidden = points ? 2 : 3;
  const nn::Net G = r.net("G", generator == "mlp" ? nets::perceptron({.in = s.latent, .width = units, .out = elements, .hidden = hidden}) : nets::dcgan_generator(s));
  s.norm = critic == "dcgan" && c.flag("critic_norm", true, "batch norm in the critic");
  const nn::Net f = r.net("critic", critic == "mlp" ? nets::perceptron({.in = elements, .width = units, .hidden = hidden}) : nets::dcgan_discriminator(s));
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  const Shape picture = {1, s.size, s.size, s.channels};
  const auto drawn = [=](const Tensor& z) { return generator == "mlp" && !points ? reshape(G(z), Shape{z.dim(0), picture.dim(1), picture.dim(2), picture.dim(3)}) : G(z); };
  const auto judge = [=](const Tensor& x) { return f(critic == "mlp" ? flatten(x) : x); };

  const nn::Optim optim = rule == "adam" ? nn::adam(rate, 0.5) : nn::rmsprop(rate);
  const Adversarial& wasserstein = adversarial("wgan");
  Update& update = r.update("critic", {f}, clip > 0 ? optim.clipped(clip) : optim, [=](const Batch& x) -> Losses {
    const Tensor on_real = judge(points ? x["point"] : x.image()), on_fake = judge(drawn(noise(x.size)));
    return {{"adv", wasserstein.d(on_real, on_fake), wasserstein.d_formula}, shown("distance", mean(on_real) - mean(on_fake), "E f(x) - E f(G(z)), the distance up to a factor")};
  }).times(critic_steps);
  update.and_more([=](int64_t i) { return i < warm_iterations || (warm_every > 0 && i % warm_every == 0) ? std::max(0, warm_steps - critic_steps) : 0; });
  r.update("G", {G}, optim, [=](const Batch& x) -> Losses { return {{"adv", wasserstein.g(judge(drawn(noise(x.size)))), wasserstein.g_formula}}; });
  if (critic == "mlp") r.without_gradient = {text("critic.linear", hidden + 1, ".bias")};
  r.latent = {.length = s.latent, .draw = noise, .decode = [=](const Tensor& z, const Tensor&) { return drawn(z); }};
  if (points) r.field = {"f(x)", [=](const Tensor& x) { return f(x); }};
  if (points && elements == 1) r.measures = line_moments(r.latent);
  return r;
}

}  // namespace ganymede
