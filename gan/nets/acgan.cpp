#include "gan/nets/acgan.h"

#include "engine/check.h"
#include "gan/nets/labelled.h"
#include "gan/nets/perceptron.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

void up(std::vector<nn::Layer>& layers, int in, int out, const nn::ConvSpec& spec) {
  layers.push_back(nn::deconv(in, out, spec));
  layers.push_back(dcgan_norm(out));
  layers.push_back(nn::relu());
}

void check_size(const AcganSize& s) {
  const bool fits = s.kind == "imagenet" ? s.size == 128 : s.kind == "mnist" ? s.size >= 8 && s.size % 4 == 0 : is_doubled_four(s.size) && s.size >= 8;
  if (!fits) throw UsageError(text("a picture size of ", s.size, ": AC-GAN's architecture ", s.kind, " takes ", s.kind == "imagenet" ? "128 pixels" : s.kind == "mnist" ? "multiples of 4 from 8" : "8, 16, 32, 64, ... pixels", "; set --size"));
}

// Doubled by copies, then convolved; the last kernel of 2 reaches one pixel down and right.
nn::Layer mnist_generator(const AcganSize& s) {
  const int w = s.width, side = s.size / 4;
  const auto up = [](int in, int out) { return nn::upsample_conv(in, out, {.kernel = 5, .padding = 2}); };
  return nn::sequential({times_label(s.classes, s.latent), nn::linear(s.latent, 8 * w), nn::relu(), nn::linear(8 * w, w * side * side), nn::relu(), nn::reshape_to({side, side, w}),
                         up(w, 2 * w), nn::relu(), up(2 * w, w), nn::relu(), pad_behind(1), nn::conv(w, s.channels, {.kernel = 2}), nn::tanh()});
}

struct Trunk {
  nn::Layer layers;
  int features;
};

// Every second convolution halves. Leaky relu, dropout and, if asked for, noise after each; batch norm on all but the first.
Trunk trunk(const AcganSize& s, double noise) {
  if (s.kind == "points") {
    const nn::Layer body = perceptron_body({.in = s.dimensions, .width = s.d_width});
    return {noise > 0 ? nn::sequential({body, add_noise(noise)}) : body, s.d_width};
  }
  const bool mnist = s.kind == "mnist";
  std::vector<nn::Layer> layers;
  int side = s.size, in = s.channels, out = s.d_width;
  for (int i = 0; i < (mnist ? 4 : 6); ++i, in = out, out *= 2) {
    const int stride = i % 2 == 0 ? 2 : 1, padding = s.kind == "imagenet" && stride == 1 ? 0 : 1;
    layers.push_back(nn::conv(in, out, {.kernel = 3, .stride = stride, .padding = padding, .bias = mnist}));
    if (i > 0 && !mnist) layers.push_back(dcgan_norm(out));
    layers.push_back(nn::leaky_relu(mnist ? 0.3 : 0.2));
    layers.push_back(nn::dropout(mnist ? 0.7 : 0.5));
    if (noise > 0) layers.push_back(add_noise(noise));
    side = (side + 2 * padding - 3) / stride + 1;
  }
  const int features = side * side * in;
  layers.push_back(nn::reshape_to({features}));
  return {nn::sequential(std::move(layers)), features};
}

}  // namespace

nn::Layer acgan_generator(const AcganSize& s) {
  if (s.kind == "points") return nn::sequential({append_label(s.classes), perceptron({.in = s.latent + s.classes, .width = s.width, .out = s.dimensions})});
  check_size(s);
  if (s.kind == "mnist") return mnist_generator(s);
  const int w = s.width;
  std::vector<nn::Layer> layers{append_label(s.classes)};
  const auto first = [&](int out) {
    layers.push_back(nn::linear(s.latent + s.classes, out));
    layers.push_back(nn::relu());
    layers.push_back(nn::reshape_to({1, 1, out}));
  };
  if (s.kind == "imagenet") {
    first(12 * w);
    const nn::ConvSpec five{.kernel = 5, .stride = 2, .bias = false};
    int in = 12 * w;
    for (const int out : {6 * w, 4 * w, 3 * w, w}) up(layers, in, out, five), in = out;   // 5, 13, 29, 61 pixels
    layers.push_back(nn::deconv(w, s.channels, {.kernel = 8, .stride = 2, .bias = false}));
  } else {
    int k = 0;
    for (int side = 4; side < s.size; side *= 2) ++k;
    int c = w << (k - 1);
    first(2 * c);
    up(layers, 2 * c, c, {.kernel = 4, .bias = false});
    for (int i = 1; i < k; ++i, c /= 2) up(layers, c, c / 2, {.kernel = 4, .stride = 2, .padding = 1, .bias = false});
    layers.push_back(nn::deconv(w, s.channels, {.kernel = 4, .stride = 2, .padding = 1, .bias = false}));
  }
  layers.push_back(nn::tanh());
  return nn::sequential(std::move(layers));
}

nn::Layer acgan_discriminator(const AcganSize& s) {
  const Trunk t = trunk(s, s.noise);
  return with_heads(t.layers, {{"source", nn::linear(t.features, 1)}, {"label", nn::linear(t.features, s.classes)}});
}
nn::Layer acgan_judge(const AcganSize& s) {
  const Trunk t = trunk(s, s.noise);
  return with_heads(t.layers, {{"source", nn::linear(t.features, 1)}});
}
nn::Layer acgan_classifier(const AcganSize& s) {
  const Trunk t = trunk(s, 0);
  return with_heads(t.layers, {{"label", nn::linear(t.features, s.classes)}});
}

}  // namespace ganymede::nets
