#include "gan/nets/r3gan.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"
#include "nn/modulated.h"

namespace ganymede::nets {
namespace {

using nn::Layer;
using Layers = std::vector<Layer>;

int width_at(const R3Size& s, int side) { return int(std::min<int64_t>(int64_t(s.width) * s.size / side, s.most_width)); }

nn::Init normal_of(int64_t fan_in, double gain = 1) { return nn::init::normal(0, gain / std::sqrt(double(fan_in))); }
Layer pointwise(int in, int out) { return nn::conv(in, out, {.kernel = 1, .bias = false, .weight = normal_of(in)}); }

// x + 1x1(leaky(3x3 in groups(leaky(1x1 x)))). The last convolution starts at 0, and the others smaller by the fourth root of the number of all blocks
// (Zhang et al. 2019, Fixup), so that without norms a deep network begins as a shallow one.
Layer block(const R3Size& s, int c, int all) {
  const int inside = c * s.expansion;
  const double gain = std::sqrt(2 / (1 + 0.2 * 0.2)) * std::pow(double(all), -0.25);
  return nn::residual(nn::sequential({nn::conv(c, inside, {.kernel = 1, .weight = normal_of(c, gain)}), nn::leaky_relu(0.2),
                                      nn::conv(inside, inside, {.kernel = 3, .padding = 1, .groups = inside / s.group, .weight = normal_of(9 * s.group, gain)}), nn::leaky_relu(0.2),
                                      nn::conv(inside, c, {.kernel = 1, .bias = false, .weight = nn::init::zero()})}));
}

void add_blocks(Layers& layers, const R3Size& s, int side) {
  int all = 0;
  for (int k = 4; k <= s.size; k *= 2) all += s.blocks;
  for (int i = 0; i < s.blocks; ++i) layers.push_back(block(s, width_at(s, side), all));
}

// A 4 x 4 picture, each of its channels times a linear function of z.
class Basis : public nn::Module {
 public:
  Basis(int latent, int channels) : picture_(nn::parameter({1, 4, 4, channels}, nn::init::normal(0, 1))), linear_(nn::linear(latent, channels, false, normal_of(latent))) {}
  using Module::forward;
  Tensor forward(const Tensor& z) override { return mul(picture_, reshape(linear_->forward(z), Shape{z.dim(0), 1, 1, picture_.dim(3)})); }
  bool batches_pass_together() const override { return true; }
  void visit(const nn::Visit& v) override {
    v.parameter(v.prefix + "picture", picture_);
    v("linear", *linear_);
  }
  std::string type() const override { return "basis"; }
  std::string describe() const override { return text("4 x 4 picture of ", picture_.dim(3), " channels, each times a linear function of z"); }
 private:
  Tensor picture_;
  Layer linear_;
};

}  // namespace

void check_r3(const R3Size& s) {
  if (!is_doubled_four(s.size) || s.size == 4) throw UsageError(text("a picture size of ", s.size, ": R3GAN makes 8, 16, 32, 64, ... pixels; set --size"));
  for (int k = 4; k <= s.size; k *= 2)
    if (const int inside = width_at(s, k) * s.expansion; inside % s.group != 0)
      throw UsageError(text("setting group=", s.group, ": the ", inside, " channels inside a block at ", k, " px do not divide into such groups"));
}

Layer r3_generator(const R3Size& s) {
  check_r3(s);
  Layers layers{std::make_shared<Basis>(s.latent, width_at(s, 4))};
  add_blocks(layers, s, 4);
  for (int side = 8; side <= s.size; side *= 2) {
    if (width_at(s, side / 2) != width_at(s, side)) layers.push_back(pointwise(width_at(s, side / 2), width_at(s, side)));
    layers.push_back(nn::filter(nn::smooth_up()));
    add_blocks(layers, s, side);
  }
  layers.push_back(pointwise(width_at(s, s.size), s.channels));
  return nn::sequential(std::move(layers));
}

Layer r3_discriminator(const R3Size& s) {
  check_r3(s);
  Layers layers{pointwise(s.channels, width_at(s, s.size))};
  for (int side = s.size; side > 4; side /= 2) {
    add_blocks(layers, s, side);
    layers.push_back(nn::filter(nn::smooth_down()));
    if (width_at(s, side / 2) != width_at(s, side)) layers.push_back(pointwise(width_at(s, side), width_at(s, side / 2)));
  }
  add_blocks(layers, s, 4);
  const int c = width_at(s, 4);
  layers.insert(layers.end(), {nn::conv(c, c, {.kernel = 4, .groups = c, .bias = false, .weight = normal_of(16)}), nn::reshape_to({c}), nn::linear(c, 1, false, normal_of(c))});
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
