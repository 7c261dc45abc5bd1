#include "gan/nets/ppgn.h"

#include <algorithm>

#include "engine/check.h"
#include "nn/blocks.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

constexpr double kPpgnSlope = 0.3;

nn::ConvSpec convolution(int in, int kernel, int stride) {
  return {.kernel = kernel, .stride = stride, .padding = kernel / 2, .weight = nn::init::he_normal(int64_t(in) * kernel * kernel)};
}
// A value of a transposed convolution's result has kernel / stride inputs a side.
nn::Layer transposed(int in, int out, int kernel, int stride, double slope = kPpgnSlope) {
  const int each = kernel / stride;
  return nn::deconv(in, out, {.kernel = kernel, .stride = stride, .padding = 1, .bias = false, .weight = nn::init::he_normal(int64_t(in) * each * each, slope)});
}
nn::Layer leaky_linear(int64_t in, int64_t out, double slope) { return nn::linear(int(in), int(out), true, nn::init::he_normal(in, slope)); }

}  // namespace

nn::Layer ppgn_maps(const PpgnEncoderSize& s) {
  if (s.size < 8) throw UsageError(text("a picture size of ", s.size, ": the encoder takes at least 8 pixels; set --size"));
  std::vector<nn::Layer> layers;
  for (int i = 0, in = s.channels; i < 3; in = s.width << i, ++i) {
    const nn::ConvSpec conv{.kernel = 3, .padding = 1, .bias = false, .weight = nn::init::he_normal(int64_t(in) * 9)};
    layers.insert(layers.end(), {nn::conv(in, s.width << i, conv), nn::batch_norm(s.width << i), nn::relu(), nn::max_pool()});
  }
  return nn::sequential(std::move(layers));
}

nn::Layer ppgn_code(const PpgnEncoderSize& s) {
  const int inputs = (s.size / 8) * (s.size / 8) * 4 * s.width;
  return nn::sequential({nn::reshape_to({inputs}), nn::linear(inputs, s.features, false, nn::init::he_normal(inputs)), nn::batch_norm(s.features), nn::relu()});
}

nn::Layer ppgn_generator(const PpgnGeneratorSize& s) {
  std::vector<nn::Layer> layers;
  const auto then = [&](nn::Layer layer) { layers.insert(layers.end(), {std::move(layer), nn::leaky_relu(kPpgnSlope)}); };
  then(leaky_linear(s.features, s.units, kPpgnSlope)), then(leaky_linear(s.units, s.units, kPpgnSlope)), then(leaky_linear(s.units, int64_t(16) * s.width, kPpgnSlope));
  layers.push_back(nn::reshape_to({4, 4, s.width}));
  int in = s.width;
  const auto part = [&](int i) { return std::max(1, i < 0 ? s.width << -i : s.width >> i); };
  for (int i = 0, side = 8;; ++i, side *= 2) {
    const bool last = side >= s.size;
    const int out = last ? s.channels : part(std::max(0, i - 1));
    if (last) {
      layers.push_back(transposed(in, out, 4, 2, 1));
      if (side > s.size) layers.insert(layers.end(), {nn::crop_border((side - s.size) / 2), nn::crop_to(s.size, s.size)});
      return nn::sequential(std::move(layers));
    }
    then(transposed(in, out, 4, 2)), in = out;
    if (i < 3) {
      const int kept = part(i - 1);
      then(transposed(in, kept, 3, 1)), in = kept;
    }
  }
}

nn::Layer ppgn_discriminator(const PpgnDiscriminatorSize& s) {
  struct { int kernel, stride, widths; } const convs[] = {{7, 4, 1}, {5, 1, 2}, {3, 2, 4}, {3, 1, 8}, {3, 2, 8}};
  std::vector<nn::Layer> layers;
  int in = s.channels;
  for (const auto& c : convs) {
    layers.insert(layers.end(), {nn::conv(in, c.widths * s.width, convolution(in, c.kernel, c.stride)), nn::relu()});
    in = c.widths * s.width;
  }
  layers.insert(layers.end(), {nn::global_mean(), nn::dropout(s.keep), leaky_linear(in, in, 0), nn::relu(), nn::dropout(s.keep), leaky_linear(in, 1, 1)});
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
