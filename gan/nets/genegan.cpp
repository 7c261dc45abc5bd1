#include "gan/nets/genegan.h"

#include <algorithm>

#include "engine/check.h"
#include "gan/nets/usual.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

// Channels behind the i-th halving.
int channels_behind(const GeneganShape& s, int i) { return i == 0 ? s.channels : s.width * std::min(1 << (i - 1), 4); }

// Halvings, each normed but the first.
std::vector<nn::Layer> halved(const GeneganShape& s, int halvings, bool norm) {
  std::vector<nn::Layer> layers;
  for (int i = 1; i <= halvings; ++i) {
    const bool normed = norm && i > 1;
    layers.push_back(nn::conv(channels_behind(s, i - 1), channels_behind(s, i), halving(i > 1 && !normed)));
    if (normed) layers.push_back(nn::batch_norm(channels_behind(s, i)));
    layers.push_back(nn::leaky_relu());
  }
  return layers;
}

}  // namespace

int GeneganShape::inner() const { return channels_behind(*this, halvings); }

nn::Layer genegan_splitter(const GeneganShape& s) {
  if (s.size % (1 << s.halvings)) throw UsageError(text("setting halvings=", s.halvings, ": pictures are then multiples of ", 1 << s.halvings, " px, these have ", s.size));
  return nn::sequential(halved(s, s.halvings, true));
}

nn::Layer genegan_joiner(const GeneganShape& s) {
  std::vector<nn::Layer> layers;
  // As wide as the splitter on the other side of a step, but for the first, which keeps the code's width.
  int in = s.inner();
  for (int i = s.halvings; i >= 1; --i) {
    const int out = i == 1 ? s.channels : i == s.halvings ? in : channels_behind(s, i);
    layers.push_back(nn::deconv(in, out, halving(i == 1)));
    if (i > 1) layers.push_back(nn::batch_norm(out));
    layers.push_back(i > 1 ? nn::relu() : nn::tanh());
    in = out;
  }
  return nn::sequential(std::move(layers));
}

nn::Layer genegan_critic(const GeneganShape& s) {
  int halvings = 0;
  while (s.size >> halvings > 4) ++halvings;
  if (s.size != 4 << halvings || halvings < 1) throw UsageError(text("a picture size of ", s.size, ": GeneGAN takes 8, 16, 32, 64, ... pixels; set --size"));
  std::vector<nn::Layer> layers = halved(s, halvings, s.norm);
  const int features = 16 * channels_behind(s, halvings);
  layers.push_back(nn::reshape_to({features}));
  layers.push_back(nn::linear(features, 1, false));   // a bias would cancel in the difference of scores
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
