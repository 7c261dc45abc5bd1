#include "gan/nets/wgan_gp.h"

#include <algorithm>
#include <cmath>

#include "gan/nets/labelled.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"
#include "nn/conditional.h"

namespace ganymede::nets {
namespace {

constexpr int kMnist = 28;  // pixels: 7 doubled twice

int wgan_doublings(int size) { return doublings_of_four(size, "WGAN-GP", 1, ", and 28 with architecture dcgan"); }

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
// The DCGAN-like pair draws from normal(0, 0.02) at 64 x 64 and above, as DCGAN does.
nn::ConvSpec spec5(const WganGpSize& s, int in, int out) {
  nn::ConvSpec c = same(in, out, 5, 2, 4);
  if (s.size >= 64) c.weight = nn::init::dcgan();
  return c;
}
nn::Layer down5(const WganGpSize& s, int in, int out) { return nn::conv(in, out, spec5(s, in, out)); }
nn::Layer up5(const WganGpSize& s, int in, int out) {
  nn::ConvSpec c = spec5(s, in, out);
  c.output_padding = 1;
  return nn::deconv(in, out, c);
}
nn::Layer dense(int64_t in, int out, bool spectral = false) { return nn::linear(int(in), out, true, nn::init::xavier_uniform(in, out), nn::init::zero(), spectral); }
nn::Layer dense5(const WganGpSize& s, int in, int out) { return s.size >= 64 ? nn::linear(in, out) : dense(in, out); }

enum class Scale { up, same, down };

// A convolution of stride 1 with a change of scale before (up) or after it (down).
nn::Layer scaled_conv(Scale scale, int in, int out, nn::ConvSpec c, bool spectral) {
  c.spectral = spectral;
  return scale == Scale::up ? nn::upsample_conv(in, out, c) : scale == Scale::down ? nn::conv_mean_pool(in, out, c) : nn::conv(in, out, c);
}
nn::Layer conv3(int in, int out, double gain = 4, bool spectral = false, Scale scale = Scale::same) {
  return scaled_conv(scale, in, out, same(in, out, 3, 1, gain), spectral);
}
nn::Layer conv1(Scale scale, int in, int out, bool spectral) { return scaled_conv(scale, in, out, same(in, out, 1, 1, 2), spectral); }

// How the two residual pairs differ.
struct BlockStyle {
  nn::NormKind norm;
  bool first_bias;          // in the block's first convolution
  int classes = 0;          // > 0: a gain and a bias by class
  bool spectral = false;    // spectral norm of the weights
};
constexpr BlockStyle kGenerator{nn::NormKind::batch, true}, kCritic{nn::NormKind::none, true};
constexpr BlockStyle kGenerator64{nn::NormKind::batch, false}, kCritic64{nn::NormKind::layer, false}, kEncoder64{nn::NormKind::batch, false};

// Pre-activation block. The shortcut is resampled like the main path.
nn::Layer block(int in, int out, Scale scale, const BlockStyle& style) {
  std::vector<nn::Layer> main;
  const auto activate = [&](int channels) {
    if (style.norm != nn::NormKind::none) main.push_back(style.classes ? nn::conditional_norm(style.norm, channels, style.classes) : nn::norm(style.norm, channels));
    main.push_back(nn::relu());
  };
  activate(in);
  nn::ConvSpec first = same(in, out, 3, 1, 4);
  first.bias = style.first_bias;
  main.push_back(scaled_conv(scale == Scale::up ? scale : Scale::same, in, out, first, style.spectral));
  activate(out);
  main.push_back(conv3(out, out, 4, style.spectral, scale == Scale::down ? scale : Scale::same));
  if (scale == Scale::same && in == out) return nn::residual(nn::sequential(std::move(main)));
  return nn::residual(nn::sequential(std::move(main)), nn::sequential({conv1(scale, in, out, style.spectral)}));
}

nn::Layer mnist_generator(const WganGpSize& s) {
  const int w = s.width;
  return nn::sequential({dense(s.latent, 64 * w), nn::relu(), nn::reshape_to({4, 4, 4 * w}), up5(s, 4 * w, 2 * w), nn::relu(), nn::crop_to(7, 7),
                         up5(s, 2 * w, w), nn::relu(), up5(s, w, s.channels), nn::sigmoid()});
}

int halvings5(const WganGpSize& s) { return s.size == kMnist ? 3 : wgan_doublings(s.size); }  // 28 -> 14 -> 7 -> 4
int trunk5_width(const WganGpSize& s) { return s.width * 16 << (halvings5(s) - 1); }

// From the picture to 4 x 4, flat; norms: batch norm behind all convolutions but the first.
std::vector<nn::Layer> trunk5(const WganGpSize& s, bool norms) {
  int c = s.width;
  std::vector<nn::Layer> layers{down5(s, s.channels, c), nn::leaky_relu(0.2)};
  for (int i = 1; i < halvings5(s); ++i, c *= 2) {
    layers.push_back(down5(s, c, 2 * c));
    if (norms) layers.push_back(nn::batch_norm(2 * c));
    layers.push_back(nn::leaky_relu(0.2));
  }
  layers.push_back(nn::reshape_to({trunk5_width(s)}));
  return layers;
}

int64_t trunk64_width(const WganGpSize& s) { return int64_t(s.width) * 16 << std::min(wgan_doublings(s.size), 3); }

// From the picture to 4 x 4, flat.
std::vector<nn::Layer> trunk64(const WganGpSize& s, const BlockStyle& style) {
  std::vector<nn::Layer> layers{conv3(s.channels, s.width, 2)};
  int c = s.width;
  for (int i = 1; i <= wgan_doublings(s.size); ++i) {
    const int out = s.width << std::min(i, 3);
    layers.push_back(block(c, out, Scale::down, style));
    c = out;
  }
  layers.push_back(nn::reshape_to({trunk64_width(s)}));
  return layers;
}

}  // namespace

nn::Layer wgan_gp_generator(const WganGpSize& s) {
  if (s.size == kMnist) return mnist_generator(s);
  const int k = wgan_doublings(s.size);
  int c = s.width << (k - 1);
  std::vector<nn::Layer> layers{dense5(s, s.latent, c * 16), nn::batch_norm(c * 16), nn::relu(), nn::reshape_to({4, 4, c})};
  for (int i = 1; i < k; ++i, c /= 2) {
    layers.push_back(up5(s, c, c / 2));
    layers.push_back(nn::batch_norm(c / 2));
    layers.push_back(nn::relu());
  }
  layers.push_back(up5(s, c, s.channels));
  layers.push_back(nn::tanh());
  return nn::sequential(std::move(layers));
}

nn::Layer wgan_gp_critic(const WganGpSize& s) {
  std::vector<nn::Layer> layers = trunk5(s, false);
  layers.push_back(dense5(s, trunk5_width(s), 1));
  return nn::sequential(std::move(layers));
}

nn::Layer wgan_gp_judge(const WganGpSize& s) { return in_stages({nn::sequential(trunk5(s, false))}, nn::sequential({dense5(s, trunk5_width(s), 1)})); }

nn::Layer wgan_gp_encoder(const WganGpSize& s) {
  std::vector<nn::Layer> layers = trunk5(s, true);
  layers.push_back(dense5(s, trunk5_width(s), s.latent));
  return nn::sequential(std::move(layers));
}

nn::Layer resnet_generator(const WganGpSize& s) {
  const int c = s.width;
  BlockStyle style = kGenerator;
  style.classes = s.classes;
  std::vector<nn::Layer> layers{dense(s.latent, c * 16), nn::reshape_to({4, 4, c})};
  for (int i = 0; i < wgan_doublings(s.size); ++i) layers.push_back(block(c, c, Scale::up, style));
  layers.push_back(nn::batch_norm(c));
  layers.push_back(nn::relu());
  layers.push_back(conv3(c, s.channels, 2));
  layers.push_back(nn::tanh());
  return nn::sequential(std::move(layers));
}

nn::Layer resnet_critic(const WganGpSize& s) {
  const int c = s.width;
  wgan_doublings(s.size);
  // The first block sees the picture itself: no activation before its first convolution.
  nn::Layer first = nn::residual(nn::sequential({conv3(s.channels, c, 2, s.spectral), nn::relu(), conv3(c, c, 4, s.spectral, Scale::down)}),
                                  nn::sequential({conv1(Scale::down, s.channels, c, s.spectral)}));
  BlockStyle style = kCritic;
  style.spectral = s.spectral;
  std::vector<nn::Layer> layers{first, block(c, c, Scale::down, style), block(c, c, Scale::same, style), block(c, c, Scale::same, style), nn::relu(), nn::global_mean()};
  if (s.classes) return with_heads(nn::sequential(std::move(layers)), {{"score", dense(c, 1, s.spectral)}, {"label", dense(c, s.classes, s.spectral)}});
  layers.push_back(dense(c, 1, s.spectral));
  return nn::sequential(std::move(layers));
}

nn::Layer resnet64_generator(const WganGpSize& s) {
  const int k = wgan_doublings(s.size);
  const auto channels = [&](int left) { return s.width << std::min(left, 3); };  // with so many doublings to go
  std::vector<nn::Layer> layers{dense(s.latent, channels(k - 1) * 16), nn::reshape_to({4, 4, channels(k - 1)})};
  for (int i = 0, c = channels(k - 1); i < k; ++i) {
    const int out = channels(k - 1 - i);
    layers.push_back(block(c, out, Scale::up, kGenerator64));
    c = out;
  }
  layers.push_back(nn::batch_norm(s.width));
  layers.push_back(nn::relu());
  layers.push_back(conv3(s.width, s.channels));
  layers.push_back(nn::tanh());
  return nn::sequential(std::move(layers));
}

nn::Layer resnet64_critic(const WganGpSize& s) {
  std::vector<nn::Layer> layers = trunk64(s, kCritic64);
  layers.push_back(dense(trunk64_width(s), 1));
  return nn::sequential(std::move(layers));
}

nn::Layer resnet64_judge(const WganGpSize& s) { return in_stages({nn::sequential(trunk64(s, kCritic64))}, nn::sequential({dense(trunk64_width(s), 1)})); }

nn::Layer resnet64_encoder(const WganGpSize& s) {
  std::vector<nn::Layer> layers = trunk64(s, kEncoder64);
  layers.push_back(dense(trunk64_width(s), s.latent));
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
