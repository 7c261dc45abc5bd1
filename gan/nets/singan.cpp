#include "gan/nets/singan.h"

#include <cmath>

namespace ganymede::nets {
namespace {

// A bias before a batch norm is taken away again by it, so the convolutions of the trunk have none.
std::vector<nn::Layer> trunk(int channels, int width) {
  std::vector<nn::Layer> layers;
  for (int i = 0; i < 4; ++i) {
    layers.push_back(nn::conv(i ? width : channels, width, {.kernel = 3, .bias = false}));
    layers.push_back(nn::batch_norm(width, 1e-5, nn::init::normal(1, 0.02)));
    layers.push_back(nn::leaky_relu(0.2));
  }
  return layers;
}

}  // namespace

nn::Layer singan_generator(int channels, int width) {
  auto layers = trunk(channels, width);
  const double bound = 1 / std::sqrt(9.0 * width);
  layers.push_back(nn::conv(width, channels, {.kernel = 3, .bias_init = nn::init::uniform(-bound, bound)}));
  layers.push_back(nn::tanh());
  return nn::sequential(layers);
}

// A difference of scores has no use for a last bias.
nn::Layer singan_discriminator(int channels, int width) {
  auto layers = trunk(channels, width);
  layers.push_back(nn::conv(width, 1, {.kernel = 3, .bias = false}));
  return nn::sequential(layers);
}

}  // namespace ganymede::nets
