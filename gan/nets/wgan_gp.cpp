#include "gan/nets/wgan_gp.h"

#include <cmath>

#include "engine/check.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

int doublings(int size) {
  int k = 0, s = 4;
  while (s < size) s *= 2, ++k;
  if (s != size || k < 1) throw UsageError(text("a picture size of ", size, ": WGAN-GP takes 8, 16, 32, 64, ... pixels; set --size"));
  return k;
}

// Uniform with standard deviation sqrt(4 / (fan in + fan out)), or sqrt(2 / ...) for the linear and outer ones; the fan out
// of a strided convolution is divided by stride^2.
nn::Init spread(double gain, int in, int out, int kernel, int stride) {
  const double fans = double(in) * kernel * kernel + double(out) * kernel * kernel / (stride * stride);
  const double r = std::sqrt(3.0 * gain / fans);
  return nn::init::uniform(-r, r);
}
nn::ConvSpec same(int in, int out, int kernel, int stride, double gain) {
  nn::ConvSpec c;
  c.kernel = kernel, c.stride = stride, c.padding = kernel / 2, c.weight = spread(gain, in, out, kernel, stride);
  return c;
}
nn::Layer down5(int in, int out) { return nn::conv(in, out, same(in, out, 5, 2, 4)); }
nn::Layer up5(int in, int out) {
  nn::ConvSpec c = same(in, out, 5, 2, 4);
  c.output_padding = 1;
  return nn::deconv(in, out, c);
}
nn::Layer conv3(int in, int out, double gain = 4) { return nn::conv(in, out, same(in, out, 3, 1, gain)); }
nn::Layer conv1(int in, int out) { return nn::conv(in, out, same(in, out, 1, 1, 2)); }
nn::Layer dense(int in, int out) { return nn::linear(in, out, true, nn::init::xavier_uniform(in, out)); }

enum class Scale { up, same, down };

// Pre-activation block; norm in the generator only. The shortcut is resampled like the main path.
nn::Layer block(int in, int out, Scale scale, bool norm) {
  std::vector<nn::Layer> main, shortcut;
  if (norm) main.push_back(nn::batch_norm(in));
  main.push_back(nn::relu());
  if (scale == Scale::up) main.push_back(nn::upsample(2)), shortcut.push_back(nn::upsample(2));
  main.push_back(conv3(in, out));
  if (norm) main.push_back(nn::batch_norm(out));
  main.push_back(nn::relu());
  main.push_back(conv3(out, out));
  if (scale == Scale::down) main.push_back(nn::mean_pool());
  if (scale == Scale::same && in == out) return nn::residual(nn::sequential(std::move(main)));
  shortcut.push_back(conv1(in, out));
  if (scale == Scale::down) shortcut.push_back(nn::mean_pool());
  return nn::residual(nn::sequential(std::move(main)), nn::sequential(std::move(shortcut)));
}

}  // namespace

nn::Layer wgan_gp_generator(const WganGpSize& s) {
  const int k = doublings(s.size);
  int c = s.width << (k - 1);
  std::vector<nn::Layer> layers{dense(s.latent, c * 16), nn::batch_norm(c * 16), nn::relu(), nn::reshape_to({4, 4, c})};
  for (int i = 1; i < k; ++i, c /= 2) {
    layers.push_back(up5(c, c / 2));
    layers.push_back(nn::batch_norm(c / 2));
    layers.push_back(nn::relu());
  }
  layers.push_back(up5(c, s.channels));
  layers.push_back(nn::tanh());
  return nn::sequential(std::move(layers));
}

nn::Layer wgan_gp_critic(const WganGpSize& s) {
  const int k = doublings(s.size);
  int c = s.width;
  std::vector<nn::Layer> layers{down5(s.channels, c), nn::leaky_relu(0.2)};
  for (int i = 1; i < k; ++i, c *= 2) {
    layers.push_back(down5(c, 2 * c));
    layers.push_back(nn::leaky_relu(0.2));
  }
  layers.push_back(nn::reshape_to({int64_t(c) * 16}));
  layers.push_back(dense(c * 16, 1));
  return nn::sequential(std::move(layers));
}

nn::Layer resnet_generator(const WganGpSize& s) {
  const int c = s.width;
  std::vector<nn::Layer> layers{dense(s.latent, c * 16), nn::reshape_to({4, 4, c})};
  for (int i = 0; i < doublings(s.size); ++i) layers.push_back(block(c, c, Scale::up, true));
  layers.push_back(nn::batch_norm(c));
  layers.push_back(nn::relu());
  layers.push_back(conv3(c, s.channels, 2));
  layers.push_back(nn::tanh());
  return nn::sequential(std::move(layers));
}

nn::Layer resnet_critic(const WganGpSize& s) {
  const int c = s.width;
  doublings(s.size);
  // The first block sees the picture itself: no activation before its first convolution.
  nn::Layer first = nn::residual(nn::sequential({conv3(s.channels, c, 2), nn::relu(), conv3(c, c), nn::mean_pool()}), nn::sequential({nn::mean_pool(), conv1(s.channels, c)}));
  return nn::sequential({first, block(c, c, Scale::down, false), block(c, c, Scale::same, false), block(c, c, Scale::same, false), nn::relu(), nn::global_mean(), dense(c, 1)});
}

}  // namespace ganymede::nets
