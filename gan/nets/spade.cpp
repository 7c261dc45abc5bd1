#include "gan/nets/spade.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/patch_discriminator.h"
#include "gan/nets/usual.h"
#include "nn/conditional.h"

namespace ganymede::nets {
namespace {

using nn::Layer;

constexpr double kGain = 0.02;   // of Xavier's normal, everywhere

nn::Init weight(int in, int out, int kernel) { return nn::init::xavier_normal(int64_t(in) * kernel * kernel, int64_t(out) * kernel * kernel, kGain); }
Layer conv(int in, int out, int kernel, int stride, int padding, bool bias, bool spectral) {
  return nn::conv(in, out, {.kernel = kernel, .stride = stride, .padding = padding, .bias = bias, .weight = weight(in, out, kernel), .spectral = spectral});
}
Layer spade_dense(int in, int out) { return nn::linear(in, out, true, weight(in, out, 1)); }

// A convolution of x and, beside it, the condition, which has x's size.
class WithMap : public nn::Module {
 public:
  explicit WithMap(Layer inner) : inner_(std::move(inner)) {}
  using Module::forward;
  Tensor forward(const Tensor&) override { fail(describe(), ": takes a map beside x"); }
  bool conditional() const override { return true; }
  bool batches_pass_together() const override { return inner_->batches_pass_together(); }
  Tensor forward_given(const Tensor& x, const Tensor& condition, const Activation& f, const Tensor& residual) override {
    return add_then_activate(inner_->forward_beside(x, condition), residual, f);
  }
  void visit(const nn::Visit& v) override { v("conv", *inner_); }
  std::string type() const override { return "mapped"; }
  std::string describe() const override { return inner_->describe() + ", the map beside"; }

 private:
  Layer inner_;
};

Layer block(const SpadeShape& s, int in, int out) {
  const int middle = std::min(in, out);
  const auto norm = [&](int channels) {
    if (!s.spatial) return nn::norm(s.norm, channels);
    return nn::spatial_norm(s.norm, channels, s.labels, s.hidden, [](int i, int o) { return weight(i, o, 3); });
  };
  const auto inner = [&](int from, int to, int kernel, bool bias) -> Layer {
    const Layer c = conv(from + (s.spatial ? 0 : s.labels), to, kernel, 1, kernel / 2, bias, s.spectral);
    return s.spatial ? c : std::make_shared<WithMap>(c);
  };
  const Layer main = nn::sequential({norm(in), nn::leaky_relu(), inner(in, middle, 3, true), norm(middle), nn::leaky_relu(), inner(middle, out, 3, true)});
  if (in == out) return nn::residual(main);
  return nn::residual(main, nn::sequential({norm(in), inner(in, out, 1, false)}));
}

class SpadeGenerator : public nn::Module {
 public:
  explicit SpadeGenerator(const SpadeShape& s) : s_(s), first_(s.width << (std::min(s.doublings, 5) - 1)) {
    require(s.doublings >= 1 && s.doublings <= 6, "spade: ", s.doublings, " doublings; there are 1 to 6");
    const int unit = 1 << s.doublings;
    start_ = s.latent ? spade_dense(s.latent, first_ * (s.height / unit) * (s.width_px / unit)) : conv(s.labels, first_, 3, 1, 1, true, false);
    // The first doubling comes behind the first block, the second of six behind the next; two blocks at the last of these sizes, then one a size, each of half as many channels.
    int c = first_;
    const auto add = [&](int out, bool doubled) { blocks_.push_back({block(s, c, out), doubled}), c = out; };
    add(c, false), add(c, true), add(c, s.doublings == 6);
    while (c > s.width) add(c / 2, true);
    out_ = conv(c, s.channels, 3, 1, 1, true, false);
  }
  Tensor forward(const Tensor& labels) override { return forward(Tensors{labels})[0]; }
  Tensors forward(const Tensors& xs) override {
    require(xs.size() == (s_.latent ? 2u : 1u), type(), s_.latent ? ": takes a label map and z, was given " : ": takes a label map, was given ", xs.size());
    const Tensor& labels = xs[0];
    const int64_t unit = int64_t{1} << s_.doublings, h = labels.dim(1) / unit, w = labels.dim(2) / unit;
    require(h * unit == labels.dim(1) && w * unit == labels.dim(2), type(), ": a label map of ", labels.dim(1), "x", labels.dim(2), "; its sides are multiples of ", unit);
    Tensor map = resize_nearest(labels, h, w), y = s_.latent ? of_z(xs[1], h, w) : start_->forward(map);   // map: as large as y
    nn::LayerTrace::note("start", *start_, y);
    for (size_t i = 0; i < blocks_.size(); ++i) {
      if (blocks_[i].doubled) {
        y = upsample_nearest(y, 2);
        map = y.dim(1) == labels.dim(1) ? labels : resize_nearest(labels, y.dim(1), y.dim(2));
      }
      y = blocks_[i].layer->forward_given(y, map);
      nn::LayerTrace::note(text("block", i + 1), *blocks_[i].layer, y);
    }
    y = tanh(out_->forward(activate(y, kLeaky)));
    nn::LayerTrace::note("out", *out_, y);
    return {y};
  }
  void visit(const nn::Visit& v) override {
    v("start", *start_);
    for (size_t i = 0; i < blocks_.size(); ++i) v(text("block", i + 1), *blocks_[i].layer);
    v("out", *out_);
  }
  bool batches_pass_together() const override { return true; }
  std::string type() const override { return "spade"; }

 private:
  struct Block {
    Layer layer;
    bool doubled;   // its maps are twice as large as the last ones
  };
  // The maps that z makes are of the size trained on; for pictures of another one they are stretched.
  Tensor of_z(const Tensor& z, int64_t h, int64_t w) const {
    const int64_t unit = int64_t{1} << s_.doublings, own_h = s_.height / unit, own_w = s_.width_px / unit;
    const Tensor y = reshape(start_->forward(z), Shape{z.dim(0), own_h, own_w, first_});
    return h == own_h && w == own_w ? y : resize(y, h, w, Interpolation::linear);
  }
  SpadeShape s_;
  int first_;
  Layer start_, out_;
  std::vector<Block> blocks_;
};

class SpadeJudge : public nn::Module {
 public:
  explicit SpadeJudge(const SpadeJudgeShape& s) {
    int c = s.width;
    layers_.push_back(conv(s.labels + s.channels, c, 4, 2, 2, true, false));
    for (int i = 1; i < s.layers; ++i) {
      const int out = std::min(2 * c, std::max(512, s.width));
      layers_.push_back(nn::sequential({conv(c, out, 4, i + 1 < s.layers ? 2 : 1, 2, false, s.spectral), nn::norm(nn::NormKind::instance, out, nn::Affine::none)}));
      c = out;
    }
    out_ = conv(c, 1, 4, 1, 2, true, false);
  }
  Tensor forward(const Tensor&) override { fail(type(), ": takes a label map and a picture, and has several outputs"); }
  Tensors forward(const Tensors& xs) override {
    require(xs.size() == 2, type(), ": takes a label map and a picture, was given ", xs.size());
    Tensors all{{}, layers_[0]->forward_beside(xs[0], xs[1], kLeaky)};
    nn::LayerTrace::note("conv1", *layers_[0], all[1]);
    for (size_t i = 1; i < layers_.size(); ++i) {
      all.push_back(layers_[i]->forward_then(all.back(), kLeaky));
      nn::LayerTrace::note(text("conv", i + 1), *layers_[i], all.back());
    }
    all[0] = out_->forward(all.back());
    nn::LayerTrace::note("out", *out_, all[0]);
    return all;
  }
  void visit(const nn::Visit& v) override {
    for (size_t i = 0; i < layers_.size(); ++i) v(text("layer", i + 1), *layers_[i]);
    v("out", *out_);
  }
  bool batches_pass_together() const override { return true; }
  std::string type() const override { return "judge"; }

 private:
  std::vector<Layer> layers_;
  Layer out_;
};

class Encoder : public nn::Module {
 public:
  explicit Encoder(const SpadeEncoderShape& s) {
    int halvings = 0;
    while (4 << halvings < s.size) ++halvings;
    if (4 << halvings != s.size || halvings < 1) throw UsageError(text("pictures of ", s.size, " px: the encoder of styles takes 8, 16, 32, 64, ... pixels; set --size"));
    std::vector<Layer> layers;
    int c = s.channels;
    for (int i = 0; i < halvings; ++i) {
      const int out = s.width << std::min(i, 3);
      layers.push_back(conv(c, out, 3, 2, 1, false, s.spectral));
      layers.push_back(nn::norm(nn::NormKind::instance, out, nn::Affine::none));
      layers.push_back(nn::leaky_relu());
      c = out;
    }
    trunk_ = nn::sequential(std::move(layers));
    mean_ = spade_dense(16 * c, s.latent), log_variance_ = spade_dense(16 * c, s.latent);
  }
  Tensor forward(const Tensor&) override { fail(type(), ": has two outputs, mean and log variance"); }
  Tensors forward(const Tensors& xs) override {
    require(xs.size() == 1, type(), ": takes one tensor, was given ", xs.size());
    const Tensor h = flatten(trunk_->forward(xs[0]));
    const Tensors code{mean_->forward(h), log_variance_->forward(h)};
    nn::LayerTrace::note("mean", *mean_, code[0]), nn::LayerTrace::note("log_variance", *log_variance_, code[1]);
    return code;
  }
  void visit(const nn::Visit& v) override { v("trunk", *trunk_), v("mean", *mean_), v("log_variance", *log_variance_); }
  std::string type() const override { return "encoder"; }

 private:
  Layer trunk_, mean_, log_variance_;
};

}  // namespace

Layer spade_generator(const SpadeShape& s) { return std::make_shared<SpadeGenerator>(s); }

Layer spade_judges(const SpadeJudgeShape& s, int scales) {
  std::vector<Layer> parts;
  for (int i = 0; i < scales; ++i) parts.push_back(std::make_shared<SpadeJudge>(s));
  return at_scales(std::move(parts));
}

Layer spade_encoder(const SpadeEncoderShape& s) { return std::make_shared<Encoder>(s); }

}  // namespace ganymede::nets
