#include "gan/nets/cgan.h"

#include <algorithm>

#include "gan/nets/labelled.h"
#include "gan/nets/usual.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

const nn::Init kWide = nn::init::uniform(-0.05, 0.05), kNarrow = nn::init::uniform(-0.005, 0.005);

}  // namespace

nn::Layer cgan_generator(const CganSize& s) {
  const int of_z = std::max(1, s.width / 6), of_y = std::max(1, s.width - of_z), pixels = s.size * s.size * s.channels;
  const auto hidden = [](int in, int out) { return nn::sequential({nn::linear(in, out, true, kWide), nn::relu()}); };
  const auto drop = [&] { return nn::dropout(s.dropout ? 0.5 : 1); };
  return joined(hidden(s.latent, of_z), of_label(s.classes, hidden(s.classes, of_y)),
                nn::sequential({drop(), nn::linear(of_z + of_y, s.width, true, kWide), nn::relu(), drop(), nn::linear(s.width, pixels, true, kWide), nn::sigmoid()}));
}

nn::Layer cgan_discriminator(const CganSize& s) {
  const int of_y = std::max(1, s.units * 5 / 24);
  const auto drop = [&] { return nn::dropout(s.dropout ? 0.5 : 1); };
  return joined(nn::maxout(s.size * s.size * s.channels, s.units, 5, kNarrow), of_label(s.classes, nn::maxout(s.classes, of_y, 5, kNarrow)),
                nn::sequential({drop(), nn::maxout(s.units + of_y, s.units, 4, kNarrow), drop(), nn::linear(s.units, 1, true, kNarrow)}));
}

nn::Layer cgan_conv_generator(const CganSize& s) {
  const int k = doublings_of_four(s.size, "cgan's convolutions");
  int c = s.width << (k - 1);
  std::vector<nn::Layer> layers{nn::reshape_to({1, 1, s.latent}), append_label(s.classes), nn::deconv(s.latent + s.classes, c, {.kernel = 4, .bias = false}), dcgan_norm(c), nn::relu()};
  for (int i = 1; i < k; ++i, c /= 2) {
    layers.push_back(append_label(s.classes));
    layers.push_back(nn::deconv(c + s.classes, c / 2, halving(false)));
    layers.push_back(dcgan_norm(c / 2));
    layers.push_back(nn::relu());
  }
  layers.push_back(append_label(s.classes));
  layers.push_back(nn::deconv(c + s.classes, s.channels, halving(false)));
  layers.push_back(nn::tanh());
  return nn::sequential(std::move(layers));
}

nn::Layer cgan_conv_discriminator(const CganSize& s) {
  const int k = doublings_of_four(s.size, "cgan's convolutions");
  int c = s.width;
  std::vector<nn::Layer> layers{append_label(s.classes), nn::conv(s.channels + s.classes, c, halving(false, s.spectral)), nn::leaky_relu(0.2)};
  for (int i = 1; i < k; ++i, c *= 2) {
    layers.push_back(append_label(s.classes));
    layers.push_back(nn::conv(c + s.classes, 2 * c, halving(!s.norm, s.spectral)));
    if (s.norm) layers.push_back(dcgan_norm(2 * c));
    layers.push_back(nn::leaky_relu(0.2));
  }
  layers.push_back(nn::reshape_to({int64_t(c) * 16}));
  layers.push_back(append_label(s.classes));
  layers.push_back(nn::linear(c * 16 + s.classes, 1, false, nn::init::dcgan(), nn::init::zero(), s.spectral));
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
