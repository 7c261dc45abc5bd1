// Progressive GAN. Karras, Aila, Laine, Lehtinen: Progressive Growing of GANs for Improved Quality, Stability, and Variation,
// ICLR 2018, arXiv 1710.10196.
//   D:  min  E D(G(z)) - E D(x) + lambda / gamma^2 E (|grad D(u)| - gamma)^2 + eps E D(x)^2,   u = a x + (1 - a) G(z), a ~ U(0, 1) a sample
//   G:  min  -E D(G(z))
// Training begins at 4 pixels. A phase trains one resolution; the next blends the following one into both networks and into the
// real pictures, by a weight that grows with the pictures shown:
//   G(z) = a rgb(h) + (1 - a) up(rgb'(h')),   x -> a x + (1 - a) up(down(x)),   a from 0 to 1
// Equalised learning rates, pixel norm in G, the deviation of minibatches in D; Adam begins afresh with each phase, the average of
// G's weights does not. A step of D, then one of G on fresh z.
#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/penalty.h"
#include "gan/models.h"
#include "gan/nets/progressive.h"
#include "gan/uses/sample_measures.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

struct Phase {
  int side;
  bool blends;         // this resolution into the one before
  int64_t iterations;  // 0: all that remain
};

std::vector<Phase> phases_of(const nets::ProgressiveSize& s, int64_t stable, int64_t blending) {
  std::vector<Phase> phases;
  for (int side = s.start; side <= s.size; side *= 2) {
    if (side > s.start && blending) phases.push_back({side, true, blending});
    phases.push_back({side, false, side < s.size ? stable : 0});
  }
  return phases;
}

// Multiplications of a pass, but for a factor.
double cost(const nets::ProgressiveSize& s, int side) {
  double sum = 0;
  for (int k = 4; k <= side; k *= 2) sum += std::pow(double(k) * nets::progressive_width(s, k), 2);
  return sum;
}

}  // namespace

Recipe progressive_gan(const Config& c) {
  nets::ProgressiveSize s{.size = int(c.data.size), .channels = int(c.data.channels)};
  s.start = int(c.integer("start", 4, "pixels of the first resolution; the pictures' own: nothing grows", 4, 65536));
  s.width = int(c.integer("width", 32, "channels at the finest resolution, doubled at each coarser one (16 in the paper's of 1024)", 1, 4096));
  s.most_width = int(c.integer("most_width", 64, "channels, at most (512 in the paper)", 1, 4096));
  s.latent = int(c.integer("latent", 64, "length of z (512 in the paper)", 1, 65536));
  s.group = int(c.integer("stddev_group", 4, "samples whose deviation D is shown; 0: none", 0, 65536));
  const auto images = [&](const char* name, int64_t least, const char* meaning) {
    return (c.integer(name, 9600, meaning, least, int64_t{1} << 40) + std::max<int64_t>(c.batch, 1) - 1) / std::max<int64_t>(c.batch, 1);
  };
  const int64_t stable = images("stable_images", 1, "real pictures shown at each resolution but the last, which has what remains (800000 in the paper)");
  const int64_t blending = images("blend_images", 0, "real pictures shown while a resolution is blended in (800000 in the paper); 0: at once");
  const double rate = c.number("rate", 1e-3, "learning rate", 0), beta1 = c.number("beta1", 0, "Adam", 0, 0.999999), beta2 = c.number("beta2", 0.99, "Adam", 0, 0.999999);
  const nn::Optim adam = nn::adam(rate, beta1, beta2);
  const double lambda = c.number("gp", 10, "weight of the gradient penalty", 0), gamma = c.number("gp_target", 1, "norm of the gradient that it asks for (750 in the paper's CIFAR-10)", 1e-6);
  const double drift = c.number("drift", 1e-3, "weight of E D(x)^2, which keeps D's scores near 0", 0);
  nets::check_stddev_group(s.group, c.share());
  nets::check_progressive(s);
  const Adversarial& adv = adversarial("wgan-gp");

  Recipe r;
  const auto generator = std::make_shared<nets::ProgressiveGenerator>(s);
  const nn::Net G = r.net("G", generator), D = r.net("D", std::make_shared<nets::ProgressiveDiscriminator>(s));
  const Tensor begun = r.keep("begun", zeros({1}));   // phases whose training has begun
  const Tensor done = r.keep("done", zeros({1}));     // iterations of the phase, where it blends
  const std::vector<Phase> phases = phases_of(s, stable, blending);
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  const auto grown_in = [=](const Phase& p) { return p.blends ? clamp(done * (1.0 / double(p.iterations)), 0, 1) : Tensor{}; };
  // grown undefined: not blended.
  const auto generate = [=](const Tensor& z, int side, const Tensor& grown) {
    generator->make(side);
    return grown ? G(z, grown) : G(z);
  };
  const auto judge = [=](const Tensor& x, const Tensor& grown) { return grown ? D(x, grown) : D(x); };
  // Real pictures as a phase sees them.
  const auto real = [=](const Batch& batch, int side, const Tensor& grown) {
    const auto shrunk = [](const Tensor& x, int by) { return by == 1 ? x : average_pool(x, {{by, by}, {by, by}}); };
    const Tensor x = shrunk(batch.image(), s.size / side);
    return grown ? nets::blend(upsample_nearest(shrunk(x, 2), 2), x, grown) : x;
  };

  for (size_t i = 0; i < phases.size(); ++i) {
    const Phase p = phases[i];
    Stage& stage = r.stage(text(p.side, " px", p.blends ? ", blended in" : ""), p.iterations, [=] { assign(begun, full({1}, double(i + 1))), assign(done, zeros({1})); });
    stage.cost = cost(s, p.side);
    const SharedValue share = p.blends ? r.shared("grown", {}, [=](const Batch&) { return grown_in(p); }) : SharedValue{};
    const auto grown = [=] { return p.blends ? share() : Tensor{}; };
    r.update("D", {D}, adam, [=](const Batch& batch) -> Losses {
      const Tensor x = real(batch, p.side, grown()), fake = generate(noise(batch.size), p.side, grown());
      const Tensor on_real = judge(x, grown()), on_fake = judge(fake, grown()), norms = gradient_norms([=](const Tensor& u) { return judge(u, grown()); }, x, fake);
      const Verdict v = adv.judge(on_real, on_fake);
      return {{"adv", v.loss, "E D(G(z)) - E D(x)"},
              {"gp", lambda / (gamma * gamma) * nn::mse(norms, gamma), text(lambda / (gamma * gamma), " E (|grad D(u)| - ", gamma, ")^2")},
              {"drift", drift * nn::mse(on_real, 0), text(drift, " E D(x)^2")},
              shown("real", v.real, "E D(x)"), shown("fake", v.fake, "E D(G(z))"), shown("norm", mean(norms), "E |grad D(u)|")};
    });
    Update& g = r.update("G", {G}, adam, [=](const Batch& batch) -> Losses { return {{"adv", adv.g(judge(generate(noise(batch.size), p.side, grown()), grown())), "-E D(G(z))"}}; });
    if (p.blends) g.then([=](const Batch&) { assign(done, done + 1.0); });
  }
  if (drift == 0) r.without_gradient = {"D.last.linear1.bias"};  // a difference of scores, and their slope, have no use for it

  const auto reached = [=] {
    const int64_t last = int64_t(phases.size()) - 1;
    return phases[size_t(is_plan(begun.device()) ? last : std::clamp(int64_t(begun.item()) - 1, int64_t{0}, last))];
  };
  // Pictures of the phase that training is in, enlarged to the finest resolution.
  r.latent = {.length = s.latent, .draw = noise};
  r.latent.decode = [=](const Tensor& z, const Tensor&) {
    const Phase p = reached();
    const Tensor x = generate(z, p.side, grown_in(p));
    return p.side == s.size ? x : upsample_nearest(x, s.size / p.side);
  };
  if (s.size >= 8) r.measures = sample_measures([latent = r.latent](int64_t n) { return latent.decode(latent.draw(n), {}); });
  const int64_t group = std::max<int64_t>(2, s.group);
  r.measures.push_back({"copies", text("share of batches of real pictures that D scores above batches in which each of them stands ", group, " times, 0 to 1: whether it notices a lack of variety"), [=](const Evaluation& e) {
    const Phase p = reached();
    const Tensor grown = grown_in(p);
    double above = 0, batches = 0;
    e.each_batch([&](const Batch& batch) {
      const int64_t each = batch.size / group;
      if (batch.size % group != 0 || each == 0) return;  // the last may be smaller
      const Tensor x = real(batch, p.side, grown);
      double of_copies = 0;
      for (int64_t i = 0; i < group; ++i) of_copies += mean(judge(concat(Tensors(size_t(group), slice(x, 0, i * each, (i + 1) * each)), 0), grown)).item() / double(group);
      above += mean(judge(x, grown)).item() > of_copies + 1e-4, ++batches;
    });
    return above / batches;
  }});
  r.average = c.number("ema", 0.99, "decay of an average of G's weights to sample from (0.999 in the paper, whose phases are longer); 0: none", 0, 0.999999);
  r.averaged = {G};
  return r;
}

}  // namespace ganymede
