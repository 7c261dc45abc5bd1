#include "gan/nets/fader.h"

#include <algorithm>

#include "engine/check.h"
#include "gan/nets/labelled.h"
#include "gan/nets/usual.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

// Channels of the picture and behind each halving, down to 4 x 4.
std::vector<int> channels_of(const FaderShape& s) {
  std::vector<int> c{s.channels};
  int side = 4;
  for (int w = s.width; side < s.size; side *= 2, w *= 2) c.push_back(std::min(w, s.most));
  if (side != s.size || s.size < 8) throw UsageError(text("a picture size of ", s.size, ": Fader networks take 8, 16, 32, 64, ... pixels; set --size"));
  return c;
}

nn::ConvSpec fader_spec(int fan_channels, bool bias) {
  const nn::Init drawn = nn::init::as_pytorch(int64_t(fan_channels) * 16);
  return {.kernel = 4, .stride = 2, .padding = 1, .bias = bias, .weight = drawn, .bias_init = drawn};
}

}  // namespace

nn::Layer fader_encoder(const FaderShape& s) {
  const std::vector<int> c = channels_of(s);
  std::vector<nn::Layer> layers;
  for (size_t i = 1; i < c.size(); ++i) {
    layers.push_back(nn::conv(c[i - 1], c[i], fader_spec(c[i - 1], true)));
    if (i > 1) layers.push_back(nn::batch_norm(c[i]));
    layers.push_back(nn::leaky_relu());
  }
  return nn::sequential(std::move(layers));
}

nn::Layer fader_decoder(const FaderShape& s) {
  const std::vector<int> c = channels_of(s);
  std::vector<nn::Layer> layers;
  for (size_t i = c.size() - 1; i > 0; --i) {
    layers.push_back(append_vector(s.coded));
    layers.push_back(nn::deconv(c[i] + s.coded, c[i - 1], fader_spec(c[i - 1], false)));
    if (i > 1) layers.push_back(nn::batch_norm(c[i - 1]));
    layers.push_back(i > 1 ? nn::relu() : nn::tanh());
  }
  return nn::sequential(std::move(layers));
}

nn::Layer fader_discriminator(const FaderShape& s) {
  std::vector<nn::Layer> layers;
  int in = channels_of(s).back();
  for (int i = 0; i < 2; ++i, in = s.hidden)
    for (nn::Layer l : {nn::conv(in, s.hidden, fader_spec(in, true)), nn::batch_norm(s.hidden), nn::leaky_relu(), nn::dropout(0.7)}) layers.push_back(std::move(l));
  for (nn::Layer l : {nn::reshape_to({s.hidden}), pytorch_linear(s.hidden, s.hidden), nn::leaky_relu(), pytorch_linear(s.hidden, s.coded)}) layers.push_back(std::move(l));
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
