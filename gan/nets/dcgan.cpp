#include "gan/nets/dcgan.h"

#include "gan/nets/usual.h"

namespace ganymede::nets {
namespace {

// Halving (or doubling) convolutions: k5 p2 in the paper's drawing, k4 p1 in the Torch code. Biases only where no norm follows.
nn::ConvSpec step(bool paper, bool up, bool bias, bool spectral = false) {
  nn::ConvSpec c;
  c.kernel = paper ? 5 : 4, c.stride = 2, c.padding = paper ? 2 : 1, c.bias = bias, c.spectral = spectral;
  if (paper && up) c.output_padding = 1;
  return c;
}

}  // namespace

nn::Layer dcgan_generator(const DcganSize& s) {
  const int k = doublings_of_four(s.size, "DCGAN");
  int c = s.width << (k - 1);
  std::vector<nn::Layer> layers;
  if (s.paper) {
    layers.push_back(nn::linear(s.latent, c * 16, false));
    if (s.norm) layers.push_back(dcgan_norm(c * 16));
    layers.push_back(nn::relu());
    layers.push_back(nn::reshape_to({4, 4, c}));
  } else {
    layers.push_back(nn::reshape_to({1, 1, s.latent}));
    layers.push_back(nn::deconv(s.latent, c, {.kernel = 4, .bias = !s.norm}));
    if (s.norm) layers.push_back(dcgan_norm(c));
    layers.push_back(nn::relu());
  }
  for (int i = 1; i < k; ++i, c /= 2) {
    layers.push_back(nn::deconv(c, c / 2, step(s.paper, true, !s.norm)));
    if (s.norm) layers.push_back(dcgan_norm(c / 2));
    layers.push_back(nn::relu());
  }
  layers.push_back(nn::deconv(c, s.channels, step(s.paper, true, false)));
  layers.push_back(nn::tanh());
  return nn::sequential(std::move(layers));
}

namespace {

std::vector<nn::Layer> halved(const DcganSize& s) {
  const int k = doublings_of_four(s.size, "DCGAN");
  int c = s.width;
  std::vector<nn::Layer> layers{nn::conv(s.channels, c, step(s.paper, false, false, s.spectral)), nn::leaky_relu(0.2)};
  for (int i = 1; i < k; ++i, c *= 2) {
    layers.push_back(nn::conv(c, 2 * c, step(s.paper, false, !s.norm, s.spectral)));
    if (s.norm) layers.push_back(dcgan_norm(2 * c));
    layers.push_back(nn::leaky_relu(0.2));
  }
  layers.push_back(nn::reshape_to({int64_t(c) * 16}));
  return layers;
}

nn::Layer judge(const DcganSize& s, int outputs, bool bias) {
  std::vector<nn::Layer> layers = halved(s);
  layers.push_back(nn::linear(dcgan_features(s), outputs, bias, nn::init::dcgan(), nn::init::zero(), s.spectral));
  return nn::sequential(std::move(layers));
}

}  // namespace

int dcgan_features(const DcganSize& s) { return 16 * s.width << (doublings_of_four(s.size, "DCGAN") - 1); }
nn::Layer dcgan_trunk(const DcganSize& s) { return nn::sequential(halved(s)); }
nn::Layer dcgan_discriminator(const DcganSize& s) { return judge(s, 1, false); }
nn::Layer dcgan_encoder(const DcganSize& s) { return judge(s, s.latent, true); }

}  // namespace ganymede::nets
