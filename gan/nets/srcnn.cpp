#include "gan/nets/srcnn.h"

namespace ganymede::nets {

nn::Layer srcnn(const SrcnnShape& s) {
  const auto conv = [&](int in, int out, int kernel) {
    return nn::conv(in, out, {.kernel = kernel, .weight = s.he ? nn::init::he_normal(in * kernel * kernel) : nn::init::normal(0, 1e-3)});
  };
  std::vector<nn::Layer> layers{conv(s.channels, s.features, s.first)};
  if (s.rectified) layers.push_back(nn::relu());
  layers.push_back(conv(s.features, s.mapped, s.middle));
  if (s.rectified) layers.push_back(nn::relu());
  layers.push_back(conv(s.mapped, s.channels, s.last));
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
