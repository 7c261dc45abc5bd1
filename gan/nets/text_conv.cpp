#include "gan/nets/text_conv.h"

#include "engine/check.h"
#include "gan/nets/text_encoder.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

using Layers = std::vector<nn::Layer>;

nn::ConvSpec half() { return {.kernel = 4, .stride = 2, .padding = 1, .bias = false}; }
}  // namespace

int text_halvings(int size) { return doublings_of_four(size, "a network of texts"); }

void text_bottleneck(Layers& to, int channels, const nn::Layer& f) {
  const int inner = std::max(1, channels / 4);
  const auto conv = [](int in, int out, int kernel) { return nn::conv(in, out, {.kernel = kernel, .padding = kernel / 2, .bias = false}); };
  to.push_back(nn::residual(nn::sequential({conv(channels, inner, 1), dcgan_norm(inner), f, conv(inner, inner, 3), dcgan_norm(inner), f, conv(inner, channels, 3), dcgan_norm(channels)})));
  to.push_back(f);
}

void text_verdict(Layers& to, int c, const TextConvSize& s) {
  to.insert(to.end(), {append_text(s.text, s.projected), nn::conv(c + s.projected, c, {.kernel = 1, .bias = false}), dcgan_norm(c), nn::leaky_relu(0.2),
                       nn::conv(c, 1, {.kernel = 4, .bias = false}), nn::reshape_to({1})});
}

namespace {

// From the picture to 4x4 and one residual block; the channels there.
int trunk(Layers& to, const TextConvSize& s) {
  const int k = text_halvings(s.size);
  int c = s.width;
  to.insert(to.end(), {nn::conv(s.channels, c, half()), nn::leaky_relu(0.2)});
  for (int i = 1; i < k; ++i, c *= 2) {
    to.insert(to.end(), {nn::conv(c, 2 * c, half()), dcgan_norm(2 * c)});
    if (i + 1 < k) to.push_back(nn::leaky_relu(0.2));
  }
  text_bottleneck(to, c, nn::leaky_relu(0.2));
  return c;
}

}  // namespace

nn::Layer text_generator(const TextConvSize& s) {
  const int k = text_halvings(s.size), in = s.latent + s.projected;
  int c = s.width << (k - 1);
  Layers layers{append_text(s.text, s.projected), nn::reshape_to({1, 1, in}), nn::deconv(in, c, {.kernel = 4, .bias = false}), dcgan_norm(c)};
  text_bottleneck(layers, c, nn::relu());
  for (int i = 1; i < k; ++i, c /= 2) {
    layers.insert(layers.end(), {nn::deconv(c, c / 2, half()), dcgan_norm(c / 2)});
    if (i == 1) text_bottleneck(layers, c / 2, nn::relu());
    else layers.push_back(nn::relu());
  }
  layers.insert(layers.end(), {nn::deconv(c, s.channels, half()), nn::tanh()});
  return nn::sequential(std::move(layers));
}

nn::Layer text_discriminator(const TextConvSize& s) {
  Layers layers;
  const int c = trunk(layers, s);
  text_verdict(layers, c, s);
  return nn::sequential(std::move(layers));
}

nn::Layer text_style_encoder(const TextConvSize& s) {
  Layers layers;
  const int c = trunk(layers, s);
  layers.insert(layers.end(), {nn::reshape_to({16 * c}), nn::linear(16 * c, s.latent)});
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
