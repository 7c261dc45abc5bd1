#include "gan/nets/dualgan.h"

#include <algorithm>

namespace ganymede::nets {

nn::Layer dual_critic(const DualCriticShape& s) {
  std::vector<nn::Layer> layers;
  int in = s.in;
  for (int i = 0; i < s.halvings; ++i) {
    const int kernel = i ? 3 : 5, out = s.width * std::min(1 << i, 8);
    layers.push_back(nn::conv(in, out, {.kernel = kernel, .stride = 2, .padding = kernel / 2, .bias = i == 0}));
    if (i > 0) layers.push_back(s.norm(out));
    layers.push_back(nn::leaky_relu());
    in = out;
  }
  if (s.patches) {
    layers.push_back(nn::conv(in, 1, {.kernel = 3, .stride = 2, .padding = 1, .bias = s.last_bias}));
  } else {
    const int features = (s.height >> s.halvings) * (s.wide >> s.halvings) * in;
    layers.insert(layers.end(), {nn::reshape_to({features}), nn::linear(features, 1, s.last_bias), nn::reshape_to({1, 1, 1})});
  }
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
