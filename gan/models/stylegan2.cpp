// StyleGAN2. Karras, Laine, Aittala, Hellsten, Lehtinen, Aila: Analyzing and Improving the Image Quality of StyleGAN, CVPR 2020, arXiv 1912.04958;
// augmentation by Karras, Aittala, Hellsten, Laine, Lehtinen, Aila: Training Generative Adversarial Networks with Limited Data, NeurIPS 2020, arXiv 2006.06676.
//   D:   min  E softplus(D(G(w))) + E softplus(-D(x));   every 16th iteration once more, by the same Adam:  gamma / 2 E |grad D(x)|^2
//   G:   min  E softplus(-D(G(w)));                      every 8th:  2 E (|J(w)^T y| - a)^2,  y normal pictures / side, a the running mean of |J^T y|
// w = M(z), a style for each convolution of G; those of a sample's finer layers are another z's with probability 0.9, from a random layer on. A further loss is weighted by its
// interval k, and Adam's rate and betas are those of k / (k + 1) steps.
//   augmentation:  D sees pictures, real and generated, changed with probability p, which rises while E sign(D(x)) is above a target and falls below it
#include <algorithm>
#include <cmath>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/penalty.h"
#include "gan/models.h"
#include "gan/nets/progressive.h"
#include "gan/nets/stylegan2.h"
#include "gan/parts/augment.h"
#include "gan/uses/sample_measures.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

// Adam for a main loss and a further one every k-th iteration; k = 0: the main one alone.
nn::Optim lazy_adam(double rate, double beta2, int64_t k) {
  const double share = k ? double(k) / double(k + 1) : 1;
  return nn::adam(rate * share, 0, std::pow(beta2, share));
}

// |J^T y| of each sample [N]: lengths of the gradients of sum(pictures * y) by the styles, root mean square over these (section 3.2).
Tensor path_lengths(const Tensor& pictures, const Tensor& styles) {
  const Tensor y = randn(pictures.shape(), 0, 1 / std::sqrt(double(pictures.dim(1) * pictures.dim(2))));
  const Tensor g = grad(sum(mul(pictures, y)), styles);
  return sqrt(mean(sum(square(g), {2}), {1}) + 1e-12);
}

}  // namespace

Recipe stylegan2(const Config& c) {
  nets::StyleSize s{.size = int(c.data.size), .channels = int(c.data.channels)};
  s.width = int(c.integer("width", 16, "channels at the finest resolution, doubled at each coarser one (64 in the paper's of 256 px)", 1, 4096));
  s.most_width = int(c.integer("most_width", 64, "channels, at most (512 in the paper)", 1, 4096));
  s.latent = int(c.integer("latent", 64, "length of z and w (512 in the paper)", 1, 65536));
  s.depth = int(c.integer("depth", 4, "layers of the mapping network (8 in the paper)", 1, 64));
  s.group = int(c.integer("stddev_group", 4, "samples whose deviation D is shown; 0: none", 0, 65536));
  s.noise = c.flag("noise", true, "noise in G's layers");
  const double mixing = c.number("mixing", 0.9, "probability that a sample's finer layers take another z's style", 0, 1);
  const double r1 = c.number("r1", 3, "gamma, weight of D's squared gradient on real pictures; 0: none (10 in the paper, of 1024 px)", 0);
  const int64_t r1_every = r1 > 0 ? c.integer("r1_every", 16, "iterations from one step on it to the next", 1, 1 << 20) : 0;
  const double path = c.number("path", 2, "weight of the regularisation of path lengths; 0: none", 0);
  const int64_t path_every = path > 0 ? c.integer("path_every", 8, "iterations from one step on it to the next", 1, 1 << 20) : 0;
  const double rate = c.number("rate", 2e-3, "learning rate", 0), beta2 = c.number("beta2", 0.99, "Adam", 0, 0.999999);
  const double mapping_rate = c.number("mapping_rate", 0.01, "factor on the learning rate of the mapping network", 1e-9);
  const double target = c.number("ada", 0, "E sign(D(x)) at which augmentation holds (0.6 in its paper); 0: no augmentation", 0, 1);
  const double ada_images = target > 0 ? c.number("ada_images", 20000, "real pictures in which its probability can rise from 0 to 1 (500000 in the paper)", 1) : 1;
  nets::check_style(s);
  nets::check_stddev_group(s.group, c.share());
  if (target > 0 && s.channels != 1 && s.channels != 3) throw UsageError(text("setting ada=", target, ": pictures of ", s.channels, " channels cannot be augmented, only those of 1 or 3"));
  const Adversarial& adv = adversarial("bce");

  Recipe r;
  const nn::Net M = r.net("M", nets::style_mapping(s)), G = r.net("G", std::make_shared<nets::StyleGenerator>(s)), D = r.net("D", nets::style_discriminator(s));
  const Tensor mean_style = r.keep("mean_style", zeros({s.latent})), mean_path = r.keep("mean_path", zeros({1}));
  const Tensor p = target > 0 ? r.keep("augmented", zeros({1})) : Tensor{};                                        // probability of each change
  const Tensor signs = target > 0 ? r.keep("signs", zeros({2})) : Tensor{};                                        // sum over iterations, and their number
  const int count = nets::style_count(s);
  std::vector<int64_t> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(i);
  const Tensor layer = is_plan(context().device) ? zeros({1, count}) : cast(tensor(numbers, {1, count}, context().device), context().dtype);

  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  const auto for_all = [=](const Tensor& w) { return broadcast_to(reshape(w, Shape{w.dim(0), 1, s.latent}), {w.dim(0), count, s.latent}); };
  const auto styles_of = [=](int64_t n, double mixing, bool trains) {
    const Tensor w = M(noise(n));
    if (trains) assign(mean_style, mean_style * 0.995 + cast(mean(w, {0}), mean_style.dtype()).constant() * 0.005);
    if (mixing == 0) return for_all(w);
    const Tensor from = cast(random_integers({n, 1}, count - 1), context().dtype) + 1.0;
    const Tensor other = mul(greater_equal(broadcast_to(layer, {n, count}), broadcast_to(from, {n, count})), bernoulli({n, 1}, mixing));
    return for_all(w) + mul(reshape(other, Shape{n, count, 1}), for_all(M(noise(n)) - w));
  };
  const auto styles = [=](int64_t n) { return styles_of(n, mixing, true); };
  const auto judge = [=](const Tensor& x) { return D(target > 0 ? augment(x, p) : x); };

  Update& d = r.update("D", {D}, lazy_adam(rate, beta2, r1_every), [=](const Batch& x) -> Losses {
    const Tensor on_real = judge(x.image()), on_fake = judge(G(styles(x.size)));
    const Verdict v = adv.judge(on_real, on_fake);
    const Tensor sign = reshape(mean(greater(on_real.constant(), zeros_like(on_real)) * 2.0 - 1.0), Shape{1});
    Losses l{{"adv", v.loss, adv.d_formula}, shown("real", v.real, "D(x)"), shown("fake", v.fake, "D(G(w))"), shown("sign", reshape(sign, Shape{}), "E sign(D(x)), of scores: near 1 where D knows the pictures by heart")};
    if (target > 0) {
      assign(signs, signs + cast(concat({sign, ones_like(sign)}, 0), signs.dtype()));
      l.push_back(shown("augmented", reshape(p * 1.0, Shape{}), "probability of each change"));   // a copy: p itself moves on
    }
    return l;
  });
  if (target > 0) d.then([=, processes = c.processes](const Batch& x) {
    const Tensor sum = slice(signs, 0, 0, 1), n = slice(signs, 0, 1, 2), due = greater_equal(n, full({1}, 4));   // the paper looks every fourth iteration
    const Tensor above = greater(sum, n * target) * 2.0 - 1.0;
    assign(p, clamp(p + mul(due, above) * (4 * double(x.size * processes) / ada_images), 0, 1));
    assign(signs, mul(signs, 1.0 - due));
  });
  if (r1 > 0)
    r.further("D", "R1", [=](const Batch& x) -> Losses {
      const double weight = r1 / 2 * double(r1_every);
      return {{"r1", weight * r1_penalty(judge, x.image()), text(weight, " E |grad D(x)|^2")}};
    }).every(int(r1_every));
  const nn::Optim adam = lazy_adam(rate, beta2, path_every), slower = lazy_adam(rate * mapping_rate, beta2, path_every);
  r.update("G", {Group{{M}, slower}, Group{{G}, adam}}, [=](const Batch& x) -> Losses { return {{"adv", adv.g(judge(G(styles(x.size)))), adv.g_formula}}; });
  if (path > 0)
    r.further("G", "path", [=](const Batch& x) -> Losses {
      const Tensor w = styles(std::max<int64_t>(1, x.size / 2));   // half a batch, as the authors do
      const Tensor lengths = path_lengths(G(w), w);
      assign(mean_path, mean_path * 0.99 + cast(reshape(mean(lengths), Shape{1}), mean_path.dtype()).constant() * 0.01);
      const double weight = path * double(path_every);
      return {{"length", weight * mean(square(lengths - mean_path.constant())), text(weight, " E (|J^T y| - a)^2")}, shown("mean", reshape(mean_path, Shape{}), "a")};
    }).every(int(path_every));

  r.latent = {.length = s.latent, .draw = noise, .decode = [=](const Tensor& z, const Tensor&) { return G(for_all(M(z))); }};
  r.latent.truncated = [=](const Tensor& z, const Tensor&, double psi) {
    const Tensor w = M(z), centre = broadcast_to(reshape(mean_style, Shape{1, s.latent}), w.shape());
    return G(for_all(centre + (w - centre) * psi));
  };
  r.measures = sample_measures([latent = r.latent](int64_t n) { return latent.decode(latent.draw(n), {}); });
  r.measures.push_back({"mixed-distance", "distance, of samples that have one style to a random layer and another from there on", sample_measures([=](int64_t n) { return G(styles_of(n, 1, false)); }).front().value});
  r.measures.push_back(slope_measure("slope", "E |grad D(x)|^2 on test pictures, at least 0", D, [](const Batch& b) { return b.image(); }));
  r.measures.push_back({"path-spread", "deviation of |J(w)^T y| between samples over its mean, at least 0: 0 where a step in w changes the picture by as much everywhere", [=](const Evaluation& e) {
    ContextScope scope;
    context().recording = true;
    double sum = 0, squares = 0, n = 0;
    e.each_batch([&](const Batch& b) {
      const Tensor w = watch(for_all(M(noise(b.size))));
      for (const double l : path_lengths(G(w), w).to_doubles()) sum += l, squares += l * l, n += 1;
    });
    return std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n))) / (sum / n);
  }});
  r.average = c.number("ema", 0.995, "decay of an average of the weights of M and G to sample from; 0: none", 0, 0.999999);
  r.averaged = {M, G};
  return r;
}

}  // namespace ganymede
