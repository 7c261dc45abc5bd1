// R3GAN. Huang, Gokaslan, Kuleshov, Tompkin: The GAN is dead; long live the GAN! A Modern GAN Baseline, NeurIPS 2024, arXiv 2501.05441.
//   D:  min  E softplus(D(G(z)) - D(x)) + gamma / 2 (E |grad D(x)|^2 + E |grad D(G(z))|^2)
//   G:  min  E softplus(D(x) - D(G(z)))
// A relativistic loss of pairs (Jolicoeur-Martineau 2019): each fake is judged beside a real picture, so that no fake is well placed by leaving some real ones
// out; penalties on the slope at both make the game converge (the paper's proposition 2). Networks without norms, noise or styles. Rate and gamma
// go from their first to their last values by half a cosine.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "gan/losses/penalty.h"
#include "gan/models.h"
#include "gan/nets/r3gan.h"
#include "gan/uses/sample_measures.h"

namespace ganymede {
namespace {

// From 1 to `last` in `steps`, by half a cosine.
nn::Schedule half_cosine(int64_t steps, double last) {
  return {text("to ", last, " of it in ", steps, " steps by half a cosine"),
          [=](int64_t step) { return last + (1 - last) * 0.5 * (1 + std::cos(std::numbers::pi * double(std::min(step, steps)) / double(steps))); }};
}

}  // namespace

Recipe r3gan(const Config& c) {
  nets::R3Size s{.size = int(c.data.size), .channels = int(c.data.channels)};
  s.width = int(c.integer("width", 8, "channels at the finest resolution, doubled at each coarser one (768 in the paper's of 32 px)", 1, 4096));
  s.most_width = int(c.integer("most_width", 64, "channels, at most (768 in the paper)", 1, 4096));
  s.latent = int(c.integer("latent", 64, "length of z", 1, 65536));
  s.blocks = int(c.integer("blocks", 1, "residual blocks a resolution (2 in the paper)", 1, 64));
  s.expansion = int(c.integer("expansion", 2, "channels inside a block over those outside", 1, 16));
  s.group = int(c.integer("group", 8, "channels of a group of the 3x3 convolutions (16 in the paper)", 1, 4096));
  const bool paired = c.choice("loss", {"paired", "plain"}, "scores of real and fake as differences, or each alone (the non-saturating loss)") == "paired";
  const bool r1 = c.flag("r1", true, "the penalty at real pictures"), r2 = c.flag("r2", true, "the penalty at fakes");
  const double gamma = c.number("gamma", 1, "weight of the penalties at first (0.05 in the paper's of 32 px)", 0), last_gamma = c.number("last_gamma", 0.3, "and at last (0.005)", 0);
  const double rate = c.number("rate", 1e-3, "learning rate at first (0.0002 in the paper)", 0), last_rate = c.number("last_rate", 2.5e-4, "and at last (0.00005)", 0);
  const double beta2 = c.number("beta2", 0.99, "Adam", 0, 0.999999);
  const int64_t change = c.integer("change", std::max<int64_t>(1, c.steps), "iterations in which rate and gamma go from their first to their last values", 1);
  nets::check_r3(s);

  Recipe r;
  const nn::Net G = r.net("G", nets::r3_generator(s)), D = r.net("D", nets::r3_discriminator(s));
  const Tensor done = r.keep("done", zeros({1}));   // iterations, for gamma
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  const nn::Optim adam = nn::adam(rate, 0, beta2).with(rate > 0 ? half_cosine(change, last_rate / rate) : nn::constant_rate());
  const auto against = [=](const Tensor& above, const Tensor& below) { return paired ? mean(softplus(below - above)) : mean(softplus(-above)) + mean(softplus(below)); };

  r.update("D", {D}, adam, [=](const Batch& x) -> Losses {
    const Tensor real = watch(x.image()), fake = watch(G(noise(x.size)).constant());
    const Tensors said = D.each({real, fake});
    const Tensor weight = cast(reshape((cos(clamp(done * (std::numbers::pi / double(change)), 0, std::numbers::pi)) + 1.0) * ((gamma - last_gamma) / 2) + last_gamma, Shape{}) * 0.5, said[0].dtype());
    Losses l{{"adv", against(said[0], said[1]), paired ? "E softplus(D(G(z)) - D(x))" : "E softplus(-D(x)) + E softplus(D(G(z)))"},
             shown("real", mean(said[0]), "E D(x)"), shown("fake", mean(said[1]), "E D(G(z))")};
    if (r1) l.push_back({"r1", mul(weight, squared_slope(said[0], real)), "gamma / 2 E |grad D(x)|^2"});
    if (r2) l.push_back({"r2", mul(weight, squared_slope(said[1], fake)), "gamma / 2 E |grad D(G(z))|^2"});
    return l;
  });
  r.update("G", {G}, adam, [=](const Batch& x) -> Losses {
    const Tensors said = D.each({x.image(), G(noise(x.size))});
    return {{"adv", paired ? against(said[1], said[0]) : mean(softplus(-said[1])), paired ? "E softplus(D(x) - D(G(z)))" : "E softplus(-D(G(z)))"}};
  }).then([=](const Batch&) { assign(done, done + 1.0); });
  r.latent = {.length = s.latent, .draw = noise, .decode = [=](const Tensor& z, const Tensor&) { return G(z); }};
  r.measures = sample_measures([=](int64_t n) { return G(noise(n)); });
  r.measures.push_back(slope_measure("slope-real", "E |grad D(x)|^2 on test pictures, at least 0", D, [](const Batch& b) { return b.image(); }));
  r.measures.push_back(slope_measure("slope-fake", "the same at samples", D, [=](const Batch& b) { return G(noise(b.size)); }));
  r.average = c.number("ema", 0.995, "decay of an average of G's weights to sample from; 0: none", 0, 0.999999);
  r.averaged = {G};
  return r;
}

}  // namespace ganymede
