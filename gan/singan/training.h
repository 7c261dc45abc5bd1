// The training of one scale of SinGAN, as updates of the recipe's last stage.
#pragma once
#include <memory>

#include "gan/recipe.h"
#include "gan/singan/pyramid.h"

namespace ganymede::singan {

struct ScaleTraining {
  int64_t iterations = 2000, decay_at = 1600;
  int critic_steps = 3, generator_steps = 3;
  double rate = 5e-4, beta1 = 0.5;
  double penalty = 0.1, reconstruction = 10;
  double enlarges = 1;                                       // trained for super-resolution by this factor; 1: not
  bool redraw = false;                                       // z* anew each iteration (the authors' code) instead of fixed (the paper)
  std::function<Tensor(const Tensor&)> alter = {};           // applied to what comes from the coarser scales (paint: few colours)
};

// Adds the updates D and G of scale `scale`, which move `G` and `D`: those of the pyramid, or others in their place.
void train_scale(Recipe& r, const std::shared_ptr<Pyramid>& pyramid, int scale, const nn::Net& G, const nn::Net& D, const ScaleTraining& how);

}  // namespace ganymede::singan
