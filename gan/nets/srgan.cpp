#include "gan/nets/srgan.h"

#include "engine/check.h"
#include "nn/blocks.h"

namespace ganymede::nets {

using Layers = std::vector<nn::Layer>;

bool srresnet_enlarges(int64_t scale) { return scale == 2 || scale == 3 || scale == 4 || scale == 8; }

nn::Layer srresnet(const SrresnetShape& s) {
  require(srresnet_enlarges(s.scale), "srresnet for a scale of ", s.scale, ": there are 2, 3, 4 and 8");
  const int w = s.width;
  const auto same = [](int in, int out, int kernel, bool bias, int shuffle = 1) { return nn::conv(in, out, {.kernel = kernel, .padding = kernel / 2, .bias = bias, .shuffle = shuffle}); };
  const auto prelu = [&] { return nn::prelu(s.slopes_per_channel ? w : 1); };
  const auto norm = [&] { return nn::batch_norm(w, 1e-5, s.gain); };
  Layers body;
  for (int i = 0; i < s.blocks; ++i) body.push_back(nn::residual(nn::sequential({same(w, w, 3, false), norm(), prelu(), same(w, w, 3, false), norm()})));
  body.insert(body.end(), {same(w, w, 3, false), norm()});
  Layers layers{same(s.channels, w, 9, true), prelu(), nn::residual(nn::sequential(std::move(body)))};
  const int step = s.scale == 3 ? 3 : 2;
  for (int done = 1; done < s.scale; done *= step) layers.insert(layers.end(), {same(w, step * step * w, 3, true, step), prelu()});
  layers.push_back(same(w, s.channels, 9, true));
  if (s.tanh) layers.push_back(nn::tanh());
  return nn::sequential(std::move(layers));
}

nn::Layer srgan_discriminator(const SrganJudge& s) {
  Layers layers;
  int in = s.channels;
  int64_t height = s.height, width = s.width;
  for (int i = 0; i < 8; ++i) {
    const int out = s.filters << (i / 2), stride = 1 + i % 2;
    layers.push_back(nn::conv(in, out, {.kernel = 3, .stride = stride, .padding = 1, .bias = i == 0}));
    if (i > 0) layers.push_back(nn::batch_norm(out, 1e-5, s.gain));
    layers.push_back(nn::leaky_relu(0.2));
    in = out, height = (height - 1) / stride + 1, width = (width - 1) / stride + 1;
  }
  const int features = int(height * width * in), hidden = 16 * s.filters;
  layers.insert(layers.end(), {nn::reshape_to({features}), nn::linear(features, hidden), nn::leaky_relu(0.2), nn::linear(hidden, 1)});
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
