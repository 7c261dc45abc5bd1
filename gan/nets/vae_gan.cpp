#include "gan/nets/vae_gan.h"

#include "engine/check.h"

namespace ganymede::nets {
namespace {

constexpr double kEps = 1e-6;  // of batch norm

int smallest(int size) {
  if (size < 8 || size % 8 != 0) throw UsageError(text("a picture size of ", size, ": VAE/GAN takes multiples of 8 pixels; set --size"));
  return size / 8;
}
nn::ConvSpec vae_gan_spec(int in, int stride, bool bias) {
  nn::ConvSpec c;
  c.kernel = 5, c.stride = stride, c.padding = 2, c.bias = bias, c.weight = nn::init::he_normal(25 * int64_t(in));
  return c;
}
// A transposed convolution gathers a quarter of the kernel for each pixel.
nn::ConvSpec up(int in) {
  nn::ConvSpec c = vae_gan_spec(in, 2, false);
  c.output_padding = 1, c.weight = nn::init::he_normal(25 * int64_t(in) / 4);
  return c;
}
nn::Layer vae_gan_dense(int in, int out, bool bias) { return nn::linear(in, out, bias, bias ? nn::init::xavier_normal(in, out) : nn::init::he_normal(in)); }

class VaeGanDiscriminator : public nn::Module {
 public:
  VaeGanDiscriminator(nn::Layer features, nn::Layer head) : features_(std::move(features)), head_(std::move(head)) {}
  Tensor forward(const Tensor& x) override { return head_->forward(features_->forward(x)); }
  Tensors forward(const Tensors& xs) override { return {features_->forward(xs.at(0))}; }
  void visit(const nn::Visit& v) override {
    v("features", *features_);
    v("head", *head_);
  }
  std::string type() const override { return "discriminator"; }
 private:
  nn::Layer features_, head_;
};

}  // namespace

nn::Layer vae_gan_encoder(const VaeGanSize& s) {
  const int w = s.width, side = smallest(s.size);
  std::vector<nn::Layer> layers;
  int in = s.channels;
  for (const int out : {2 * w, 4 * w, 8 * w}) {
    layers.insert(layers.end(), {nn::conv(in, out, vae_gan_spec(in, 2, false)), nn::batch_norm(out, kEps), nn::relu()});
    in = out;
  }
  const int flat = side * side * in;
  layers.insert(layers.end(), {nn::reshape_to({flat}), vae_gan_dense(flat, 32 * w, false), nn::batch_norm(32 * w, kEps), nn::relu(), vae_gan_dense(32 * w, 2 * s.latent, true)});
  return nn::sequential(std::move(layers));
}

nn::Layer vae_gan_decoder(const VaeGanSize& s) {
  const int w = s.width, side = smallest(s.size), flat = side * side * 8 * w;
  std::vector<nn::Layer> layers{vae_gan_dense(s.latent, flat, false), nn::batch_norm(flat, kEps), nn::relu(), nn::reshape_to({side, side, 8 * w})};
  int in = 8 * w;
  for (const int out : {s.size < 64 ? 6 * w : 8 * w, 4 * w, w}) {
    layers.insert(layers.end(), {nn::deconv(in, out, up(in)), nn::batch_norm(out, kEps), nn::relu()});
    in = out;
  }
  nn::ConvSpec last = vae_gan_spec(in, 1, true);
  last.weight = nn::init::xavier_normal(25 * int64_t(in), 25 * int64_t(s.channels));
  layers.insert(layers.end(), {nn::conv(in, s.channels, last), nn::tanh()});
  return nn::sequential(std::move(layers));
}

nn::Layer vae_gan_discriminator(const VaeGanSize& s) {
  const int w = s.width, side = smallest(s.size), middle = s.size < 64 ? 6 * w : 8 * w;
  std::vector<nn::Layer> features{nn::conv(s.channels, w, vae_gan_spec(s.channels, 1, true)), nn::relu()};
  int in = w;
  for (const int out : {4 * w, middle}) {
    features.insert(features.end(), {nn::conv(in, out, vae_gan_spec(in, 2, false)), nn::batch_norm(out, kEps), nn::relu()});
    in = out;
  }
  features.push_back(nn::conv(in, 8 * w, vae_gan_spec(in, 2, false)));
  const int flat = side * side * 8 * w;
  std::vector<nn::Layer> head{nn::batch_norm(8 * w, kEps), nn::relu(), nn::reshape_to({flat}), vae_gan_dense(flat, 16 * w, false), nn::batch_norm(16 * w, kEps), nn::relu(), vae_gan_dense(16 * w, 1, true)};
  return std::make_shared<VaeGanDiscriminator>(nn::sequential(std::move(features)), nn::sequential(std::move(head)));
}

}  // namespace ganymede::nets
