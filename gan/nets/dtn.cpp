#include "gan/nets/dtn.h"

#include "gan/nets/usual.h"
#include "nn/blocks.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

// Xavier's weights, of which a transposed convolution has its inputs first. Biases only where no norm follows.
nn::ConvSpec dtn_spec(int in, int out, int kernel, int stride, int padding, bool bias) {
  const int64_t area = int64_t(kernel) * kernel;
  return {.kernel = kernel, .stride = stride, .padding = padding, .bias = bias, .weight = nn::init::xavier_uniform(in * area, out * area)};
}
nn::ConvSpec doubling(int in, int out, bool bias) {
  nn::ConvSpec c = dtn_spec(in, out, 3, 2, 1, bias);
  c.output_padding = 1;
  return c;
}
// Running statistics keep 0.95 of what they were.
nn::Layer dtn_norm(int channels) { return nn::batch_norm(channels, 1e-3, nn::init::one(), 0.05); }

}  // namespace

nn::Layer dtn_features(const DtnFeatureSize& s) {
  const int k = doublings_of_four(s.size, "DTN");
  std::vector<nn::Layer> layers;
  int in = s.channels;
  for (int i = 0, out = s.width; i < k; ++i, in = out, out *= 2) {
    if (s.pooling) layers.insert(layers.end(), {nn::conv(in, out, dtn_spec(in, out, 3, 1, 1, true)), nn::max_pool(), nn::relu()});
    else layers.insert(layers.end(), {nn::conv(in, out, dtn_spec(in, out, 3, 2, 1, false)), dtn_norm(out), nn::relu()});
  }
  if (s.pooling) layers.insert(layers.end(), {nn::conv(in, s.features, dtn_spec(in, s.features, 3, 1, 1, true)), nn::max_pool(4, 4), nn::relu()});
  else layers.insert(layers.end(), {nn::conv(in, s.features, dtn_spec(in, s.features, 4, 1, 0, false)), dtn_norm(s.features), nn::tanh()});
  layers.push_back(nn::reshape_to({s.features}));
  return nn::sequential(std::move(layers));
}

nn::Layer dtn_generator(const DtnGeneratorSize& s) {
  const int k = doublings_of_four(s.size, "DTN");
  int c = s.width << (k - 1);
  std::vector<nn::Layer> layers{nn::reshape_to({1, 1, s.features}), nn::deconv(s.features, c, dtn_spec(s.features, c, 4, 1, 0, false)), dtn_norm(c), nn::relu()};
  const auto add_pointwise = [&] {
    if (s.pointwise) layers.insert(layers.end(), {nn::conv(c, c, dtn_spec(c, c, 1, 1, 0, false)), dtn_norm(c), nn::relu()});
  };
  add_pointwise();
  for (int i = 1; i < k; ++i) {
    layers.insert(layers.end(), {nn::deconv(c, c / 2, doubling(c, c / 2, false)), dtn_norm(c / 2), nn::relu()});
    c /= 2;
    add_pointwise();
  }
  layers.insert(layers.end(), {nn::deconv(c, s.channels, doubling(c, s.channels, true)), nn::tanh()});
  return nn::sequential(std::move(layers));
}

nn::Layer dtn_discriminator(const DtnDiscriminatorSize& s) {
  const int k = doublings_of_four(s.size, "DTN");
  std::vector<nn::Layer> layers;
  int in = s.channels;
  for (int i = 0, out = s.width; i < k; ++i, in = out, out *= 2) {
    const bool norm_last = i == 0 && !s.leaky;
    layers.push_back(nn::conv(in, out, dtn_spec(in, out, 3, 2, 1, norm_last)));
    if (!norm_last) layers.push_back(dtn_norm(out));
    layers.push_back(s.leaky ? nn::leaky_relu(0.2) : nn::relu());
    if (norm_last) layers.push_back(dtn_norm(out));
  }
  layers.insert(layers.end(), {nn::conv(in, s.classes, dtn_spec(in, s.classes, 4, 1, 0, true)), nn::reshape_to({s.classes})});
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
