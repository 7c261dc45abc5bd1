#include "gan/nets/stargan.h"

#include "engine/check.h"
#include "gan/nets/labelled.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

// PyTorch's first weights; transposed convolutions count the terms of the direction back.
nn::ConvSpec stargan_spec(int fan_channels, int kernel, int stride, int padding, bool bias) {
  const nn::Init drawn = nn::init::as_pytorch(int64_t(fan_channels) * kernel * kernel);
  return {.kernel = kernel, .stride = stride, .padding = padding, .bias = bias, .weight = drawn, .bias_init = drawn};
}

}  // namespace

nn::Layer stargan_generator(const StarganShape& s) {
  std::vector<nn::Layer> layers{append_vector(s.attributes)};
  const auto normed = [](std::vector<nn::Layer>& to, nn::Layer conv, int channels, bool rectified = true) {
    to.push_back(std::move(conv));
    to.push_back(nn::norm(nn::NormKind::instance, channels));
    if (rectified) to.push_back(nn::relu());
  };
  const int inner = 4 * s.width, first = s.channels + s.attributes;
  normed(layers, nn::conv(first, s.width, stargan_spec(first, 7, 1, 3, false)), s.width);
  for (int w = s.width; w < inner; w *= 2) normed(layers, nn::conv(w, 2 * w, stargan_spec(w, 4, 2, 1, false)), 2 * w);
  for (int i = 0; i < s.blocks; ++i) {
    std::vector<nn::Layer> main;
    normed(main, nn::conv(inner, inner, stargan_spec(inner, 3, 1, 1, false)), inner);
    normed(main, nn::conv(inner, inner, stargan_spec(inner, 3, 1, 1, false)), inner, false);
    layers.push_back(nn::residual(nn::sequential(std::move(main))));
  }
  for (int w = inner; w > s.width; w /= 2) normed(layers, nn::deconv(w, w / 2, stargan_spec(w / 2, 4, 2, 1, false)), w / 2);
  layers.push_back(nn::conv(s.width, s.channels, stargan_spec(s.width, 7, 1, 3, false)));
  layers.push_back(nn::tanh());
  return nn::sequential(std::move(layers));
}

nn::Layer stargan_discriminator(const StarganShape& s) {
  if (s.size % (1 << s.halvings) || s.size >> s.halvings < 1)
    throw UsageError(text("setting d_layers=", s.halvings, ": D then takes multiples of ", 1 << s.halvings, " px, these pictures have ", s.size));
  std::vector<nn::Layer> layers;
  int in = s.channels, out = s.width;
  for (int i = 0; i < s.halvings; ++i, in = out, out *= 2) {
    layers.push_back(nn::conv(in, out, stargan_spec(in, 4, 2, 1, true)));
    layers.push_back(nn::leaky_relu(0.01));
  }
  const int side = s.size >> s.halvings;
  const nn::Layer attributes = nn::sequential({nn::conv(in, s.attributes, stargan_spec(in, side, 1, 0, false)), nn::reshape_to({s.attributes})});
  return with_heads(nn::sequential(std::move(layers)), {{"source", nn::conv(in, 1, stargan_spec(in, 3, 1, 1, false))}, {"attributes", attributes}});
}

}  // namespace ganymede::nets
