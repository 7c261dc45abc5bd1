#include "nn/layers.h"

#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede::nn {

ConvSpec equalised(ConvSpec spec, double gain) {
  spec.equalised = gain, spec.weight = init::normal(0, 1);
  return spec;
}

Linear::Linear(int in, int out, bool bias, const Init& weight, const Init& bias_init, bool spectral, double factor)
    : weight_(parameter({out, in}, weight)), factor_(factor) {
  if (bias) bias_ = parameter({out}, bias_init);
  if (spectral) spectral_ = SpectralState(weight_, false);
}
Tensor Linear::forward_then(const Tensor& x, const Activation& f, const Tensor& residual) {
  const Tensor w = factor_ == 1 ? spectral_.use(weight_) : used_.get([&] { return spectral_.use(weight_) * factor_; });
  return residual ? add_then_activate(ganymede::linear(x, w, bias_), residual, f) : ganymede::linear(x, w, bias_, f);
}
void Linear::visit(const Visit& v) {
  v.parameter(v.prefix + "weight", weight_);
  if (bias_) v.parameter(v.prefix + "bias", bias_);
  spectral_.visit(v);
}
std::string Linear::describe() const { return text("linear ", weight_.dim(1), " -> ", weight_.dim(0), bias_ ? "" : ", no bias", spectral_.on() ? ", spectral norm" : "", factor_ == 1 ? "" : ", equalised"); }
Layer equalised_linear(int in, int out, double gain) {
  return std::make_shared<Linear>(in, out, true, init::normal(0, 1), init::zero(), false, gain / std::sqrt(double(in)));
}
Layer linear(int in, int out, bool bias, const Init& weight, const Init& bias_init, bool spectral) {
  return std::make_shared<Linear>(in, out, bias, weight, bias_init, spectral);
}

Conv::Conv(ConvKind kind, int in, int out, const ConvSpec& s)
    : kind_(kind), in_(in), out_(out), spec_(s),
      options_{{s.stride, s.stride}, {s.padding, s.padding}, {s.dilation, s.dilation}, {s.output_padding, s.output_padding}, s.groups, s.border, s.shuffle} {
  const bool transposed = kind == ConvKind::transposed;
  require(s.border == Padding::zero || kind == ConvKind::plain, transposed ? "deconv: its padding crops the output" : "a change of scale: its filter is widened for zeros outside",
          ", so it has no border to fill");
  require(s.shuffle == 1 || (kind == ConvKind::plain && s.shuffle > 0 && out % (s.shuffle * s.shuffle) == 0), type(), ": pixel shuffle by ", s.shuffle, " of ", out,
          " channels; a plain convolution takes it, and a multiple of its square");
  require(s.groups > 0 && in % s.groups == 0 && out % s.groups == 0, type(), ": ", in, " -> ", out, " channels in ", s.groups, " groups");
  if (kind == ConvKind::upsampling || kind == ConvKind::mean_pooling)
    require(s.kernel % 2 == 1 && s.padding == s.kernel / 2 && s.stride == 1 && s.dilation == 1 && s.groups == 1, kind == ConvKind::upsampling ? "upsample_conv" : "conv_mean_pool",
            ": k", s.kernel, " s", s.stride, " p", s.padding, " d", s.dilation, " g", s.groups, "; the kernel must be odd, the padding half of it, the others 1");
  weight_ = transposed ? parameter({in, s.kernel, s.kernel, out / s.groups}, s.weight) : parameter({out, s.kernel, s.kernel, in / s.groups}, s.weight);
  if (s.bias) bias_ = parameter({out}, s.bias_init);
  if (s.spectral) spectral_ = SpectralState(weight_, transposed);
  // An output of a transposed convolution meets one tap in stride^2.
  const double fan_in = double(in / s.groups) * s.kernel * s.kernel / (transposed ? s.stride * s.stride : 1);
  if (s.equalised > 0) factor_ = s.equalised / std::sqrt(fan_in);
}
Tensor Conv::used_weight() {
  // A convolution of single pixels changes places with the change of scale and takes place where there are fewer.
  const bool widened = (kind_ == ConvKind::upsampling || kind_ == ConvKind::mean_pooling) && spec_.kernel > 1;
  if (!widened && factor_ == 1) return spectral_.use(weight_);
  return used_.get([&] {
    Tensor w = spectral_.use(weight_);
    if (factor_ != 1) w = w * factor_;
    return !widened ? w : kind_ == ConvKind::upsampling ? upsample_filter(w) : mean_pool_filter(w);
  });
}
Tensor Conv::forward_beside(const Tensor& x, const Tensor& beside, const Activation& f) {
  if (kind_ == ConvKind::plain || kind_ == ConvKind::transposed) return convolve({x, beside}, f, {});
  return Module::forward_beside(x, beside, f);
}
Tensor Conv::convolve(const ConvInput& input, const Activation& f, const Tensor& residual) {
  const Tensor w = used_weight(), &x = input.first;
  switch (kind_) {
    case ConvKind::plain: break;
    case ConvKind::transposed: return conv_transpose2d(input, w, bias_, options_, f, residual);
    case ConvKind::upsampling:
      if (spec_.kernel > 1) return upsample_conv2d(x, w, bias_, f, residual);
      return residual ? add_then_activate(upsample_nearest(conv2d(x, w, bias_, options_), 2), residual, f) : upsample_nearest(conv2d(x, w, bias_, options_, f), 2);
    case ConvKind::mean_pooling: return spec_.kernel > 1 ? conv2d_mean_pool(x, w, bias_, f, residual) : conv2d(average_pool(x, {}), w, bias_, options_, f, residual);
  }
  return conv2d(input, w, bias_, options_, f, residual);
}
void Conv::visit(const Visit& v) {
  v.parameter(v.prefix + "weight", weight_);
  if (bias_) v.parameter(v.prefix + "bias", bias_);
  spectral_.visit(v);
}
std::string Conv::describe() const {
  constexpr const char* kBorders[] = {"", " reflected", " repeated"};
  return text(kind_ == ConvKind::upsampling ? "upsample x2, " : "", type(), " k", spec_.kernel, " s", spec_.stride, " p", spec_.padding, kBorders[int(spec_.border)], spec_.output_padding ? text(" op", spec_.output_padding) : "",
              spec_.dilation > 1 ? text(" d", spec_.dilation) : "", spec_.groups > 1 ? text(" g", spec_.groups) : "", "  ", in_, " -> ", out_, spec_.bias ? "" : ", no bias",
              spec_.spectral ? ", spectral norm" : "", spec_.equalised > 0 ? ", equalised" : "", kind_ == ConvKind::mean_pooling ? ", mean pool 2" : "", spec_.shuffle > 1 ? text(", pixel shuffle x", spec_.shuffle) : "");
}
Layer conv(int in, int out, const ConvSpec& spec) { return std::make_shared<Conv>(ConvKind::plain, in, out, spec); }
Layer deconv(int in, int out, const ConvSpec& spec) { return std::make_shared<Conv>(ConvKind::transposed, in, out, spec); }
Layer upsample_conv(int in, int out, const ConvSpec& spec) { return std::make_shared<Conv>(ConvKind::upsampling, in, out, spec); }
Layer conv_mean_pool(int in, int out, const ConvSpec& spec) { return std::make_shared<Conv>(ConvKind::mean_pooling, in, out, spec); }

BatchNorm::BatchNorm(int channels, double eps, double momentum, const Init& gain, Affine affine)
    : momentum(momentum), eps_(eps), mean_(buffer({channels}, 0)), variance_(buffer({channels}, 1)) {
  if (affine == Affine::both) gain_ = parameter({channels}, gain);
  if (affine != Affine::none) bias_ = parameter({channels}, init::zero());
}
Tensor BatchNorm::forward_then(const Tensor& x, const Activation& f, const Tensor& residual) {
  if (!context().training) return normalise_by(x, mean_, variance_, eps_, gain_, bias_, f, residual);
  kernels::Norm view = batch_view(x, eps_);
  view.outer = batches_in_pass(), view.rows /= view.outer;
  return normalise(x, view, gain_, bias_, f, moving ? RunningStatistics{momentum, mean_, variance_} : RunningStatistics{}, residual).y;
}
void BatchNorm::visit(const Visit& v) {
  if (gain_) v.parameter(v.prefix + "weight", gain_);
  if (bias_) v.parameter(v.prefix + "bias", bias_);
  v.buffer(v.prefix + "running_mean", mean_);
  v.buffer(v.prefix + "running_var", variance_);
}
std::string BatchNorm::describe() const { return text("batch norm ", mean_.dim(0), gain_ ? "" : bias_ ? ", bias only" : ", no gain"); }
Layer batch_norm(int channels, double eps, const Init& gain, double momentum, Affine affine) {
  return std::make_shared<BatchNorm>(channels, eps, momentum, gain, affine);
}

namespace {

class ActivationLayer : public Module {
 public:
  explicit ActivationLayer(Activation f) : f(f) {}
  Tensor forward(const Tensor& x) override { return activate(x, f); }
  bool batches_pass_together() const override { return true; }
  std::string type() const override { return "act"; }
  std::string describe() const override {
    switch (f.op) {
      case Unary::relu: return "relu";
      case Unary::leaky_relu: return text("leaky relu ", f.alpha);
      case Unary::tanh: return "tanh";
      case Unary::sigmoid: return "sigmoid";
      case Unary::softplus: return "softplus";
      case Unary::elu: return "elu";
      case Unary::selu: return "selu";
      case Unary::gelu: return "gelu";
      case Unary::silu: return "silu";
      default: return "activation";
    }
  }
  Activation f;
};

class Reshape : public Module {
 public:
  explicit Reshape(Shape sample) : sample_(sample) {}
  Tensor forward(const Tensor& x) override {
    std::vector<int64_t> dims{x.dim(0)};
    dims.insert(dims.end(), sample_.begin(), sample_.end());
    return reshape(x, Shape(dims));
  }
  bool batches_pass_together() const override { return true; }
  std::string type() const override { return "reshape"; }
  std::string describe() const override { return text("reshape to ", sample_); }
 private:
  Shape sample_;
};

class Dropout : public Module {
 public:
  Dropout(double keep, bool maps) : keep_(keep), maps_(maps) { require(keep > 0 && keep <= 1, "dropout: keep ", keep, " must be in (0, 1]"); }
  Tensor forward(const Tensor& x) override {
    if (!context().training || keep_ == 1) return x;
    return mul(x, cast(bernoulli(maps_ ? Shape{x.dim(0), 1, 1, x.dim(3)} : x.shape(), keep_, 1 / keep_), x.dtype()));
  }
  std::string type() const override { return "dropout"; }
  std::string describe() const override { return text(maps_ ? "dropout of maps, keep " : "dropout, keep ", keep_); }
 private:
  double keep_;
  bool maps_;
};

class Maxout : public Module {
 public:
  Maxout(int in, int units, int pieces, const Init& weight, const Init& bias)
      : units_(units), pieces_(pieces), weight_(parameter({units * pieces, in}, weight)), bias_(parameter({units * pieces}, bias)) {}
  Tensor forward(const Tensor& x) override {
    const Tensor all = ganymede::linear(x, weight_, bias_);
    return max(reshape(all, Shape{x.dim(0), units_, pieces_}), {2});
  }
  void visit(const Visit& v) override {
    v.parameter(v.prefix + "weight", weight_);
    v.parameter(v.prefix + "bias", bias_);
  }
  std::string type() const override { return "maxout"; }
  std::string describe() const override { return text("maxout ", weight_.dim(1), " -> ", units_, ", ", pieces_, " pieces"); }
 private:
  int64_t units_, pieces_;
  Tensor weight_, bias_;
};

}  // namespace

Layer activation(Unary op, double alpha) { return std::make_shared<ActivationLayer>(Activation{op, alpha}); }
Layer reshape_to(const Shape& sample) { return std::make_shared<Reshape>(sample); }
Layer dropout(double keep) { return std::make_shared<Dropout>(keep, false); }
Layer map_dropout(double keep) { return std::make_shared<Dropout>(keep, true); }
Layer maxout(int in, int units, int pieces, const Init& weight, const Init& bias) { return std::make_shared<Maxout>(in, units, pieces, weight, bias); }

// An activation after a layer that can apply it goes into that layer's kernel; so does what follows the whole into the last layer's.
Tensor Sequential::run(const Tensors& inputs, const Tensor& condition, const Activation& f, const Tensor& residual) {
  const auto apply = [&](Module& layer, const Tensor& x, const Activation& f, const Tensor& residual) {
    if (inputs.size() > 1 && &layer == layers_[0].get()) return layer.forward_beside(x, inputs[1], f);
    if (condition) return layer.forward_given(x, condition, f, residual);
    return f.none() && !residual ? layer.forward(x) : layer.forward_then(x, f, residual);
  };
  Tensor x = inputs[0];
  if (layers_.empty()) return add_then_activate(inputs.size() == 1 ? x : concat(inputs, x.rank() - 1), residual, f);
  for (size_t i = 0; i < layers_.size(); ++i) {
    const auto* next = i + 1 < layers_.size() ? dynamic_cast<ActivationLayer*>(layers_[i + 1].get()) : nullptr;
    if (next) {
      x = apply(*layers_[i], x, next->f, {});
      LayerTrace::note(names_[i], *layers_[i], x);
      ++i;
    }
    const bool last = i + 1 == layers_.size();
    if (!next) x = apply(*layers_[i], x, last ? f : Activation{}, last ? residual : Tensor{});
    else if (last) x = add_then_activate(x, residual, f);
    LayerTrace::note(names_[i], *layers_[i], x);
  }
  return x;
}

void Sequential::visit(const Visit& v) {
  for (size_t i = 0; i < layers_.size(); ++i) v(names_[i], *layers_[i]);
}

}  // namespace ganymede::nn
