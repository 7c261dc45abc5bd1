// WGAN-GP. Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville: Improved Training of Wasserstein GANs, NIPS 2017, arXiv 1704.00028.
//   critic:  min  E f(G(z)) - E f(x) + lambda E (|grad f(x^)| - 1)^2,   x^ = a x + (1 - a) G(z), a ~ U(0, 1) a sample
//   G:       min  -E f(G(z))
//   With classes (resnet):  critic + CE(class(x), y)        G + 0.1 CE(class(G(z, c)), c), c drawn, G's batch norm by class
// The penalty keeps the critic 1-Lipschitz between real and fake; its gradient needs the derivative of a derivative. Five
// critic steps an iteration, each on new pictures and new noise; no batch norm in the critic, whose samples must not mix.
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/classes.h"
#include "gan/losses/penalty.h"
#include "gan/models.h"
#include "gan/nets/perceptron.h"
#include "gan/nets/wgan_gp.h"
#include "gan/uses/point_measures.h"
#include "nn/losses.h"

namespace ganymede {

Recipe wgan_gp(const Config& c) {
  const bool points = c.data.dimensions > 0;
  const std::string architecture = points ? "mlp" : c.choice("architecture", {"dcgan", "resnet", "resnet64"},
                                            "DCGAN-like with kernels of 5; the residual blocks of CIFAR-10; those of 64 x 64, with layer norm in the critic");
  const bool dcgan = architecture == "dcgan", residual = architecture == "resnet";
  nets::WganGpSize s;
  s.size = int(c.data.size), s.channels = int(c.data.channels);
  s.width = int(c.integer("width", points ? 128 : 64, "channels next to the picture (dcgan, resnet64) or everywhere (resnet); hidden units for points", 1, 4096));
  s.latent = int(c.integer("latent", points ? 16 : 128, "length of z", 1, 65536));
  const Adversarial& adv = adversarial(c.choice("objective", objectives("wgan-gp"), "what the critic and G minimise"));
  const bool penalised = adv.name == "wgan-gp";
  const double lambda = !penalised ? 0 : c.number("gp", points ? 0.1 : 10, "weight of the gradient penalty", 0);
  const double clip = adv.name == "wgan" ? c.number("clip", points ? 0.1 : 0.01, "bound on the critic's weights", 1e-12) : 0;
  s.spectral = residual && c.flag("spectral_norm", false, "divide the critic's weights by their largest singular value");
  const int critic_steps = int(c.integer("critic_steps", adv.critic ? 5 : 1, "steps of the critic an iteration", 1, 1000));
  const double rate = c.number("rate", points ? 1e-3 : residual ? 2e-4 : 1e-4, "learning rate", 0);
  const double beta1 = c.number("beta1", dcgan || points ? 0.5 : 0, "Adam", 0, 0.999999), beta2 = c.number("beta2", 0.9, "Adam", 0, 0.999999);
  const int64_t decay = c.integer("decay_steps", residual ? 100000 : 0, "iterations over which the rate falls to 0; 0: constant", 0);

  const int64_t more = c.integer("generator_batches", residual ? 2 : 1, "pictures of a step of G, as a multiple of the batch", 1, 1024);
  const bool dequantise = !points && c.flag("dequantise", residual, "real pictures as (byte + noise in [0, 1)) / 128 - 1, so that their values are not discrete");

  const bool by_class = residual && c.choice("classes", {"none", "ac"}, "ac: G draws by class, and the critic's second head says the class") == "ac";
  const double real_weight = by_class ? c.number("class_weight_critic", 1, "weight of the classes of real pictures", 0) : 0;
  const double fake_weight = by_class ? c.number("class_weight_g", 0.1, "weight of the classes of G's pictures", 0) : 0;
  if (by_class && c.data.classes < 2) throw UsageError("setting classes=ac: these data have no classes");
  s.classes = by_class ? int(c.data.classes) : 0;

  Recipe r;
  const nn::Net G = r.net("G", points ? nets::perceptron({.in = s.latent, .width = s.width, .out = int(c.data.dimensions)}) : dcgan ? nets::wgan_gp_generator(s) : residual ? nets::resnet_generator(s) : nets::resnet64_generator(s));
  const nn::Net f = r.net("critic", points ? nets::perceptron({.in = int(c.data.dimensions), .width = s.width}) : dcgan ? nets::wgan_gp_critic(s) : residual ? nets::resnet_critic(s) : nets::resnet64_critic(s));
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  const auto labels = [=](int64_t n) { return by_class ? random_integers({n}, s.classes) : Tensor{}; };
  const auto generate = [=](const Tensor& z, const Tensor& y) { return by_class ? G(z, y) : G(z); };
  // The networks of 28 x 28 work on pixels in [0, 1].
  const bool unit_pixels = dcgan && s.size == 28;
  const auto real = [=](const Batch& x) {
    if (points) return x["point"];
    if (dequantise) {
      // From byte / 127.5 - 1 to byte / 128 - 1, and the noise.
      const Tensor noisy = x.image() * (127.5 / 128) - (1 - 127.5 / 128) + uniform(x.image().shape(), 0, 1.0 / 128);
      return unit_pixels ? noisy * 0.5 + 0.5 : noisy;
    }
    return unit_pixels ? x.image() * 0.5 + 0.5 : x.image();
  };
  const auto adam = [&](int steps) {
    const nn::Optim o = nn::adam(rate, beta1, beta2);
    return decay ? o.with(nn::linear_decay(0, decay * steps)) : o;
  };

  r.update("critic", {f}, clip > 0 ? adam(critic_steps).clipped(clip) : adam(critic_steps), [=](const Batch& x) -> Losses {
    const Tensor image = real(x), z = noise(x.size), y = generate(z, labels(x.size));
    Tensor on_real, on_fake;
    Tensors said;
    if (by_class) {
      on_fake = f(y), said = f(Tensors{image}), on_real = said[0];
    } else {
      const Tensors of_both = f.each({y, image});
      on_fake = of_both[0], on_real = of_both[1];
    }
    const Tensor norms = penalised ? gradient_norms(f, image, y) : Tensor{};
    const Verdict v = adv.judge(on_real, on_fake);
    Losses l{{"adv", v.loss, adv.d_formula}};
    if (penalised) l.push_back({"gp", lambda * nn::mse(norms, 1), text(lambda, " E (|grad f(x^)| - 1)^2")});
    l.push_back(shown("real", v.real, penalised ? "E f(x)" : "E D(x)")), l.push_back(shown("fake", v.fake, penalised ? "E f(G(z))" : "E D(G(z))"));
    if (penalised) l.push_back(shown("norm", mean(norms), "E |grad f(x^)|"));
    if (by_class) {
      l.push_back({"class", real_weight * class_loss(said[1], x["label"]), text(real_weight, " CE(class(x), y)")});
      l.push_back(shown("right", class_accuracy(said[1], x["label"]), "share of real pictures whose class is right"));
    }
    return l;
  }).times(critic_steps);
  r.update("G", {G}, adam(1), [=](const Batch& x) -> Losses {
    const Tensor z = noise(more * x.size), y = labels(more * x.size);
    const Tensors said = f(Tensors{generate(z, y)});
    Losses l{{"adv", adv.g(said[0]), adv.g_formula}};
    if (by_class) {
      l.push_back({"class", fake_weight * class_loss(said[1], y), text(fake_weight, " CE(class(G(z, c)), c)")});
      l.push_back(shown("right", class_accuracy(said[1], y), "share of fakes whose class the critic believes"));
    }
    return l;
  });
  if (adv.critic) r.without_gradient = {by_class ? "critic.score.bias" : points ? "critic.linear3.bias" : "critic.linear1.bias"};
  r.latent = {.length = s.latent, .classes = s.classes, .draw = noise};
  r.latent.decode = [=](const Tensor& z, const Tensor& y) { return unit_pixels ? G(z) * 2.0 - 1.0 : generate(z, y); };
  if (points) r.field = {"f(x)", [=](const Tensor& x) { return f(x); }};
  if (points && c.data.dimensions == 1) r.measures = line_moments(r.latent);
  return r;
}

}  // namespace ganymede
