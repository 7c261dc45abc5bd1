#include "gan/nets/pldt.h"

#include <bit>

#include "engine/check.h"
#include "gan/nets/progressive.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

// Halvings from the picture to 4 x 4.
int halvings(int size) {
  if (!is_doubled_four(size) || size == 4) throw UsageError(text("a picture size of ", size, ": PLDT takes 8, 16, 32, 64, 128, ... pixels; set --size"));
  return std::countr_zero(unsigned(size / 4));
}

nn::ConvSpec strided() { return {.kernel = 5, .stride = 2, .padding = 2, .bias = false}; }
nn::ConvSpec doubling() { return {.kernel = 5, .stride = 2, .padding = 2, .output_padding = 1, .bias = false}; }
nn::ConvSpec whole() { return {.kernel = 4, .bias = false}; }
nn::Layer norm(int channels) { return nn::batch_norm(channels, 1e-5, nn::init::normal(1, 0.02)); }

// From the picture to 4 x 4; the channels there.
int add_halvings(std::vector<nn::Layer>& layers, const PldtSize& s) {
  int in = s.in;
  for (int i = 0, out = s.width; i < halvings(s.size); ++i, in = out, out *= 2) {
    layers.push_back(nn::conv(in, out, strided()));
    if (i) layers.push_back(norm(out));
    layers.push_back(nn::leaky_relu(0.2));
  }
  return in;
}

}  // namespace

nn::Layer pldt_converter(const PldtSize& s) {
  std::vector<nn::Layer> layers;
  int c = add_halvings(layers, s);
  layers.insert(layers.end(), {nn::conv(c, s.code, whole()), norm(s.code), nn::leaky_relu(0.2), nn::deconv(s.code, c, whole()), norm(c), nn::relu()});
  for (; c > s.width; c /= 2) layers.insert(layers.end(), {nn::deconv(c, c / 2, doubling()), norm(c / 2), nn::relu()});
  layers.insert(layers.end(), {nn::deconv(c, s.out, doubling()), nn::tanh()});
  return nn::sequential(std::move(layers));
}

nn::Layer pldt_discriminator(const PldtSize& s) {
  std::vector<nn::Layer> layers;
  const int c = add_halvings(layers, s);
  layers.push_back(nn::conv(c, 1, whole()));
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
