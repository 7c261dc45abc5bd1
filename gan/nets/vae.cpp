#include "gan/nets/vae.h"

#include "gan/nets/usual.h"

namespace ganymede::nets {
namespace {

nn::Layer dense(const VaeSize& s, int64_t in, int64_t out) {
  const nn::Init common = nn::init::as_pytorch(in);
  return s.kind == VaeSize::Kind::paper ? nn::linear(int(in), int(out), true, nn::init::normal(0, 0.01), nn::init::normal(0, 0.01)) : nn::linear(int(in), int(out), true, common, common);
}

nn::Layer perceptron(const VaeSize& s, int64_t in, int64_t out) {
  if (s.kind == VaeSize::Kind::linear) return dense(s, in, out);
  return nn::sequential({dense(s, in, s.width), s.kind == VaeSize::Kind::paper ? nn::tanh() : nn::relu(), dense(s, s.width, out)});
}

}  // namespace

nn::Layer vae_encoder(const VaeSize& s) {
  if (s.kind != VaeSize::Kind::convolutions) return perceptron(s, s.elements, 2 * s.latent);
  std::vector<nn::Layer> layers;
  int in = s.channels, c = s.width;
  for (int i = 0, k = doublings_of_four(s.size, "the convolutional VAE", 1, "", ", or architecture=mlp"); i < k; ++i, in = c, c *= 2)
    layers.insert(layers.end(), {nn::conv(in, c, halving(false)), nn::batch_norm(c), nn::leaky_relu(0.2)});
  layers.insert(layers.end(), {nn::reshape_to({16 * int64_t(in)}), dense(s, 16 * in, 2 * s.latent)});
  return nn::sequential(std::move(layers));
}

nn::Layer vae_decoder(const VaeSize& s) {
  if (s.kind != VaeSize::Kind::convolutions) return perceptron(s, s.latent, s.outputs * s.elements);
  const int k = doublings_of_four(s.size, "the convolutional VAE", 1, "", ", or architecture=mlp");
  int c = s.width << (k - 1);
  std::vector<nn::Layer> layers{dense(s, s.latent, 16 * c), nn::reshape_to({4, 4, c}), nn::batch_norm(c), nn::relu()};
  for (int i = 1; i < k; ++i, c /= 2) layers.insert(layers.end(), {nn::deconv(c, c / 2, halving(false)), nn::batch_norm(c / 2), nn::relu()});
  layers.push_back(nn::deconv(c, s.outputs * s.channels, halving(true)));
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
