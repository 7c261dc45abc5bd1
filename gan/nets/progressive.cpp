#include "gan/nets/progressive.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

using nn::Layer;
using Layers = std::vector<Layer>;

nn::ConvSpec equal(int kernel, double gain = nn::kReluGain) { return nn::equalised({.kernel = kernel, .padding = kernel / 2}, gain); }
Layer pixel_norm(int channels) { return nn::norm(nn::NormKind::pixel, channels, nn::Affine::none, 1e-8); }

// G's order: convolution, leaky ReLU, pixel norm.
Layer generator_block(const ProgressiveSize& s, int side) {
  const int c = progressive_width(s, side);
  Layers layers;
  const auto then = [&](Layer conv) { layers.insert(layers.end(), {std::move(conv), nn::leaky_relu(0.2), pixel_norm(c)}); };
  if (side == 4) {
    layers = {pixel_norm(s.latent), nn::reshape_to({1, 1, s.latent})};
    then(nn::deconv(s.latent, c, nn::equalised({.kernel = 4})));  // each pixel meets one tap: the paper's dense layer, at the gain of a 4 x 4 convolution
  } else {
    then(nn::upsample_conv(progressive_width(s, side / 2), c, equal(3)));
  }
  then(nn::conv(c, c, equal(3)));
  return nn::sequential(std::move(layers));
}

// The mean is taken before the activation, as the authors' code does where it fuses it with the convolution.
Layer discriminator_block(const ProgressiveSize& s, int side) {
  const int c = progressive_width(s, side), out = progressive_width(s, side / 2);
  return nn::sequential({nn::conv(c, c, equal(3)), nn::leaky_relu(0.2), nn::conv_mean_pool(c, out, equal(3)), nn::leaky_relu(0.2)});
}

Layer last_block(const ProgressiveSize& s) {
  const int c = progressive_width(s, 4);
  Layers layers;
  if (s.group) layers.push_back(nn::minibatch_stddev(s.group));
  layers.insert(layers.end(), {nn::conv(c + (s.group ? 1 : 0), c, equal(3)), nn::leaky_relu(0.2), nn::conv(c, c, nn::equalised({.kernel = 4})), nn::leaky_relu(0.2),
                               nn::reshape_to({c}), nn::equalised_linear(c, 1, 1)});
  return nn::sequential(std::move(layers));
}

Tensor noted(const std::string& name, Layer& layer, const Tensor& x) {
  const Tensor y = layer->forward(x);
  nn::LayerTrace::note(name, *layer, y);
  return y;
}

}  // namespace

void check_stddev_group(int64_t group, int64_t batch) {
  if (const int64_t g = std::min(group, batch); g > 0 && batch % g != 0)
    throw UsageError(text("setting stddev_group=", group, ": a batch of ", batch, " does not divide into such groups; set --batch to a multiple"));
}

void check_progressive(const ProgressiveSize& s) {
  if (!is_doubled_four(s.size)) throw UsageError(text("a picture size of ", s.size, ": progressive growing ends at 4, 8, 16, 32, ... pixels; set --size"));
  if (!is_doubled_four(s.start) || s.start > s.size) throw UsageError(text("setting start=", s.start, ": it must be 4, 8, 16, ... up to the pictures' ", s.size, " pixels"));
}

int progressive_width(const ProgressiveSize& s, int side) { return int(std::min<int64_t>(int64_t(s.width) * s.size / side, s.most_width)); }

Tensor blend(const Tensor& old, const Tensor& now, const Tensor& grown) { return mix(now, old, broadcast_to(grown, {now.dim(0)})); }

ProgressiveGenerator::ProgressiveGenerator(const ProgressiveSize& s) : side_(s.size), start_(s.start), finest_(s.size) {
  check_progressive(s);
  for (int side = 4; side <= s.size; side *= 2) {
    blocks_[side] = generator_block(s, side);
    if (side >= s.start) to_picture_[side] = nn::conv(progressive_width(s, side), s.channels, equal(1, 1));
  }
}

void ProgressiveGenerator::make(int side) {
  require(to_picture_.count(side), "pictures of ", side, " pixels: this generator makes them of ", start_, " to ", finest_);
  side_ = side;
}

Tensors ProgressiveGenerator::forward(const Tensors& xs) {
  require(xs.size() == 1 || xs.size() == 2, "the progressive generator takes z, or z and how far the new resolution has grown; was given ", xs.size(), " tensors");
  return {pass(xs[0], xs.size() == 2 ? xs[1] : Tensor{})};
}

Tensor ProgressiveGenerator::pass(const Tensor& z, const Tensor& grown) {
  require(!grown || side_ > start_, "there is no resolution before ", side_, " to blend with");
  Tensor h = z, before;
  for (auto& [side, block] : blocks_) {
    if (side > side_) break;
    before = h, h = block->forward(h);
  }
  const auto picture = [&](int side, const Tensor& features) { return noted(text("rgb", side), to_picture_.at(side), features); };
  const Tensor now = picture(side_, h);
  return grown ? blend(upsample_nearest(picture(side_ / 2, before), 2), now, grown) : now;
}

void ProgressiveGenerator::visit(const nn::Visit& v) {
  for (auto& [side, block] : blocks_) v(text("up", side), *block);
  for (auto& [side, layer] : to_picture_) v(text("rgb", side), *layer);
}

ProgressiveDiscriminator::ProgressiveDiscriminator(const ProgressiveSize& s) : start_(s.start), finest_(s.size) {
  check_progressive(s);
  for (int side = 4; side <= s.size; side *= 2) {
    if (side >= s.start) from_picture_[side] = nn::sequential({nn::conv(s.channels, progressive_width(s, side), equal(1)), nn::leaky_relu(0.2)});
    if (side > 4) blocks_[side] = discriminator_block(s, side);
  }
  last_ = last_block(s);
}

Tensors ProgressiveDiscriminator::forward(const Tensors& xs) {
  require(xs.size() == 1 || xs.size() == 2, "the progressive discriminator takes pictures, or pictures and how far their resolution has grown; was given ", xs.size(), " tensors");
  return {pass(xs[0], xs.size() == 2 ? xs[1] : Tensor{})};
}

Tensor ProgressiveDiscriminator::pass(const Tensor& x, const Tensor& grown) {
  int side = x.rank() == 4 ? int(x.dim(1)) : 0;
  require(side > 0 && x.dim(2) == side && from_picture_.count(side), "pictures ", x.shape(), ": this discriminator sees square ones of ", start_, " to ", finest_, " pixels");
  require(!grown || side > start_, "there is no resolution before ", side, " to blend with");
  Tensor h = from_picture_.at(side)->forward(x);
  if (grown) {
    const Tensor now = blocks_.at(side)->forward(h);
    side /= 2;
    h = blend(from_picture_.at(side)->forward(average_pool(x, {})), now, grown);
  }
  for (; side > 4; side /= 2) h = blocks_.at(side)->forward(h);
  return last_->forward(h);
}

void ProgressiveDiscriminator::visit(const nn::Visit& v) {
  for (auto& [side, layer] : from_picture_) v(text("rgb", side), *layer);
  for (auto& [side, block] : blocks_) v(text("down", side), *block);
  v("last", *last_);
}

}  // namespace ganymede::nets
