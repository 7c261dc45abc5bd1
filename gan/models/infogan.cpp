// InfoGAN. Chen, Duan, Houthooft, Schulman, Sutskever, Abbeel: Interpretable Representation Learning by Information Maximizing
// Generative Adversarial Nets, NIPS 2016, arXiv 1606.03657.
//   L_I = E log Q(c | G(z, c)) + H(c), a lower bound of the information between the codes c and the picture
//   D, Q:  min  -E log D(x) - E log(1 - D(G(z, c))) - lambda L_I        G:  min  -E log D(G(z, c)) - lambda L_I
// Part of G's input is codes, categorical and continuous; Q, a second head of D, must read them off the picture. No labels. Q
// sees generated pictures alone. H(c) is a constant and left out of the losses.
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/models.h"
#include "gan/nets/infogan.h"
#include "gan/parts/codes.h"

namespace ganymede {

Recipe infogan(const Config& c) {
  nets::InfoganSize s{.size = int(c.data.size), .channels = int(c.data.channels)};
  s.svhn = c.choice("architecture", {"mnist", "svhn"}, "the networks for MNIST and faces (multiples of 4 pixels), or for SVHN and CelebA (multiples of 16)") == "svhn";
  s.width = int(c.integer("width", 64, "channels next to the picture", 1, 4096));
  Codes codes{};
  codes.noise = c.integer("latent", s.svhn ? 124 : 62, "length of the noise beside the codes", 1, 65536);
  codes.categorical = c.integer("categorical", s.svhn ? 4 : 1, "number of categorical codes", 0, 100);
  codes.values = codes.categorical ? c.integer("values", 10, "values of each categorical code", 2, 1000) : 2;
  codes.continuous = c.integer("continuous", s.svhn ? 4 : 2, "number of continuous codes, uniform in (-1, 1)", 0, 100);
  codes.fixed = codes.continuous == 0 || c.choice("deviation", {"fixed", "learned"}, "Q's deviation of the continuous codes: 1, or its own word") == "fixed";
  if (codes.said() == 0) throw UsageError("infogan without codes: set categorical or continuous above 0, or train dcgan");
  const double lambda = codes.categorical ? c.number("lambda", 1, "weight of the categorical codes' information", 0) : 0;
  const double lambda_c = codes.continuous ? c.number("lambda_continuous", 1, "weight of the continuous codes' information", 0) : 0;
  const double rate_g = c.number("rate_g", 1e-3, "learning rate of G", 0), rate_d = c.number("rate_d", 2e-4, "learning rate of D and Q", 0);
  const double beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999);
  s.input = int(codes.length()), s.said = int(codes.said());

  Recipe r;
  const nn::Net G = r.net("G", nets::infogan_generator(s)), D = r.net("D", nets::infogan_discriminator(s));
  const bool unit_pixels = !s.svhn;   // the networks of MNIST work on pixels in [0, 1]
  const auto real = [=](const Batch& x) { return unit_pixels ? x.image() * 0.5 + 0.5 : x.image(); };
  const Adversarial& adv = adversarial("bce");
  const auto information = [=](Losses& l, const Tensor& said, const Tensor& z) {
    if (codes.categorical) {
      const Tensor log_q = codes.discrete(said, z);
      l.push_back({"codes", -lambda * log_q, text("-", lambda, " E sum_k c_k log Q_k(G(z, c))")});
      l.push_back(shown("L_I", log_q + codes.entropy(), text("L_I of the categorical codes; at most H(c) = ", codes.entropy())));
    }
    if (codes.continuous)
      l.push_back({"numbers", -lambda_c * codes.gaussian(said, z), text("-", lambda_c, " E sum_j log N(c_j; mu_j, ", codes.fixed ? "1)" : "s_j)")});
  };

  r.update("D", {D}, nn::adam(rate_d, beta1), [=](const Batch& x) -> Losses {
    const Tensor z = codes.draw(x.size);
    const Tensor on_real = D(real(x));
    const Tensors on_fake = D(Tensors{G(z)});
    Losses l{{"adv", adv.d(on_real, on_fake[0]), "-E log D(x) - E log(1 - D(G(z, c)))"},
             shown("real", adv.shown(on_real), "E D(x)"), shown("fake", adv.shown(on_fake[0]), "E D(G(z, c))")};
    information(l, on_fake[1], z);
    return l;
  });
  r.update("G", {G}, nn::adam(rate_g, beta1), [=](const Batch& x) -> Losses {
    const Tensor z = codes.draw(x.size);
    const Tensors on_fake = D(Tensors{G(z)});
    Losses l{{"adv", adv.g(on_fake[0]), "-E log D(G(z, c))"}};
    information(l, on_fake[1], z);
    return l;
  });

  r.latent = {.length = codes.length(), .draw = [=](int64_t n) { return codes.draw(n); }, .normal = false};
  r.latent.decode = [=](const Tensor& z, const Tensor&) { return unit_pixels ? G(z) * 2.0 - 1.0 : G(z); };
  for (int64_t i = 0; i < codes.categorical; ++i) r.latent.codes.push_back({text("category ", i + 1), codes.noise + i * codes.values, codes.values, true});
  for (int64_t i = 0; i < codes.continuous; ++i) r.latent.codes.push_back({text("number ", i + 1), codes.first_continuous() + i, 1, false});

  r.measures = code_measures(codes, c.data.classes, G, [=](const Tensor& x) { return D(Tensors{x})[1]; }, real);
  return r;
}

}  // namespace ganymede
