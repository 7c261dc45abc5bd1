#include "gan/nets/translation_resnet.h"

#include "engine/check.h"
#include "gan/nets/labelled.h"

namespace ganymede::nets {

nn::Layer residual_block(int channels, const TranslationNorm& norm, Padding border, double dropped) {
  const nn::ConvSpec c{.kernel = 3, .padding = 1, .bias = false, .border = border};
  std::vector<nn::Layer> main{nn::conv(channels, channels, c), norm(channels), nn::relu(), nn::conv(channels, channels, c), norm(channels)};
  if (dropped > 0) main.push_back(nn::dropout(1 - dropped));
  return nn::residual(nn::sequential(std::move(main)));
}

nn::Layer translation_resnet(const ResnetShape& s) {
  std::vector<nn::Layer> layers;
  // Biases only where no norm follows.
  const auto normed = [&](nn::Layer conv, int channels) { layers.insert(layers.end(), {std::move(conv), s.norm(channels), nn::relu()}); };
  const int inner = 4 * s.width;
  normed(nn::conv(s.in, s.width, {.kernel = 7, .padding = 3, .bias = false, .border = Padding::reflect}), s.width);
  for (int c = s.width; c < inner; c *= 2) normed(nn::conv(c, 2 * c, {.kernel = 3, .stride = 2, .padding = 1, .bias = false}), 2 * c);
  if (s.condition) layers.insert(layers.end(), {append_vector(s.condition), nn::conv(inner + s.condition, inner, {.kernel = 3, .padding = 1}), nn::relu()});
  for (int i = 0; i < s.blocks; ++i) layers.push_back(residual_block(inner, s.norm, Padding::reflect));
  for (int c = inner; c > s.width; c /= 2) normed(nn::deconv(c, c / 2, {.kernel = 3, .stride = 2, .padding = 1, .output_padding = 1, .bias = false}), c / 2);
  layers.push_back(nn::conv(s.width, s.out, {.kernel = 7, .padding = 3, .border = Padding::reflect}));
  layers.push_back(nn::tanh());
  return nn::sequential(std::move(layers));
}

ResnetHalves translation_resnet_halves(const ResnetShape& s) {
  require(s.condition == 0 && s.blocks > 0, "halves of a generator with a condition, or without residual blocks");
  const auto whole = std::dynamic_pointer_cast<nn::Sequential>(translation_resnet(s));
  // Convolution, norm, relu three times, then the blocks.
  const int blocks = 9, middle = blocks + (s.blocks + 1) / 2;
  const auto part = [&](int begin, int end) { return nn::sequential({whole->layers().begin() + begin, whole->layers().begin() + end}); };
  std::vector<nn::Layer> stages{part(0, 4), part(4, 7)};
  std::vector<int> channels{4 * s.width, 2 * s.width, 4 * s.width};
  const bool several = middle - blocks > 1;
  if (several) stages.push_back(part(7, blocks + 1)), channels.push_back(4 * s.width);
  return {in_stages(std::move(stages), part(several ? blocks + 1 : 7, middle)), part(middle, int(whole->layers().size())), std::move(channels)};
}

}  // namespace ganymede::nets
