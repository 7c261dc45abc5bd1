#include "nn/conditional.h"

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede::nn {
namespace {

struct GainAndBias {
  Tensor gain, bias;  // [N, channels]
};

// Normalisation without parameters.
class PlainNorm {
 public:
  PlainNorm(NormKind kind, int channels, double eps, double momentum, int groups) : kind_(kind), groups_(groups), eps_(eps) {
    if (kind == NormKind::batch) batch_ = batch_norm(channels, eps, init::one(), momentum, Affine::none);
  }
  Tensor of(const Tensor& x) const { return batch_ ? batch_->forward(x) : kind_ == NormKind::none ? x : normalise(x, view(x), {}, {}).y; }
  kernels::Norm view(const Tensor& x) const { return norm_view(kind_, x, eps_, groups_); }
  // Whether its statistics are of a sample, which may then have gains and biases of its own in one kernel.
  bool by_sample() const { return kind_ == NormKind::instance || kind_ == NormKind::layer || kind_ == NormKind::group; }
  std::string name() const {
    switch (kind_) {
      case NormKind::none: return "scale and shift";
      case NormKind::batch: return "batch norm";
      case NormKind::instance: return "instance norm";
      case NormKind::layer: return "layer norm";
      case NormKind::group: return "group norm";
      case NormKind::pixel: return "pixel norm";
    }
    fail("norm: unknown kind");
  }
  void visit(const Visit& v) const {
    if (batch_) v("norm", *batch_);
  }

 private:
  NormKind kind_;
  int groups_;
  double eps_;
  Layer batch_;
};

// It, then gain and bias a sample.
class GivenNorm : public Module {
 public:
  GivenNorm(NormKind kind, int channels, double eps, double momentum, int groups) : norm_(kind, channels, eps, momentum, groups), channels_(channels) {}
  using Module::forward;
  Tensor forward(const Tensor&) override { fail(describe(), ": takes a condition; call its network with x and the condition"); }
  bool conditional() const override { return true; }
  bool batches_pass_together() const override { return true; }

  Tensor forward_given(const Tensor& x, const Tensor& condition, const Activation& f, const Tensor& residual) override {
    const GainAndBias p = of(condition, x.dim(0));
    if (norm_.by_sample()) return normalise(x, norm_.view(x), p.gain, p.bias, f, {}, residual).y;
    // Statistics of the batch or of a pixel: their kernels take one gain a channel, or a pixel.
    Shape each = Shape{x.dim(0)};
    for (int i = 1; i + 1 < x.rank(); ++i) each.push_back(1);
    each.push_back(channels_);
    const Tensor y = cast(norm_.of(x) * reshape(p.gain, each) + reshape(p.bias, each), x.dtype());
    return add_then_activate(y, residual, f);
  }

  void visit(const Visit& v) override { norm_.visit(v); }
  std::string type() const override { return "norm"; }

 protected:
  virtual GainAndBias of(const Tensor& condition, int64_t samples) = 0;
  std::string kind_name() const { return norm_.name(); }
  int64_t channels() const { return channels_; }

 private:
  PlainNorm norm_;
  int64_t channels_;
};

class ConditionalNorm : public GivenNorm {
 public:
  ConditionalNorm(NormKind kind, int channels, int classes, double eps, double momentum, int groups)
      : GivenNorm(kind, channels, eps, momentum, groups), gains_(parameter({classes, channels}, init::one())), biases_(parameter({classes, channels}, init::zero())) {}
  void visit(const Visit& v) override {
    v.parameter(v.prefix + "weight", gains_);
    v.parameter(v.prefix + "bias", biases_);
    GivenNorm::visit(v);
  }
  std::string describe() const override { return text(kind_name(), " ", channels(), " by class, ", gains_.dim(0), " classes"); }

 protected:
  GainAndBias of(const Tensor& labels, int64_t samples) override {
    require(labels.dtype() == DType::i64 && labels.shape() == Shape{samples}, describe(), ": the condition is ", labels.dtype(), " ", labels.shape(), ", it must be labels i64 [", samples, "]");
    return {gather_rows(gains_, labels), gather_rows(biases_, labels)};
  }

 private:
  Tensor gains_, biases_;
};

class AdaptiveNorm : public GivenNorm {
 public:
  AdaptiveNorm(NormKind kind, int channels, int style, double eps, const Init& weight, double momentum, int groups)
      : GivenNorm(kind, channels, eps, momentum, groups), style_(style), affine_(linear(style, 2 * channels, true, weight)) {}
  void visit(const Visit& v) override {
    v("style", *affine_);
    GivenNorm::visit(v);
  }
  std::string describe() const override { return text(kind_name(), " ", channels(), " by a style of ", style_); }

 protected:
  GainAndBias of(const Tensor& style, int64_t samples) override {
    require(style.dtype() != DType::i64 && style.shape() == Shape{samples, style_}, describe(), ": the condition is ", style.dtype(), " ", style.shape(), ", it must be a vector a sample [", samples, ", ", style_, "]");
    const Tensor both = affine_->forward(style), full = both.dtype() == DType::bf16 ? cast(both, DType::f32) : both;
    return {slice(full, 1, 0, channels()) + 1.0, slice(full, 1, channels(), 2 * channels())};
  }

 private:
  int64_t style_;
  Layer affine_;
};

// A gain and a bias at each place.
class SpatialNorm : public Module {
 public:
  SpatialNorm(NormKind kind, int channels, int labels, int hidden, const std::function<Init(int, int)>& weight, double eps, double momentum, int groups) : norm_(kind, channels, eps, momentum, groups), channels_(channels), labels_(labels) {
    const auto conv3 = [&](int in, int out) { return conv(in, out, {.kernel = 3, .padding = 1, .weight = weight ? weight(in, out) : init::dcgan()}); };
    shared_ = conv3(labels, hidden), gain_ = conv3(hidden, channels), bias_ = conv3(hidden, channels);
  }
  using Module::forward;
  Tensor forward(const Tensor&) override { fail(describe(), ": takes a map; call its network with x and the map"); }
  bool conditional() const override { return true; }
  bool batches_pass_together() const override { return true; }

  Tensor forward_given(const Tensor& x, const Tensor& condition, const Activation& f, const Tensor& residual) override {
    require(condition.rank() == 4 && condition.dim(0) == x.dim(0) && condition.dim(3) == labels_, describe(), ": the condition is ", condition.shape(), ", it must be a map a sample [", x.dim(0), ", h, w, ", labels_, "]");
    const bool fits = condition.dim(1) == x.dim(1) && condition.dim(2) == x.dim(2);
    const Tensor map = shared_->forward_then(fits ? condition : resize_nearest(condition, x.dim(1), x.dim(2)), {Unary::relu});
    return add_then_activate(cast(norm_.of(x) * (gain_->forward(map) + 1.0) + bias_->forward(map), x.dtype()), residual, f);
  }

  void visit(const Visit& v) override {
    norm_.visit(v);
    v("shared", *shared_), v("gain", *gain_), v("bias", *bias_);
  }
  std::string type() const override { return "norm"; }
  std::string describe() const override { return text(norm_.name(), " ", channels_, " by a map of ", labels_); }

 private:
  PlainNorm norm_;
  int64_t channels_, labels_;
  Layer shared_, gain_, bias_;
};

class ProjectedNorm : public GivenNorm {
 public:
  ProjectedNorm(NormKind kind, int channels, int style, double eps, const Init& weight, bool spectral, double momentum, int groups)
      : GivenNorm(kind, channels, eps, momentum, groups), style_(style), gain_(linear(style, channels, false, weight, init::zero(), spectral)), bias_(linear(style, channels, false, weight, init::zero(), spectral)) {}
  void visit(const Visit& v) override {
    v("gain", *gain_), v("bias", *bias_);
    GivenNorm::visit(v);
  }
  std::string describe() const override { return text(kind_name(), " ", channels(), " by a vector of ", style_); }

 protected:
  GainAndBias of(const Tensor& style, int64_t samples) override {
    require(style.dtype() != DType::i64 && style.shape() == Shape{samples, style_}, describe(), ": the condition is ", style.dtype(), " ", style.shape(), ", it must be a vector a sample [", samples, ", ", style_, "]");
    const auto full = [](const Tensor& t) { return t.dtype() == DType::bf16 ? cast(t, DType::f32) : t; };
    return {full(gain_->forward(style)) + 1.0, full(bias_->forward(style))};
  }

 private:
  int64_t style_;
  Layer gain_, bias_;
};

}  // namespace

Layer conditional_norm(NormKind kind, int channels, int classes, double eps, double momentum, int groups) {
  require(channels > 0 && classes > 0, "conditional norm: ", channels, " channels by ", classes, " classes");
  return std::make_shared<ConditionalNorm>(kind, channels, classes, eps, momentum, groups);
}

Layer spatial_norm(NormKind kind, int channels, int labels, int hidden, const std::function<Init(int, int)>& weight, double eps, double momentum, int groups) {
  require(channels > 0 && labels > 0 && hidden > 0, "spatial norm: ", channels, " channels by a map of ", labels, ", ", hidden, " inside");
  return std::make_shared<SpatialNorm>(kind, channels, labels, hidden, weight, eps, momentum, groups);
}

Layer adaptive_norm(NormKind kind, int channels, int style, double eps, const Init& weight, double momentum, int groups) {
  require(channels > 0 && style > 0, "adaptive norm: ", channels, " channels by a style of ", style);
  return std::make_shared<AdaptiveNorm>(kind, channels, style, eps, weight, momentum, groups);
}

Layer projected_norm(NormKind kind, int channels, int style, const Init& weight, bool spectral, double eps, double momentum, int groups) {
  require(channels > 0 && style > 0, "projected norm: ", channels, " channels by a vector of ", style);
  return std::make_shared<ProjectedNorm>(kind, channels, style, eps, weight, spectral, momentum, groups);
}

}  // namespace ganymede::nn
