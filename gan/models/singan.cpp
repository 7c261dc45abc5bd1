// SinGAN. Rott Shaham, Dekel, Michaeli: SinGAN: Learning a Generative Model from a Single Natural Image, ICCV 2019, arXiv 1905.01164.
// One picture x, a pyramid x_0 (coarsest) ... x_S of it, a GAN of patches at each scale:
//   x~_i = x~_(i-1)up + G_i(amp_i z_i + x~_(i-1)up),      z_i ~ N(0, 1)
//   D_i:  min  -E D(x_i) + E D(x~_i) + 0.1 E (|grad D| - 1)^2
//   G_i:  min  -E D(x~_i) + 10 |rec_i - x_i|^2,           rec_i the same path with z*_0 fixed and no noise above
//   amp_0 = 1,  amp_i = 0.1 RMSE(rec_(i-1)up, x_i): noise as large as what the scale has to add
// Scales are trained one after the other and frozen, with the statistics that their batch norms ran up; a scale begins with the
// weights of the one before where it is as wide. Losses and steps are in gan/singan/training.cpp, uses in gan/singan/tasks.h.
// Scale 0 is the coarsest here; the paper's n = N.
#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/models.h"
#include "gan/singan/measures.h"
#include "gan/singan/recipe.h"
#include "gan/singan/tasks.h"

namespace ganymede {
namespace singan {

Recipe recipe(const Config& c, const Draws& draws) {
  const double sr = c.number("sr_factor", 1, "train for super-resolution by this factor: its own standards for alpha, min_size, max_size and factor; 1: no", 1, 64);
  const bool enlarging = sr > 1;
  auto p = std::make_shared<Pyramid>();
  p->draws = draws;
  p->noise_in_padding = c.choice("padding", {"zero", "noise"}, "around the noise maps: zeros, or more noise (for animations)") == "noise";
  PyramidRule rule;
  rule.min_size = c.integer("min_size", enlarging ? 18 : p->noise_in_padding ? 20 : 25, "shorter side of the coarsest scale; above the 11 pixels that D sees", 12, 4096);
  const int64_t longer = std::max(c.data.size, c.data.width);
  rule.max_size = c.integer("max_size", enlarging ? std::max<int64_t>(250, longer) : 250, "longer side of the finest scale: larger pictures are shrunk to it", 12, 4096);
  rule.factor = c.number("factor", enlarging ? std::pow(sr, -1.0 / passes_for(sr)) : 0.75, "wanted between scales; what is used hits min_size", 0.3, 0.95);
  rule.truncate = enlarging;
  p->shape = pyramid_shape(c.data.size, c.data.width, rule);
  p->colours = c.data.channels;
  const int64_t width = c.integer("width", 32, "channels of the four coarsest scales; doubled every four scales", 1, 4096);
  const int64_t widest = c.integer("most_width", 128, "channels, at most", 1, 4096);
  const int64_t row = c.integer("picture", 0, "which picture of the data, from 0", 0, std::max<int64_t>(0, c.data.count - 1));

  ScaleTraining how;
  how.iterations = c.integer("iterations", 2000, "a scale", 1, int64_t{1} << 40);
  how.decay_at = c.integer("decay_at", std::max<int64_t>(1, how.iterations * 4 / 5), "iteration of a scale after which the rate is a tenth", 1);
  how.critic_steps = int(c.integer("critic_steps", 3, "steps of D an iteration", 1, 1000));
  how.generator_steps = int(c.integer("generator_steps", 3, "steps of G an iteration", 1, 1000));
  how.rate = c.number("rate", 5e-4, "learning rate", 0), how.beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999);
  how.penalty = c.number("gp", 0.1, "weight of the gradient penalty", 0);
  how.reconstruction = c.number("alpha", enlarging ? 100 : 10, "weight of the reconstruction", 0);
  how.enlarges = sr;
  how.redraw = c.choice("z_star", {"fixed", "redrawn"}, "noise that reconstructs: drawn once as in the paper, or each iteration as in the authors' code") == "redrawn";
  const double noise = c.number("noise", 0.1, "amplitude of the noise, in RMSE of the reconstruction before", 0);

  Recipe r;
  for (int i = 0; i <= p->finest(); ++i) {
    const auto& [h, w] = p->size(i);
    Scale s;
    s.channels = int(std::min(width << std::min(i / 4, 20), widest));
    s.G = r.net(text("G", i), nets::singan_generator(int(p->colours), s.channels));
    s.D = r.net(text("D", i), nets::singan_discriminator(int(p->colours), s.channels));
    s.real = r.keep(text("real", i), zeros({1, h, w, p->colours}));
    s.before = r.keep(text("before", i), zeros({1, h, w, p->colours}));
    s.amp = r.keep(text("amp", i), ones({1}));
    p->scales.push_back(s);
  }
  const int64_t more = p->noise_in_padding ? 2 * nets::kSinganReach : 0;
  p->z_star = r.keep("z_star", zeros({1, p->size(0).height + more, p->size(0).width + more, 1}));
  p->begun = r.keep("begun", zeros({1}));

  for (int i = 0; i <= p->finest(); ++i) {
    Stage& stage = r.stage(scale_name(i, p->finest()), how.iterations, [=, data = c.data] {
      if (!is_plan(context().device) && i == 0) p->take(data, row);
      if (i == 0) assign(p->z_star, p->noise(0, 1));
      else p->enter(i, noise);
      assign(p->begun, full({1}, i + 1));
    });
    stage.cost = double(p->size(i).height * p->size(i).width * p->scales[size_t(i)].channels);
    train_scale(r, p, i, p->scales[size_t(i)].G, p->scales[size_t(i)].D, how);
  }

  r.sample = [=](int64_t n, const Batch&) { return p->sample(n, p->reached()); };
  r.draws_alone = true;
  r.on_sheet = 9;
  r.tasks = tasks(p, how);
  r.measures = measures(p);
  return r;
}

}  // namespace singan

Recipe singan_model(const Config& c) { return singan::recipe(c, {}); }

}  // namespace ganymede
