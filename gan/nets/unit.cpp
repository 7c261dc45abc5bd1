#include "gan/nets/unit.h"

#include "gan/nets/translation_resnet.h"

namespace ganymede::nets {
namespace {

constexpr double kUnitSlope = 0.01;
const TranslationNorm kNorm{nn::NormKind::instance, false};

using Layers = std::vector<nn::Layer>;

// Biases only where no norm follows.
void add(Layers& to, const UnitShape& s, nn::Layer conv, int channels) {
  to.push_back(std::move(conv));
  if (s.normed) to.insert(to.end(), {kNorm(channels), nn::relu()});
  else to.push_back(nn::leaky_relu(kUnitSlope));
}
void add_blocks(Layers& to, const UnitShape& s, int count) {
  for (int i = 0; i < count; ++i) to.push_back(residual_block(4 * s.width, kNorm, Padding::zero, s.dropped));
}
// Layers of stride 2, from number `first` (from 0) to before `last`.
void add_halvings(Layers& to, const UnitJudgeShape& s, int first, int last) {
  for (int i = first; i < last; ++i)
    to.insert(to.end(), {nn::conv(i ? s.width << (i - 1) : s.channels, s.width << i, {.kernel = 3, .stride = 2, .padding = 1}), nn::leaky_relu(kUnitSlope)});
}
nn::Layer verdict(const UnitJudgeShape& s) { return nn::conv(s.width << (s.layers - 1), 1, {.kernel = 1}); }

}  // namespace

nn::Layer unit_encoder(const UnitShape& s) {
  Layers layers{nn::conv(s.channels, s.width, {.kernel = 7, .padding = 3}), nn::leaky_relu(kUnitSlope)};
  for (int c = s.width; c < 4 * s.width; c *= 2) add(layers, s, nn::conv(c, 2 * c, {.kernel = 3, .stride = 2, .padding = 1, .bias = !s.normed}), 2 * c);
  add_blocks(layers, s, s.blocks);
  return nn::sequential(std::move(layers));
}

nn::Layer unit_decoder(const UnitShape& s) {
  Layers layers;
  add_blocks(layers, s, s.blocks);
  for (int c = 4 * s.width; c > s.width; c /= 2) add(layers, s, nn::deconv(c, c / 2, {.kernel = 3, .stride = 2, .padding = 1, .output_padding = 1, .bias = !s.normed}), c / 2);
  layers.insert(layers.end(), {nn::conv(s.width, s.channels, {.kernel = 1}), nn::tanh()});
  return nn::sequential(std::move(layers));
}

nn::Layer unit_blocks(const UnitShape& s, int count) {
  Layers layers;
  add_blocks(layers, s, count);
  return nn::sequential(std::move(layers));
}

nn::Layer unit_judge(const UnitJudgeShape& s) {
  Layers layers;
  add_halvings(layers, s, 0, s.layers);
  layers.push_back(verdict(s));
  return nn::sequential(std::move(layers));
}

nn::Layer unit_judge_front(const UnitJudgeShape& s) {
  Layers layers{nn::conv(s.channels, s.width, {.kernel = 7, .stride = 2, .padding = 3}), nn::leaky_relu(kUnitSlope)};
  add_halvings(layers, s, 1, 2);
  return nn::sequential(std::move(layers));
}

nn::Layer unit_judge_trunk(const UnitJudgeShape& s) {
  Layers layers;
  add_halvings(layers, s, 2, s.layers);
  layers.push_back(verdict(s));
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
