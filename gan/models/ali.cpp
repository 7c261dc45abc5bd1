// ALI. Dumoulin, Belghazi, Poole, Mastropietro, Lamb, Arjovsky, Courville: Adversarially Learned Inference, ICLR 2017,
// arXiv 1606.00704.
//   z^ = mu(x) + sigma(x) eps,  x~ = Dec(z),   a_q = D(x, z^),  a_p = D(x~, z)
//   D:  min  E softplus(-a_q) + E softplus(a_p)        encoder, decoder:  min  E softplus(a_q) + E softplus(-a_p)
// The encoder is a law q(z | x) that is sampled; D sees both kinds of pairs in one batch. All three move at once, from the same
// passes and the same dropout. Convolutions have no padding: the code of a picture is a single place.
#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/ali.h"
#include "gan/uses/encoder_measures.h"
#include "gan/uses/point_measures.h"

namespace ganymede {

Recipe ali(const Config& c) {
  using Kind = nets::AliSize::Kind;
  const bool points = c.data.dimensions > 0;
  nets::AliSize s;
  s.kind = Kind::points;
  if (!points) {
    const std::string name = c.choice("architecture", {"cifar10", "svhn", "celeba"}, "maxout with dropout, or leaky ReLU with norms in D (32 px); or the nets for 64 px");
    s.kind = name == "cifar10" ? Kind::cifar10 : name == "svhn" ? Kind::svhn : Kind::celeba;
    if (c.data.size != nets::ali_pixels(s.kind))
      throw UsageError(text("a picture size of ", c.data.size, ": ALI's architecture ", name, " takes ", nets::ali_pixels(s.kind), "; set --size, or architecture"));
  }
  s.channels = int(c.data.channels), s.dimensions = c.data.dimensions;
  s.width = int(c.integer("width", points ? 400 : s.kind == Kind::celeba ? 64 : 32, points ? "hidden units" : "channels next to the picture; the others are multiples", 1, 4096));
  if (points) s.d_width = int(c.integer("d_width", std::max(1, s.width / 2), "hidden units of D, the largest of 5 pieces each", 1, 4096));
  if (points) s.deviation = c.number("deviation", 0.02, "of the first weights, meant for nets as wide as the paper's; 0: He's for these widths", 0, 100);
  s.latent = int(c.integer("latent", points ? 2 : s.kind == Kind::cifar10 ? 64 : 256, "length of z", 1, 65536));
  s.dropout = c.flag("dropout", true, "drop inputs of D's layers");
  const bool sampled = c.flag("stochastic", true, "z^ is drawn from q(z | x); otherwise its mean is taken (BiGAN)");
  const double inference = c.number("encoder", 1, "weight of the encoder's loss", 0);
  const double rate = c.number("rate", 1e-4, "learning rate of Adam", 0), beta1 = c.number("beta1", points ? 0.8 : 0.5, "Adam", 0, 0.999999);
  const double last = c.number("last_rate", 1, "factor on the rate at the end of the run, approached exponentially over its second half", 1e-9, 1);
  if (!points && c.data.mean_picture)
    for (const double v : c.data.mean_picture()) {
      const double p = std::clamp((v + 1) / 2, 1e-7, 1 - 1e-7);
      s.output_bias.push_back(std::log(p / (1 - p)));
    }

  Recipe r;
  const nn::Net enc = r.net("encoder", nets::ali_encoder(s)), dec = r.net("decoder", nets::ali_decoder(s)), D = r.net("D", nets::ali_discriminator(s));
  const int64_t L = s.latent;
  const auto noise = [=](int64_t n) { return randn({n, L}); };
  const auto seen = [=](const Tensor& x) { return points ? x : x * 0.5 + 0.5; };
  const auto mean_of = [=](const Tensor& q) { return slice(q, 1, 0, L); };
  const auto sigma_of = [=](const Tensor& q) { return exp(slice(q, 1, L, 2 * L)); };
  const auto draw = [=](const Tensor& q) { return mean_of(q) + sigma_of(q) * randn({q.dim(0), L}); };
  nn::Optim adam = nn::adam(rate, beta1);
  if (const int64_t half = c.steps / 2; last < 1 && half > 0) adam = adam.with(nn::exponential_decay_between(half, 2 * half, last));

  r.update("ALI", {Group{{D}, adam}, Group{{enc}, adam}, Group{{dec}, adam}}, [=](const Batch& batch) -> Losses {
    const Tensor x = seen(samples_of(batch)), z = noise(batch.size), q = enc(x);
    const int64_t n = batch.size;
    const Tensor code = sampled ? draw(q) : mean_of(q);
    const Tensor a = D(Tensors{concat({x, dec(z)}, 0), concat({code, z}, 0)})[0];
    const Tensor on_q = slice(a, 0, 0, n), on_p = slice(a, 0, n, 2 * n);
    return {{"D", mean(softplus(-on_q)) + mean(softplus(on_p)), "E softplus(-D(x, z^)) + E softplus(D(x~, z))", {D}},
            {"encoder", inference * mean(softplus(on_q)), text(inference, " E softplus(D(x, z^))"), {enc}},
            {"decoder", mean(softplus(-on_p)), "E softplus(-D(x~, z))", {dec}},
            shown("q", mean(sigmoid(on_q)), "E D(x, z^) as a probability"), shown("p", mean(sigmoid(on_p)), "E D(x~, z) as a probability"),
            shown("sigma", mean(sigma_of(q)), "E sigma(x)")};
  });
  r.latent = {.length = L, .draw = noise, .encode = [=](const Tensor& x) { return mean_of(enc(seen(x))); }};
  r.latent.decode = [=](const Tensor& z, const Tensor&) { return points ? dec(z) : dec(z) * 2.0 - 1.0; };
  r.measures = encoder_measures(r.latent);
  if (points && c.data.classes > 1)
    for (const Measure& m : reconstructed_labels(r.latent, c.data.classes)) r.measures.push_back(m);
  // The aggregate of z^ over the data should be the prior.
  const auto of_draws = [=](const std::function<double(double mean, double deviation)>& worst) {
    return [=](const Evaluation& e) {
      std::vector<double> sum(static_cast<size_t>(L)), squares(static_cast<size_t>(L));
      double n = 0, most = 0;
      e.each_batch([&](const Batch& b) {
        const Tensor z = draw(enc(seen(samples_of(b))));
        const auto v = z.to_doubles();
        for (size_t i = 0; i < v.size(); ++i) sum[i % size_t(L)] += v[i], squares[i % size_t(L)] += v[i] * v[i];
        n += double(b.size);
      });
      for (size_t k = 0; k < sum.size(); ++k) most = std::max(most, worst(sum[k] / n, std::sqrt(std::max(0.0, squares[k] / n - sum[k] / n * sum[k] / n))));
      return most;
    };
  };
  r.measures.push_back({"drawn-mean", "largest |mean| of an element of z^ over the data; 0 is best", of_draws([](double m, double) { return std::abs(m); })});
  r.measures.push_back({"drawn-deviation", "largest |deviation of an element of z^ over the data - 1|; 0 is best", of_draws([](double, double d) { return std::abs(d - 1); })});
  r.measures.push_back({"sigma", "mean deviation of q(z | x)", [=](const Evaluation& e) {
                          double sum = 0, count = 0;
                          e.each_batch([&](const Batch& b) { sum += mean(sigma_of(enc(seen(samples_of(b))))).item(), count += 1; });
                          return sum / std::max(count, 1.0);
                        }});
  return r;
}

}  // namespace ganymede
