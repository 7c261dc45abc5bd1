#include "nn/blocks.h"

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede::nn {
namespace {

// A layer without parameters.
class Function : public Module {
 public:
  using Map = std::function<Tensor(const Tensor&)>;
  Function(std::string type, std::string description, Map f, bool samples_meet)
      : type_(std::move(type)), description_(std::move(description)), f_(std::move(f)), samples_meet_(samples_meet) {}
  Tensor forward(const Tensor& x) override { return f_(x); }
  bool batches_pass_together() const override { return !samples_meet_; }
  std::string type() const override { return type_; }
  std::string describe() const override { return description_; }
 private:
  std::string type_, description_;
  Map f_;
  bool samples_meet_;
};

Layer function(std::string type, std::string description, Function::Map f, bool samples_meet = false) {
  return std::make_shared<Function>(std::move(type), std::move(description), std::move(f), samples_meet);
}

class SampleNorm : public Module {
 public:
  SampleNorm(NormKind kind, std::string name, int channels, Affine affine, double eps, int groups)
      : kind_(kind), name_(std::move(name)), channels_(channels), groups_(groups), eps_(eps) {
    if (affine == Affine::both) gain_ = parameter({channels}, init::one());
    if (affine != Affine::none) bias_ = parameter({channels}, init::zero());
  }
  Tensor forward(const Tensor& x) override { return forward_then(x, {}, {}); }
  Tensor forward_then(const Tensor& x, const Activation& f, const Tensor& residual) override {
    return normalise(x, norm_view(kind_, x, eps_, groups_), gain_, bias_, f, {}, residual).y;
  }
  bool batches_pass_together() const override { return true; }
  void visit(const Visit& v) override {
    if (gain_) v.parameter(v.prefix + "weight", gain_);
    if (bias_) v.parameter(v.prefix + "bias", bias_);
  }
  std::string type() const override { return "norm"; }
  std::string describe() const override { return text(name_, " norm ", channels_, gain_ ? "" : ", no gain"); }
 private:
  NormKind kind_;
  std::string name_;
  int channels_, groups_;
  double eps_;
  Tensor gain_, bias_;
};

class Residual : public Module {
 public:
  Residual(Layer main, Layer shortcut) : main_(std::move(main)), shortcut_(std::move(shortcut)) {}
  using Module::forward;
  Tensor forward(const Tensor& x) override { return forward_then(x, {}, {}); }
  Tensor forward_then(const Tensor& x, const Activation& f, const Tensor& residual) override {
    const Tensor side = shortcut_ ? shortcut_->forward(x) : x;
    return residual ? add_then_activate(main_->forward_then(x, {}, side), residual, f) : main_->forward_then(x, f, side);
  }
  bool conditional() const override { return main_->conditional() || (shortcut_ && shortcut_->conditional()); }
  bool batches_pass_together() const override { return main_->batches_pass_together() && (!shortcut_ || shortcut_->batches_pass_together()); }
  Tensor forward_given(const Tensor& x, const Tensor& condition, const Activation& f, const Tensor& residual) override {
    const Tensor side = shortcut_ ? shortcut_->forward_given(x, condition) : x;
    return residual ? add_then_activate(main_->forward_given(x, condition, {}, side), residual, f) : main_->forward_given(x, condition, f, side);
  }
  void visit(const Visit& v) override {
    v("main", *main_);
    if (shortcut_) v("shortcut", *shortcut_);
  }
  std::string type() const override { return "block"; }
  std::string describe() const override { return text("residual block", shortcut_ ? "" : ", identity shortcut"); }
 private:
  Layer main_, shortcut_;
};

class PRelu : public Module {
 public:
  PRelu(int channels, double slope) : slope_(parameter({channels}, init::constant(slope))) {}
  Tensor forward(const Tensor& x) override { return ganymede::prelu(x, slope_); }
  bool batches_pass_together() const override { return true; }
  void visit(const Visit& v) override { v.parameter(v.prefix + "slope", slope_); }
  std::string type() const override { return "prelu"; }
 private:
  Tensor slope_;
};

class SelfAttention : public Module {
 public:
  SelfAttention(int channels, bool pooled, bool spectral, bool narrow, bool orthogonal) : channels_(channels), pooled_(pooled) {
    require(channels >= 8 && channels % 8 == 0, "self attention: ", channels, " channels, it takes a multiple of 8");
    const auto point = [&](int in, int out) { return conv(in, out, {.kernel = 1, .bias = false, .weight = orthogonal ? init::orthogonal() : init::xavier_uniform(in, out), .spectral = spectral}); };
    const int values = narrow ? channels / 8 : channels / 2;
    query_ = point(channels, channels / 8), key_ = point(channels, channels / 8);
    value_ = point(channels, values), out_ = point(values, channels);
    gamma_ = parameter({1}, init::zero());
  }
  Tensor forward(const Tensor& x) override {
    const auto seen = [&](const Tensor& t) { return pooled_ ? ganymede::max_pool(t, {}) : t; };
    const Tensor y = out_->forward(attend_pixels(query_->forward(x), seen(key_->forward(x)), seen(value_->forward(x))));
    return cast(y * gamma_, x.dtype()) + x;
  }
  bool batches_pass_together() const override { return true; }
  void visit(const Visit& v) override {
    v("query", *query_), v("key", *key_), v("value", *value_), v("out", *out_);
    v.parameter(v.prefix + "gamma", gamma_);
  }
  std::string type() const override { return "attention"; }
  std::string describe() const override { return text("self attention ", channels_, pooled_ ? ", pooled keys" : ""); }
 private:
  int64_t channels_;
  bool pooled_;
  Layer query_, key_, value_, out_;
  Tensor gamma_;
};

class MinibatchDiscrimination : public Module {
 public:
  MinibatchDiscrimination(int features, int kernels, int dimensions)
      : kernels_(kernels), dimensions_(dimensions), weight_(parameter({int64_t(kernels) * dimensions, features}, init::normal(0, 0.05))) {}
  Tensor forward(const Tensor& x) override { return with_minibatch_similarity(x, weight_, kernels_); }
  void visit(const Visit& v) override { v.parameter(v.prefix + "weight", weight_); }
  std::string type() const override { return "minibatch"; }
  std::string describe() const override { return text("minibatch discrimination, ", kernels_, " kernels of ", dimensions_); }
 private:
  int64_t kernels_, dimensions_;
  Tensor weight_;
};

}  // namespace

Layer norm(NormKind kind, int channels, Affine affine, double eps, int groups) {
  const auto made = [&](const char* name, Affine with) { return std::make_shared<SampleNorm>(kind, name, channels, with, eps, groups); };
  switch (kind) {
    case NormKind::none: return function("norm", "no norm", [](const Tensor& x) { return x; });
    case NormKind::batch: return batch_norm(channels, eps, init::one(), 0.1, affine);
    case NormKind::instance: return made("instance", affine);
    case NormKind::layer: return made("layer", affine);
    case NormKind::group: return made("group", affine);
    case NormKind::pixel: return made("pixel", Affine::none);
  }
  fail("norm: unknown kind");
}

kernels::Norm norm_view(NormKind kind, const Tensor& x, double eps, int groups) {
  switch (kind) {
    case NormKind::instance: return instance_view(x, eps);
    case NormKind::layer: return layer_view(x, eps);
    case NormKind::group: return group_view(x, groups, eps);
    case NormKind::pixel: return pixel_view(x, eps);
    case NormKind::none:
    case NormKind::batch: break;
  }
  fail("norm_view: batch norm and no norm have no statistics of a sample");
}

Layer upsample(int factor, Interpolation how) {
  return function("up", text("upsample x", factor), [=](const Tensor& x) { return resize(x, x.dim(1) * factor, x.dim(2) * factor, how); });
}
Layer mean_pool(int factor) {
  return function("pool", text("mean pool ", factor), [=](const Tensor& x) { return average_pool(x, {{factor, factor}, {factor, factor}}); });
}
Layer filter(const FilterOptions& o) {
  return function("filter", text("filter of ", o.taps.size(), " x ", o.taps.size(), o.up > 1 ? text(", up x", o.up) : "", o.down > 1 ? text(", down x", o.down) : ""), [=](const Tensor& x) { return filter2d(x, o); });
}
Layer max_pool(int kernel, int stride, int padding) {
  return function("pool", text("max pool k", kernel, " s", stride), [=](const Tensor& x) { return ganymede::max_pool(x, {{kernel, kernel}, {stride, stride}, {padding, padding}}); });
}
Layer global_mean() {
  return function("pool", "mean over all pixels", [](const Tensor& x) { return cast(mean(x, {1, 2}), x.dtype()); });
}
Layer reflect_pad(int n) { return function("pad", text("reflect pad ", n), [=](const Tensor& x) { return ganymede::reflect_pad(x, n); }); }
Layer crop_to(int height, int width) {
  return function("crop", text("crop to ", height, " x ", width), [=](const Tensor& x) { return slice(slice(x, 1, 0, height), 2, 0, width); });
}
Layer crop_border(int n) { return function("crop", text("crop ", n, " at each side"), [=](const Tensor& x) { return pad(x, {-n, -n, -n, -n}, Padding::zero); }); }
Layer pixel_shuffle(int r) { return function("shuffle", text("pixel shuffle x", r), [=](const Tensor& x) { return ganymede::pixel_shuffle(x, r); }); }
Layer prelu(int channels, double slope) { return std::make_shared<PRelu>(channels, slope); }
Layer residual(Layer main, Layer shortcut) { return std::make_shared<Residual>(std::move(main), std::move(shortcut)); }
Layer self_attention(int channels, bool pooled, bool spectral, bool narrow, bool orthogonal) { return std::make_shared<SelfAttention>(channels, pooled, spectral, narrow, orthogonal); }
Layer minibatch_discrimination(int features, int kernels, int dimensions) { return std::make_shared<MinibatchDiscrimination>(features, kernels, dimensions); }

Layer minibatch_stddev(int group) {
  return function("stddev", text("minibatch deviation, groups of ", group), [=](const Tensor& x) { return with_minibatch_stddev(x, group); }, true);
}

Tensor with_minibatch_stddev(const Tensor& x, int64_t group, double eps) {
  require(x.rank() == 4 && group > 0, "minibatch deviation: x ", x.shape(), " in groups of ", group, "; expected [N, H, W, C]");
  const int64_t n = x.dim(0), g = std::min(group, n), m = n / g;
  require(n % g == 0, "minibatch deviation: a batch of ", n, " does not divide into groups of ", g);
  const Tensor y = cast(reshape(x, Shape{g, m, x.dim(1), x.dim(2), x.dim(3)}), x.dtype() == DType::f64 ? DType::f64 : DType::f32);
  const Tensor d = sqrt(mean(square(y - mean(y, {0}, true)), {0}) + eps);
  const Tensor plane = broadcast_to(reshape(mean(d, {1, 2, 3}), Shape{1, m, 1, 1, 1}), {g, m, x.dim(1), x.dim(2), 1});
  return concat({x, cast(reshape(plane, Shape{n, x.dim(1), x.dim(2), 1}), x.dtype())}, 3);
}

Tensor attend_pixels(const Tensor& q, const Tensor& k, const Tensor& v) {
  const auto rows = [](const Tensor& t) { return reshape(t, Shape{t.dim(0), t.dim(1) * t.dim(2), t.dim(3)}); };
  return reshape(attention(rows(q), rows(k), rows(v)), Shape{q.dim(0), q.dim(1), q.dim(2), v.dim(3)});
}

Tensor with_minibatch_similarity(const Tensor& x, const Tensor& weight, int64_t kernels) {
  require(x.rank() == 2 && weight.rank() == 2 && kernels > 0 && weight.dim(0) % kernels == 0, "minibatch discrimination: x ", x.shape(), ", weight ", weight.shape(), ", ", kernels, " kernels");
  const int64_t n = x.dim(0), d = weight.dim(0) / kernels;
  const Tensor m = ganymede::linear(x, weight);
  const Tensor distance = sum(abs(reshape(m, Shape{n, 1, kernels, d}) - reshape(m, Shape{1, n, kernels, d})), {3});
  return concat({x, cast(sum(exp(-distance), {1}) - 1.0, x.dtype())}, 1);  // each sample meets itself with exp(0)
}

Embedding::Embedding(int rows, int width, const Init& init, bool spectral) : table_(parameter({rows, width}, init)) {
  if (spectral) spectral_ = SpectralState(table_, false);
}
Tensor Embedding::forward(const Tensor& labels) { return gather_rows(spectral_.use(table_), labels); }
void Embedding::visit(const Visit& v) {
  v.parameter(v.prefix + "weight", table_);
  spectral_.visit(v);
}
std::string Embedding::describe() const { return text("embedding of ", table_.dim(0), " into ", table_.dim(1), spectral_.on() ? ", spectral norm" : ""); }
Layer embedding(int rows, int width, const Init& init, bool spectral) { return std::make_shared<Embedding>(rows, width, init, spectral); }

}  // namespace ganymede::nn
