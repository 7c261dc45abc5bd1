#include "gan/nets/sagan.h"

#include <algorithm>

#include "gan/nets/projection.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"
#include "nn/conditional.h"

namespace ganymede::nets {
namespace {

using nn::Layer;

Layer up_block(const SaganSize& s, int in, int out) {
  const WeightStyle w{.spectral = s.spectral_g};
  const auto norm = [&](int channels) { return nn::conditional_norm(nn::NormKind::batch, channels, s.classes, 1e-5, s.norm_momentum); };
  return nn::residual(nn::sequential({norm(in), nn::relu(), w.up_conv(in, out, 3), norm(out), nn::relu(), w.conv(out, out, 3)}),
                      nn::sequential({w.up_conv(in, out, 1)}));
}

}  // namespace

Layer sagan_generator(const SaganSize& s) {
  const int k = doublings_of_four(s.size, "SAGAN");
  const auto channels = [&](int block) { return s.width * std::min(16, 1 << (k - 1 - block)); };
  const WeightStyle w{.spectral = s.spectral_g};
  int c = channels(0);
  std::vector<Layer> layers{w.dense(s.latent, c * 16), nn::reshape_to({4, 4, c})};
  AttentionAt attention(s.attention, s.pooled, w);
  for (int i = 0; i < k; ++i) {
    layers.push_back(up_block(s, c, channels(i)));
    c = channels(i);
    if (const Layer a = i + 1 < k ? attention.after(8 << i, c) : nullptr) layers.push_back(a);
  }
  attention.check_placed(s.size);
  layers.push_back(nn::batch_norm(c, 1e-5, nn::init::one(), s.norm_momentum / 10));
  layers.push_back(nn::relu());
  layers.push_back(w.conv(c, s.channels, 3));
  layers.push_back(nn::tanh());
  return nn::sequential(std::move(layers));
}

Layer sagan_discriminator(const SaganSize& s) {
  const int k = doublings_of_four(s.size, "SAGAN");
  const WeightStyle w{.spectral = s.spectral_d};
  std::vector<Layer> layers;
  AttentionAt attention(s.attention, s.pooled, w);
  int c = s.channels;
  for (int i = 0; i < k; ++i) {
    const int out = s.width * std::min(16, 1 << i);
    layers.push_back(down_block(c, out, true, i == 0, w));
    c = out;
    if (const Layer a = i + 1 < k ? attention.after(s.size >> (i + 1), c) : nullptr) layers.push_back(a);
  }
  attention.check_placed(s.size);
  layers.push_back(down_block(c, c, false, false, w));
  layers.push_back(nn::relu());
  return projection_discriminator(nn::sequential(std::move(layers)), c, s.classes, s.projection, w);
}

}  // namespace ganymede::nets
