// f-AnoGAN. Schlegl, Seeboeck, Waldstein, Langs, Schmidt-Erfurth: f-AnoGAN: Fast unsupervised anomaly detection with generative adversarial networks, Medical Image Analysis 54, 2019;
// details after the authors' code. A WGAN-GP (Gulrajani et al. 2017) learns what is normal; then an encoder E, while G and the critic f stay as they are, by
//   izi_f:  min  |x - G(E(x))|^2 / pixels + kappa |phi(x) - phi(G(E(x)))|^2 / features       phi: what the last block of f makes
//   izi:    the first term alone            ziz:  min  |z - E(G(z))|^2 / length
// G can make nothing but what is normal, so the same distance is the score of an anomaly, and the difference of the pictures shows where it is.
#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/penalty.h"
#include "gan/models.h"
#include "gan/nets/usual.h"
#include "gan/nets/wgan_gp.h"
#include "gan/uses/detection.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

// |a - b|^2 over the numbers of each sample, [n].
Tensor apart(const Tensor& a, const Tensor& b) { return mean(square(flatten(a) - flatten(b)), {1}); }

}  // namespace

Recipe f_anogan(const Config& c) {
  const bool residual = c.choice("architecture", {"dcgan", "resnet64"}, "kernels of 5 and stride 2, quick; the authors' residual blocks, with layer norm in the critic") == "resnet64";
  nets::WganGpSize s{.size = int(c.data.size), .channels = int(c.data.channels)};
  nets::doublings_of_four(s.size, "f-AnoGAN", 1);
  s.width = int(c.integer("width", 16, "channels next to the picture; the authors: 64", 1, 4096));
  s.latent = int(c.integer("latent", 64, "length of z; the authors: 128", 1, 65536));
  const int critic_steps = int(c.integer("critic_steps", 5, "steps of the critic an iteration", 1, 1000));
  const double lambda = c.number("gp", 10, "weight of the gradient penalty", 0);
  const nn::Optim adam = nn::adam(c.number("rate", 1e-4, "learning rate of G and the critic", 0), c.number("beta1", 0, "Adam", 0, 0.999999), c.number("beta2", 0.9, "Adam", 0, 0.999999));
  const std::string way = c.choice("encoder", {"izi_f", "izi", "ziz"}, "what E is trained on: pictures and what the critic sees of them, pictures alone, or codes");
  const bool codes = way == "ziz";
  const bool bounded = c.choice("code", codes ? std::vector<std::string>{"linear", "tanh"} : std::vector<std::string>{"tanh", "linear"}, "of E: in [-1, 1], or any numbers") == "tanh";
  const double kappa = way == "izi_f" ? c.number("kappa", 1, "weight of the critic's features", 0) : 0;
  const nn::Optim rmsprop = nn::rmsprop(c.number("e_rate", 5e-5, "learning rate of E, RMSprop", 0), 0.9, 1e-5);
  const int64_t first = c.integer("gan_steps", c.steps > 0 ? c.steps / 2 : 2000, "iterations that train G and the critic, before those of E", 1);
  if (c.steps > 0 && first >= c.steps) throw UsageError(text("setting gan_steps=", first, ": the run has ", c.steps, " iterations, so none remain for E; set more --steps"));

  Recipe r;
  const nn::Net G = r.net("G", residual ? nets::resnet64_generator(s) : nets::wgan_gp_generator(s)), f = r.net("critic", residual ? nets::resnet64_judge(s) : nets::wgan_gp_judge(s));
  const nn::Net E = r.net("E", residual ? nets::resnet64_encoder(s) : nets::wgan_gp_encoder(s));
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  const auto code = [=](const Tensor& said) { return bounded ? tanh(said) : said; };
  const auto features = [=](const Tensor& x) { return f(Tensors{x})[1]; };

  r.stage("GAN", first);
  r.update("critic", {f}, adam, [=](const Batch& b) -> Losses {
    const Tensor x = b.image(), y = G(noise(b.size));
    const Tensors said = f.each({y, x});
    const Tensor norms = gradient_norms(f, x, y);
    return {{"adv", mean(said[0]) - mean(said[1]), "E f(G(z)) - E f(x)"}, {"gp", lambda * nn::mse(norms, 1), text(lambda, " E (|grad f(x^)| - 1)^2")},
            shown("real", mean(said[1]), "E f(x)"), shown("fake", mean(said[0]), "E f(G(z))"), shown("norm", mean(norms), "E |grad f(x^)|")};
  }).times(critic_steps);
  r.update("G", {G}, adam, [=](const Batch& b) -> Losses { return {{"adv", -mean(f(G(noise(b.size)))), "-E f(G(z))"}}; });

  r.stage("E", 0);
  r.update("E", {E}, rmsprop, [=](const Batch& b) -> Losses {
    if (codes) {
      const Tensor z = noise(b.size);
      return {{"code", nn::mse(code(E(G.infer(z))), z), "E |z - E(G(z))|^2 for each element"}};
    }
    const Tensor x = b.image(), made = G.infer(code(E(x)));
    Losses l{{"picture", nn::mse(made, x), "E |x - G(E(x))|^2 for each element"}};
    const Tensor seen = nn::mse(features(made), features(x));
    if (kappa > 0) l.push_back({"features", kappa * seen, text(kappa, " E |phi(x) - phi(G(E(x)))|^2 for each element")});
    else l.push_back(shown("features", seen, "E |phi(x) - phi(G(E(x)))|^2 for each element"));
    return l;
  });

  r.without_gradient = {"critic.head.linear1.bias"};
  r.latent = {.length = s.latent, .draw = noise, .decode = [=](const Tensor& z, const Tensor&) { return G(z); }, .encode = [=](const Tensor& x) { return code(E(x)); }};
  const auto pictures = [](const Tensor& x, const Tensor& made) { return apart(x, made); };
  const auto seen = [=](const Tensor& x, const Tensor& made) { return apart(features(x), features(made)); };
  const Detector::Score of_pictures{"pixels", "mean square of x - G(E(x))", pictures}, of_features{"features", "mean square of phi(x) - phi(G(E(x))), phi the critic's last block", seen};
  const Detector::Score both{"score", text("that of pictures and ", kappa, " times that of features"), [=](const Tensor& x, const Tensor& made) { return pictures(x, made) + kappa * seen(x, made); }};
  Detector d{.made = [=](const Tensor& x) { return G(code(E(x))); }, .scores = {kappa > 0 ? both : of_pictures}};
  if (kappa > 0) d.scores.push_back(of_pictures);
  d.scores.push_back(of_features);
  d.scores.push_back({"code", "mean square of E(x) - E(G(E(x)))", [=](const Tensor& x, const Tensor& made) { return apart(code(E(x)), code(E(made))); }});
  d.scores.push_back({"critic", "-f(x): the critic alone, without E", [=](const Tensor& x, const Tensor&) { return reshape(-f(x), Shape{x.dim(0)}); }});
  add_detection_uses(r, c, d);
  return r;
}

}  // namespace ganymede
