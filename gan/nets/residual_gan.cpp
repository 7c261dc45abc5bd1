#include "gan/nets/residual_gan.h"

#include "engine/check.h"
#include "gan/nets/labelled.h"
#include "nn/layers.h"

namespace ganymede::nets {

nn::Layer residual_transformation(const ResidualGanShape& s) {
  const int w = s.width;
  std::vector<nn::Layer> layers;
  const auto normed = [&](nn::Layer conv, int channels) {
    layers.push_back(std::move(conv));
    layers.push_back(nn::batch_norm(channels));
    layers.push_back(nn::leaky_relu());
  };
  normed(nn::conv(s.channels, w, {.kernel = 5, .padding = 2, .bias = false}), w);
  normed(nn::conv(w, 2 * w, {.kernel = 4, .stride = 2, .padding = 1, .bias = false}), 2 * w);
  normed(nn::conv(2 * w, 4 * w, {.kernel = 4, .stride = 2, .padding = 1, .bias = false}), 4 * w);
  normed(nn::deconv(4 * w, 2 * w, {.kernel = 3, .stride = 2, .padding = 1, .output_padding = 1, .bias = false}), 2 * w);
  normed(nn::deconv(2 * w, w, {.kernel = 3, .stride = 2, .padding = 1, .output_padding = 1, .bias = false}), w);
  // A kernel of 4 that keeps the size: one pixel before, two behind.
  layers.push_back(pad_behind(1));
  layers.push_back(nn::conv(w, s.channels, {.kernel = 4, .padding = 1}));
  return nn::sequential(std::move(layers));
}

nn::Layer residual_discriminator(const ResidualGanShape& s) {
  int halvings = 0;
  while (s.size >> halvings > 4) ++halvings;
  if (s.size != 4 << halvings || halvings < 1) throw UsageError(text("a picture size of ", s.size, ": Residual-GAN takes 8, 16, 32, 64, ... pixels; set --size"));
  if (s.features > halvings) throw UsageError(text("setting features=", s.features, ": pictures of ", s.size, " px are halved ", halvings, " times"));
  std::vector<nn::Layer> trunk, rest;
  int in = s.channels, out = s.width;
  for (int i = 1; i <= halvings; ++i, in = out, out *= 2) {
    std::vector<nn::Layer>& layers = i <= s.features ? trunk : rest;
    layers.push_back(nn::conv(in, out, {.kernel = 4, .stride = 2, .padding = 1, .bias = i == 1}));
    if (i > 1) layers.push_back(nn::batch_norm(out));
    layers.push_back(nn::leaky_relu());
  }
  rest.push_back(nn::conv(in, s.classes, {.kernel = 4}));
  rest.push_back(nn::reshape_to({s.classes}));
  return with_heads(nn::sequential(std::move(trunk)), {{"classes", nn::sequential(std::move(rest))}, {"features", nn::sequential({})}});
}

}  // namespace ganymede::nets
