// What `evaluate` can say of pictures from noise without a trained network.
#pragma once
#include <functional>
#include <vector>

#include "gan/losses/penalty.h"
#include "gan/recipe.h"
#include "gan/use.h"

namespace ganymede {

// distance: Frechet, in features of a fixed random network, of what `made` gives of a test batch (as many pictures, sides at least 8) to the test pictures.
Measure distance_measure(const std::function<Tensor(const Batch&)>& made);
// distance and variety of what `draw` gives (n pictures [n, H, W, C], sides at least 8) beside the test pictures.
std::vector<Measure> sample_measures(const std::function<Tensor(int64_t n)>& draw);
// E |grad critic(x)|^2 at the pictures that `at` makes of a test batch.
Measure slope_measure(const std::string& name, const std::string& text, const Critic& critic, const std::function<Tensor(const Batch&)>& at);

}  // namespace ganymede
