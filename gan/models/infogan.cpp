// InfoGAN. Chen, Duan, Houthooft, Schulman, Sutskever, Abbeel: Interpretable Representation Learning by Information Maximizing
// Generative Adversarial Nets, NIPS 2016, arXiv 1606.03657.
//   L_I = E log Q(c | G(z, c)) + H(c), a lower bound of the information between the codes c and the picture
//   D, Q:  min  -E log D(x) - E log(1 - D(G(z, c))) - lambda L_I        G:  min  -E log D(G(z, c)) - lambda L_I
// Part of G's input is codes, categorical and continuous; Q, a second head of D, must read them off the picture. No labels. Q
// sees generated pictures alone. H(c) is a constant and left out of the losses.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/classes.h"
#include "gan/models.h"
#include "gan/nets/infogan.h"

namespace ganymede {
namespace {

// z = noise, then the categorical codes one-hot, then the continuous ones.
struct Codes {
  int64_t noise, categorical, values, continuous;
  bool fixed;   // Q's deviation of a continuous code is 1, else exp(a / 2) by Q's own word
  int64_t length() const { return noise + categorical * values + continuous; }
  int64_t first_continuous() const { return noise + categorical * values; }
  int64_t said() const { return categorical * values + (fixed ? 1 : 2) * continuous; }

  Tensor draw(int64_t n) const {
    Tensors parts{uniform({n, noise}, -1, 1)};
    if (categorical) parts.push_back(flatten(one_hot(random_integers({n, categorical}, values), values)));
    if (continuous) parts.push_back(uniform({n, continuous}, -1, 1));
    return concat(parts, 1);
  }
  // mean log Q(c | x) of the categorical codes.
  Tensor discrete(const Tensor& said, const Tensor& z) const {
    const int64_t n = said.dim(0);
    const Tensor logits = reshape(slice(said, 1, 0, categorical * values), Shape{n, categorical, values});
    const Tensor c = reshape(slice(z, 1, noise, first_continuous()), logits.shape());
    return sum(log_softmax(full_precision(logits)) * c) / double(n);
  }
  // mean log N(c; mu, s) of the continuous ones.
  Tensor gaussian(const Tensor& said, const Tensor& z) const {
    const int64_t at = categorical * values;
    const Tensor c = slice(z, 1, first_continuous(), length()), mu = full_precision(slice(said, 1, at, at + continuous));
    const double constant = -0.5 * std::log(2 * std::numbers::pi);
    if (fixed) return sum(square(c - mu) * -0.5 + constant) / double(said.dim(0));
    const Tensor a = full_precision(slice(said, 1, at + continuous, at + 2 * continuous));   // a = 2 log s
    return sum(square(c - mu) * exp(-a) * -0.5 - a * 0.5 + constant) / double(said.dim(0));
  }
  static Tensor full_precision(const Tensor& x) { return x.dtype() == DType::bf16 ? cast(x, DType::f32) : x; }
};

// Of pictures with labels: the share that agrees if each value of the first code stands for the label it meets most often.
double matched_share(const std::vector<int64_t>& codes, const std::vector<int64_t>& labels, int64_t values) {
  const int64_t classes = labels.empty() ? 0 : *std::max_element(labels.begin(), labels.end()) + 1;
  std::vector<int64_t> met(size_t(values * std::max<int64_t>(classes, 1)));
  for (size_t i = 0; i < codes.size(); ++i)
    if (labels[i] >= 0) ++met[size_t(codes[i] * classes + labels[i])];
  double right = 0, all = 0;
  for (int64_t v = 0; v < values && classes > 0; ++v) {
    const auto row = met.begin() + v * classes;
    right += double(*std::max_element(row, row + classes));
    for (int64_t k = 0; k < classes; ++k) all += double(row[k]);
  }
  return right / all;
}

}  // namespace

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
  const double entropy = codes.categorical * std::log(double(codes.values));
  const Adversarial& adv = adversarial("bce");
  const auto information = [=](Losses& l, const Tensor& said, const Tensor& z) {
    if (codes.categorical) {
      const Tensor log_q = codes.discrete(said, z);
      l.push_back({"codes", -lambda * log_q, text("-", lambda, " E sum_k c_k log Q_k(G(z, c))")});
      l.push_back(shown("L_I", log_q + entropy, text("L_I of the categorical codes; at most H(c) = ", entropy)));
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

  const auto over_samples = [=](const Evaluation& e, const std::function<Tensor(const Tensor& said, const Tensor& z)>& f) {
    double total = 0;
    int64_t n = 0;
    for (; n < e.samples; n += 100) {
      const Tensor z = codes.draw(100);
      total += f(D(Tensors{G(z)})[1], z).item() * 100;
    }
    return total / double(n);
  };
  if (codes.categorical) {
    r.measures.push_back({"information", text("lower bound L_I of the information between the categorical codes and the samples, in nats, at most ", entropy),
                          [=](const Evaluation& e) { return over_samples(e, [=](const Tensor& said, const Tensor& z) { return codes.discrete(said, z) + entropy; }); }});
    if (c.data.classes > 1)
      r.measures.push_back({"code-accuracy", "share of test pictures whose label is the one that Q's value of the first categorical code meets most often, 0 to 1", [=](const Evaluation& e) {
        std::vector<int64_t> said, labels;
        e.each_batch([&](const Batch& x) {
          const auto here = argmax(slice(D(Tensors{real(x)})[1], 1, 0, codes.values), 1).to_integers(), truth = x["label"].to_integers();
          said.insert(said.end(), here.begin(), here.end()), labels.insert(labels.end(), truth.begin(), truth.end());
        });
        return matched_share(said, labels, codes.values);
      }});
  }
  if (codes.continuous)
    r.measures.push_back({"code-error", "mean squared error of Q's continuous codes on samples; 1/3 if it knows nothing", [=](const Evaluation& e) {
      const int64_t at = codes.categorical * codes.values;
      return over_samples(e, [=](const Tensor& said, const Tensor& z) {
        return mean(square(slice(said, 1, at, at + codes.continuous) - slice(z, 1, codes.first_continuous(), codes.length())));
      });
    }});
  return r;
}

}  // namespace ganymede
