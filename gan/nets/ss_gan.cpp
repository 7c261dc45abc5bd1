#include "gan/nets/ss_gan.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "gan/nets/labelled.h"
#include "gan/normals.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

using Layers = std::vector<nn::Layer>;

nn::Layer norm(int channels) { return nn::batch_norm(channels, 1e-5, nn::init::normal(1, 0.02)); }

// Convolutions with a norm and an activation: "same" or halving, and doubling (from a vector: to `kernel` pixels).
void conv(Layers& to, int in, int out, int kernel, int stride, nn::Layer f) {
  to.insert(to.end(), {nn::conv(in, out, {.kernel = kernel, .stride = stride, .padding = kernel / 2, .bias = false}), norm(out), std::move(f)});
}
void doubled(Layers& to, int in, int out, nn::Layer f) {
  to.insert(to.end(), {nn::deconv(in, out, {.kernel = 4, .stride = 2, .padding = 1, .bias = false}), norm(out), std::move(f)});
}
void from_vector(Layers& to, int length, int out, int side) {
  to.insert(to.end(), {nn::reshape_to({1, 1, length}), nn::deconv(length, out, {.kernel = side, .bias = false}), norm(out), nn::relu()});
}

class UnitNormals : public nn::Module {
 public:
  using Module::forward;
  Tensor forward(const Tensor& x) override { return unit_normals(x); }
  std::string type() const override { return "unit"; }
  std::string describe() const override { return "vectors of length 1"; }
  bool batches_pass_together() const override { return true; }
};

// Both discriminators; halved: the second convolution has steps of 2. Without norms narrow ones would say next to nothing by the paper's first
// weights, N(0, 0.02^2), so those grow as its 64 channels over the width, which keeps the size of what layers say.
nn::Layer judge(const StyleStructureSize& s, int channels, int size, bool halved) {
  const int w = s.width;
  const nn::Layer leaky = nn::leaky_relu(0.2);
  const nn::Init weight = nn::init::normal(0, 0.02 * std::sqrt(64.0 / w));
  const auto layer = [&](int in, int out, int kernel, int stride) { return nn::conv(in, out, {.kernel = kernel, .stride = stride, .padding = kernel / 2, .weight = weight}); };
  const int side = size / (halved ? 16 : 8), last = 2 * w * side * side;
  return nn::sequential({layer(channels, w, 5, 2), leaky, layer(w, 2 * w, 5, halved ? 2 : 1), leaky, layer(2 * w, 4 * w, 3, 2), leaky, nn::map_dropout(s.dropout ? 0.8 : 1),
                         layer(4 * w, 8 * w, 3, 2), leaky, nn::map_dropout(s.dropout ? 0.8 : 1), layer(8 * w, 2 * w, 3, 1), leaky, nn::reshape_to({last}), nn::dropout(s.dropout ? 0.5 : 1), nn::linear(last, 1, true, weight)});
}

}  // namespace

nn::Layer structure_generator(const StyleStructureSize& s) {
  if (s.structure < 16 || s.structure % 8 != 0) throw UsageError(text("setting structure=", s.structure, ": normals are made in multiples of 8 px from 16"));
  const int w = s.width;
  Layers layers;
  from_vector(layers, s.latent, 2 * w, s.structure / 8);
  doubled(layers, 2 * w, 2 * w, nn::relu());
  conv(layers, 2 * w, 2 * w, 3, 1, nn::relu());
  conv(layers, 2 * w, 4 * w, 3, 1, nn::relu());
  conv(layers, 4 * w, 8 * w, 3, 1, nn::relu());
  conv(layers, 8 * w, 8 * w, 3, 1, nn::leaky_relu(0.2));
  doubled(layers, 8 * w, 4 * w, nn::leaky_relu(0.2));
  conv(layers, 4 * w, 2 * w, 3, 1, nn::leaky_relu(0.2));
  doubled(layers, 2 * w, w, nn::leaky_relu(0.2));
  layers.insert(layers.end(), {nn::conv(w, 3, {.kernel = 5, .padding = 2}), nn::tanh(), std::make_shared<UnitNormals>()});
  return nn::sequential(std::move(layers));
}

nn::Layer structure_discriminator(const StyleStructureSize& s) { return judge(s, 3, s.structure, false); }

nn::Layer style_generator(const StyleStructureSize& s) {
  if (s.size < 16 || s.size % 16 != 0) throw UsageError(text("a picture size of ", s.size, ": ss-gan takes multiples of 16; set --size"));
  const int w = s.width;
  Layers normals, noise, join;
  conv(normals, 3, w, 5, 2, nn::relu());
  conv(normals, w, 2 * w, 5, 2, nn::relu());
  from_vector(noise, s.latent, w, s.size / 16);
  for (int i = 0; i < 2; ++i) doubled(noise, w, w, nn::relu());
  conv(join, 3 * w, 4 * w, 3, 1, nn::relu());
  conv(join, 4 * w, 8 * w, 3, 2, nn::relu());
  conv(join, 8 * w, 8 * w, 3, 1, nn::leaky_relu(0.2));
  doubled(join, 8 * w, 4 * w, nn::leaky_relu(0.2));
  doubled(join, 4 * w, 2 * w, nn::leaky_relu(0.2));
  doubled(join, 2 * w, w, nn::leaky_relu(0.2));
  join.insert(join.end(), {nn::conv(w, s.channels, {.kernel = 5, .padding = 2}), nn::tanh()});
  return joined(nn::sequential(std::move(normals)), of_vector(nn::sequential(std::move(noise))), nn::sequential(std::move(join)));
}

nn::Layer style_discriminator(const StyleStructureSize& s) { return judge(s, s.channels + 3, s.size, true); }

nn::Layer normal_estimator(const StyleStructureSize& s) {
  const auto of = [&](int channels) { return std::max(1, channels * s.estimator / 96); };
  const nn::Init first = nn::init::normal(0, 0.01);
  Layers layers{nn::upsample(4)};
  const auto next = [&](int in, int out, int kernel, int stride, int padding, nn::Layer f) {
    layers.insert(layers.end(), {nn::conv(in, out, {.kernel = kernel, .stride = stride, .padding = padding, .bias = false, .weight = first}), norm(out), std::move(f)});
  };
  // 68 pixels of zeros, so that sides of 4 size come out as size / 8.
  next(s.channels, of(96), 11, 4, 68, nn::leaky_relu(0.2));
  layers.push_back(nn::max_pool(3, 2));
  next(of(96), of(256), 5, 1, 2, nn::relu());
  layers.push_back(nn::max_pool(3, 2));
  next(of(256), of(384), 3, 1, 1, nn::relu());
  next(of(384), of(384), 3, 1, 1, nn::relu());
  next(of(384), of(256), 3, 1, 1, nn::relu());
  layers.push_back(nn::max_pool(3, 2));
  next(of(256), of(1024), 6, 1, 1, nn::relu());
  layers.insert(layers.end(), {nn::deconv(of(1024), of(512), {.kernel = 4, .stride = 2, .padding = 1, .bias = false, .weight = first}), norm(of(512)), nn::relu(),
                               nn::conv(of(512), s.words, {.kernel = 3, .padding = 1, .weight = first})});
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
