#include "gan/nets/stackgan.h"

#include "engine/check.h"
#include "gan/nets/labelled.h"
#include "gan/nets/text_encoder.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

using Layers = std::vector<nn::Layer>;

nn::ConvSpec three() { return {.kernel = 3, .padding = 1, .bias = false}; }
void enlarge(Layers& to, int in, int out) { to.insert(to.end(), {nn::upsample_conv(in, out, three()), dcgan_norm(out)}); }

}  // namespace

nn::Layer conditioning(const TextConvSize& s) { return nn::sequential({nn::linear(s.text, 2 * s.projected), nn::leaky_relu(0.2)}); }

nn::Layer stack_first_generator(const TextConvSize& s) {
  const int k = text_halvings(s.size);
  int c = s.width << (k - 1);
  Layers layers{nn::linear(s.projected + s.latent, 16 * c, false), dcgan_norm(16 * c), nn::reshape_to({4, 4, c})};
  text_bottleneck(layers, c, nn::relu());
  for (int i = 1; i < k; ++i, c /= 2) {
    enlarge(layers, c, c / 2);
    if (i == 1) text_bottleneck(layers, c / 2, nn::relu());
    else layers.push_back(nn::relu());
  }
  layers.insert(layers.end(), {nn::upsample_conv(c, s.channels, three()), nn::tanh()});
  return nn::sequential(std::move(layers));
}

nn::Layer stack_second_generator(const TextConvSize& s, int scale, int blocks) {
  const int low = s.size / scale, w = s.width;
  if (scale < 2 || (scale & (scale - 1)) != 0 || low * scale != s.size || low % 4 != 0)
    throw UsageError(text("setting scale=", scale, " of pictures of ", s.size, " px: it must be 2, 4, 8, ... and leave the first stage a multiple of 4 px; set --size"));
  const nn::ConvSpec half{.kernel = 4, .stride = 2, .padding = 1, .bias = false};
  Layers layers{nn::conv(s.channels, w, three()), nn::relu(), nn::conv(w, 2 * w, half), dcgan_norm(2 * w), nn::relu(), nn::conv(2 * w, 4 * w, half), dcgan_norm(4 * w), nn::relu(),
                append_vector(s.projected), nn::conv(4 * w + s.projected, 4 * w, three()), dcgan_norm(4 * w), nn::relu()};
  for (int i = 0; i < blocks; ++i)
    layers.insert(layers.end(), {nn::residual(nn::sequential({nn::conv(4 * w, 4 * w, three()), dcgan_norm(4 * w), nn::relu(), nn::conv(4 * w, 4 * w, three()), dcgan_norm(4 * w)})), nn::relu()});
  int c = 4 * w;
  for (int side = low / 4; side < s.size; side *= 2, c = std::max(1, c / 2)) enlarge(layers, c, std::max(1, c / 2)), layers.push_back(nn::relu());
  layers.insert(layers.end(), {nn::conv(c, s.channels, three()), nn::tanh()});
  return nn::sequential(std::move(layers));
}

nn::Layer stack_second_discriminator(const TextConvSize& s, int scale) {
  const nn::ConvSpec half{.kernel = 4, .stride = 2, .padding = 1, .bias = false};
  const int k = text_halvings(s.size), last = s.width << (text_halvings(s.size / scale) - 1);
  int c = s.width;
  Layers layers{nn::conv(s.channels, c, half), nn::leaky_relu(0.2)};
  for (int i = 1; i < k; ++i, c *= 2) layers.insert(layers.end(), {nn::conv(c, 2 * c, half), dcgan_norm(2 * c), nn::leaky_relu(0.2)});
  for (; c > last; c /= 2) {
    layers.insert(layers.end(), {nn::conv(c, c / 2, {.kernel = 1, .bias = false}), dcgan_norm(c / 2)});
    if (c / 2 > last) layers.push_back(nn::leaky_relu(0.2));
  }
  text_bottleneck(layers, c, nn::leaky_relu(0.2));
  text_verdict(layers, c, s);
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
