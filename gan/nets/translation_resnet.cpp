#include "gan/nets/translation_resnet.h"

namespace ganymede::nets {

nn::Layer translation_resnet(const ResnetShape& s) {
  std::vector<nn::Layer> layers;
  // Biases only where no norm follows.
  const auto normed = [&](std::vector<nn::Layer>& to, nn::Layer conv, int channels, bool rectified = true) {
    to.push_back(std::move(conv));
    to.push_back(s.norm(channels));
    if (rectified) to.push_back(nn::relu());
  };
  const int inner = 4 * s.width;
  normed(layers, nn::conv(s.in, s.width, {.kernel = 7, .padding = 3, .bias = false, .border = Padding::reflect}), s.width);
  for (int c = s.width; c < inner; c *= 2) normed(layers, nn::conv(c, 2 * c, {.kernel = 3, .stride = 2, .padding = 1, .bias = false}), 2 * c);
  for (int i = 0; i < s.blocks; ++i) {
    const nn::ConvSpec c{.kernel = 3, .padding = 1, .bias = false, .border = Padding::reflect};
    std::vector<nn::Layer> main;
    normed(main, nn::conv(inner, inner, c), inner);
    normed(main, nn::conv(inner, inner, c), inner, false);
    layers.push_back(nn::residual(nn::sequential(std::move(main))));
  }
  for (int c = inner; c > s.width; c /= 2) normed(layers, nn::deconv(c, c / 2, {.kernel = 3, .stride = 2, .padding = 1, .output_padding = 1, .bias = false}), c / 2);
  layers.push_back(nn::conv(s.width, s.out, {.kernel = 7, .padding = 3, .border = Padding::reflect}));
  layers.push_back(nn::tanh());
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
