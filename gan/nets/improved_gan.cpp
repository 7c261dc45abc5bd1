#include "gan/nets/improved_gan.h"

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/nets/perceptron.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"
#include "nn/virtual_norm.h"

namespace ganymede::nets {
namespace {

const nn::Init kNormal = nn::init::normal(0, 0.05);

// Gaussian noise on what a layer sees, while training only.
class GaussianNoise : public nn::Module {
 public:
  explicit GaussianNoise(double deviation) : deviation_(deviation) {}
  using Module::forward;
  Tensor forward(const Tensor& x) override { return context().training ? x + randn_like(x) * deviation_ : x; }
  std::string type() const override { return "noise"; }
  std::string describe() const override { return text("Gaussian noise of ", deviation_); }
 private:
  double deviation_;
};

nn::Layer norm(const ImprovedSize& s, int channels) {
  return s.reference > 0 ? nn::virtual_norm(channels, s.reference) : nn::batch_norm(channels, 1e-5, nn::init::one(), 0.1, nn::Affine::bias);
}

nn::Layer improved_conv(int in, int out, int kernel, int stride, int padding) {
  return nn::conv(in, out, {.kernel = kernel, .stride = stride, .padding = padding, .weight = kNormal});
}

}  // namespace

nn::Layer improved_generator(const ImprovedSize& s) {
  std::vector<nn::Layer> layers;
  if (s.dimensions) {
    for (int i = 0, in = s.latent; i < 2; ++i, in = s.width)
      layers.insert(layers.end(), {nn::linear(in, s.width, false, nn::init::he_uniform(in)), norm(s, s.width), nn::relu()});
    layers.push_back(nn::linear(s.width, s.dimensions, true, nn::init::he_uniform(s.width)));
    return nn::sequential(std::move(layers));
  }
  // 512 channels at 4 x 4 for a width of 96 and 32 pixels.
  int c = std::max(1, s.width * 4 / 3 << (doublings_of_four(s.size, "improved-gan", 2) - 1));
  layers = {nn::linear(s.latent, 16 * c, false, kNormal), norm(s, 16 * c), nn::relu(), nn::reshape_to({4, 4, c})};
  for (int i = doublings_of_four(s.size, "improved-gan", 2); i > 0; --i) {
    const bool last = i == 1;
    const int out = last ? s.channels : std::max(1, c / 2);
    layers.push_back(nn::deconv(c, out, {.kernel = 5, .stride = 2, .padding = 2, .output_padding = 1, .bias = last, .weight = kNormal}));
    if (!last) layers.insert(layers.end(), {norm(s, out), nn::relu()});
    c = out;
  }
  layers.push_back(nn::tanh());
  return nn::sequential(std::move(layers));
}

nn::Layer improved_discriminator(const ImprovedSize& s) {
  std::vector<nn::Layer> body;
  int features = s.width;
  const bool dropout = s.noise == ImprovedSize::Noise::dropout;
  if (s.noise == ImprovedSize::Noise::gaussian) body.push_back(std::make_shared<GaussianNoise>(s.dimensions ? 0.05 : 0.2));
  if (s.dimensions) {
    for (int i = 0, in = s.dimensions; i < 2; ++i, in = s.width) {
      body.insert(body.end(), {nn::linear(in, s.width, true, nn::init::he_uniform(in)), nn::leaky_relu(0.2)});
      if (dropout) body.push_back(nn::dropout(0.5));
    }
  } else {
    doublings_of_four(s.size, "improved-gan", 2);
    if (dropout) body.push_back(nn::dropout(0.8));
    const int w = s.width, v = 2 * w;
    struct Step { int in, out, kernel, stride, padding; };
    for (const Step& t : {Step{s.channels, w, 3, 1, 1}, {w, w, 3, 1, 1}, {w, w, 3, 2, 1}, {w, v, 3, 1, 1}, {v, v, 3, 1, 1}, {v, v, 3, 2, 1}, {v, v, 3, 1, 0}, {v, v, 1, 1, 0}, {v, v, 1, 1, 0}}) {
      body.insert(body.end(), {improved_conv(t.in, t.out, t.kernel, t.stride, t.padding), nn::leaky_relu(0.2)});
      if (t.stride == 2 && s.noise != ImprovedSize::Noise::none) body.push_back(nn::dropout(0.5));
    }
    body.push_back(nn::global_mean());
    features = v;
  }
  const nn::Layer last = nn::linear(features + s.kernels, s.outputs, true, kNormal);
  return with_features(nn::sequential(std::move(body)), s.kernels ? nn::sequential({nn::minibatch_discrimination(features, s.kernels, s.kernel_size), last}) : nn::sequential({last}));
}

}  // namespace ganymede::nets
