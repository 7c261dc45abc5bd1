#include "gan/nets/srez.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"

namespace ganymede::nets {
namespace {

using Layers = std::vector<nn::Layer>;

// Weights from a normal of variance f / (sqrt(in out) k^2), cut at two deviations.
nn::ConvSpec drawn(int in, int out, double f, nn::ConvSpec c) {
  c.padding = c.kernel / 2;
  c.weight = nn::init::truncated_normal(0, std::sqrt(f / (std::sqrt(double(in) * out) * c.kernel * c.kernel)));
  return c;
}
nn::Layer conv(int in, int out, int kernel, double f, bool bias) { return nn::conv(in, out, drawn(in, out, f, {.kernel = kernel, .bias = bias})); }

constexpr double kHead = 2, kPlain = 1, kBlock = 1e-3;   // f of each kind of layer: residual blocks begin near the identity

}  // namespace

bool srez_enlarges(int64_t scale) { return scale == 2 || scale == 4 || scale == 8; }

nn::Layer srez_generator(const SrezShape& s) {
  require(srez_enlarges(s.scale), "srez for a scale of ", s.scale, ": there are 2, 4 and 8");
  // Until the last doubling every bias adds a constant to a map that a norm takes out again.
  const bool bias = !s.norm;
  const auto rectified = [&](Layers& to, int channels) {
    if (s.norm) to.push_back(nn::norm(nn::NormKind::batch, channels, nn::Affine::bias, 1e-3));
    to.push_back(nn::relu());
  };
  Layers layers;
  int in = s.channels, unit = s.width;
  for (int done = 1; done < s.scale; done *= 2, unit = std::max(1, unit / 2)) {
    const bool final = 2 * done == s.scale;
    if (s.residual) {
      if (in != unit) layers.push_back(conv(in, unit, 1, kPlain, bias));
      for (int block = 0; block < 2; ++block) {
        Layers main;
        for (int i = 0; i < 2; ++i) rectified(main, unit), main.push_back(conv(unit, unit, 3, kBlock, bias));
        layers.push_back(nn::residual(nn::sequential(std::move(main))));
      }
      layers.push_back(nn::upsample(2));
      rectified(layers, unit);
      layers.push_back(conv(unit, unit, 3, kPlain, bias || final));
    } else {
      rectified(layers, in);
      nn::ConvSpec spec = drawn(in, unit, kPlain, {.kernel = 3, .stride = 2, .output_padding = 1, .bias = bias || final});
      layers.push_back(nn::deconv(in, unit, spec));
    }
    in = unit;
  }
  layers.insert(layers.end(), {conv(in, s.last, 3, kHead, true), nn::relu(), conv(s.last, s.last, 1, kHead, true), nn::relu(), conv(s.last, s.channels, 1, kPlain, true), nn::sigmoid()});
  return nn::sequential(std::move(layers));
}

nn::Layer srez_critic(const SrezCritic& s) {
  Layers layers;
  int in = s.channels;
  const auto rectified = [&](int out, int kernel, int stride) {
    layers.push_back(nn::conv(in, out, drawn(in, out, kHead, {.kernel = kernel, .stride = stride, .bias = s.norm != nn::NormKind::batch})));
    if (s.norm != nn::NormKind::none) layers.push_back(nn::norm(s.norm, out, nn::Affine::bias, 1e-3));
    layers.push_back(nn::relu());
    in = out;
  };
  for (int i = 0; i < 4; ++i) rectified(s.width << i, 3, 2);
  rectified(in, 3, 1), rectified(in, 1, 1);
  layers.insert(layers.end(), {conv(in, 1, 1, kHead, !s.score), nn::global_mean()});
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
