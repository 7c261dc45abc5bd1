#include "gan/nets/pldt.h"

#include "gan/nets/usual.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

nn::ConvSpec strided() { return {.kernel = 5, .stride = 2, .padding = 2, .bias = false}; }
nn::ConvSpec doubling() { return {.kernel = 5, .stride = 2, .padding = 2, .output_padding = 1, .bias = false}; }
nn::ConvSpec whole() { return {.kernel = 4, .bias = false}; }
// From the picture to 4 x 4; the channels there.
int add_halvings(std::vector<nn::Layer>& layers, const PldtSize& s) {
  int in = s.in;
  for (int i = 0, k = doublings_of_four(s.size, "PLDT"), out = s.width; i < k; ++i, in = out, out *= 2) {
    layers.push_back(nn::conv(in, out, strided()));
    if (i) layers.push_back(dcgan_norm(out));
    layers.push_back(nn::leaky_relu(0.2));
  }
  return in;
}

}  // namespace

nn::Layer pldt_converter(const PldtSize& s) {
  std::vector<nn::Layer> layers;
  int c = add_halvings(layers, s);
  layers.insert(layers.end(), {nn::conv(c, s.code, whole()), dcgan_norm(s.code), nn::leaky_relu(0.2), nn::deconv(s.code, c, whole()), dcgan_norm(c), nn::relu()});
  for (; c > s.width; c /= 2) layers.insert(layers.end(), {nn::deconv(c, c / 2, doubling()), dcgan_norm(c / 2), nn::relu()});
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
