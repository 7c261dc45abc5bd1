// The layers. Each is made by a function of its name; shapes are NHWC, or [N, C] for linear ones.
#pragma once
#include "engine/ops/conv.h"
#include "nn/init.h"
#include "nn/module.h"
#include "nn/spectral.h"

namespace ganymede::nn {

constexpr double kReluGain = 1.4142135623730951;

struct ConvSpec {
  int kernel = 3, stride = 1, padding = 0, output_padding = 0, dilation = 1, groups = 1;
  bool bias = true;
  Init weight = init::dcgan();   // normal(0, 0.02)
  Init bias_init = init::zero();
  bool spectral = false;         // divide the weight by its largest singular value
  double equalised = 0;          // > 0: multiply the weight by this gain / sqrt(fan in), see equalised()
  Padding border = Padding::zero;  // of padding; another than zeros for convolutions that are not transposed
  int shuffle = 1;                 // of conv: pixel_shuffle(shuffle) of its result, stored so where the device's kernels can; out / shuffle^2 channels
};

// Equalised learning rate (Karras et al. 2018, section 4.1): weights are stored as drawn from normal(0, 1) and multiplied by
// gain / sqrt(fan in) where they are used, so that steps of Adam move all layers at one relative rate. gain sqrt(2) before a relu.
ConvSpec equalised(ConvSpec spec, double gain = kReluGain);
Layer equalised_linear(int in, int out, double gain = kReluGain);

// y = x W^T + b; W [out, in]. factor: of W where it is used.
class Linear : public Module, public SpectralLayer {
 public:
  Linear(int in, int out, bool bias, const Init& weight, const Init& bias_init, bool spectral, double factor = 1);
  SpectralWeight spectral_weight() const override { return spectral_.on() ? spectral_.of(weight_) : SpectralWeight{}; }
  void keep_normalised(const Tensor& w) override { spectral_.keep(w); }
  using Module::forward;
  Tensor forward(const Tensor& x) override { return forward_then(x, {}, {}); }
  Tensor forward_then(const Tensor& x, const Activation& f, const Tensor& residual) override;
  bool batches_pass_together() const override { return true; }
  void visit(const Visit& v) override;
  std::string type() const override { return "linear"; }
  std::string describe() const override;
 private:
  Tensor weight_, bias_;
  double factor_;
  SpectralState spectral_;
  OncePerUpdate used_;
};
Layer linear(int in, int out, bool bias = true, const Init& weight = init::dcgan(), const Init& bias_init = init::zero(), bool spectral = false);

enum class ConvKind { plain, transposed, upsampling, mean_pooling };

// Convolution (weight [out, k, k, in/groups]) or transposed convolution (weight [in, k, k, out/groups]).
class Conv : public Module, public SpectralLayer {
 public:
  SpectralWeight spectral_weight() const override { return spectral_.on() ? spectral_.of(weight_) : SpectralWeight{}; }
  void keep_normalised(const Tensor& w) override { spectral_.keep(w); }
  Conv(ConvKind kind, int in, int out, const ConvSpec& spec);
  using Module::forward;
  Tensor forward(const Tensor& x) override { return forward_then(x, {}, {}); }
  Tensor forward_then(const Tensor& x, const Activation& f, const Tensor& residual) override { return convolve(x, f, residual); }
  Tensor forward_beside(const Tensor& x, const Tensor& beside, const Activation& f) override;
  bool batches_pass_together() const override { return true; }
  void visit(const Visit& v) override;
  std::string type() const override { return kind_ == ConvKind::transposed ? "deconv" : "conv"; }
  std::string describe() const override;
 private:
  Tensor used_weight();
  Tensor convolve(const ConvInput& x, const Activation& f, const Tensor& residual);
  ConvKind kind_;
  int in_, out_;
  double factor_ = 1;
  ConvSpec spec_;
  ConvOptions options_;
  Tensor weight_, bias_;
  SpectralState spectral_;
  OncePerUpdate used_;
};
Layer conv(int in, int out, const ConvSpec& spec);
Layer deconv(int in, int out, const ConvSpec& spec);
// The same values as upsample(2) before conv(in, out, spec), and as conv(in, out, spec) before mean_pool(2), with the same parameters;
// computed as one convolution of stride 2 (engine/ops/scaled_conv.h). They keep the size of the picture that the convolution sees: an odd
// kernel, padding kernel / 2, stride 1. An activation that follows acts on what the pair gives.
Layer upsample_conv(int in, int out, const ConvSpec& spec);
Layer conv_mean_pool(int in, int out, const ConvSpec& spec);

enum class Affine { none, bias, both };  // the parameters of a norm: neither, the bias alone, gain and bias

// Batch norm over everything but the channels; running statistics follow when the network moves (momentum as PyTorch's).
class BatchNorm : public Module {
 public:
  BatchNorm(int channels, double eps, double momentum, const Init& gain, Affine affine);
  using Module::forward;
  Tensor forward(const Tensor& x) override { return forward_then(x, {}, {}); }
  Tensor forward_then(const Tensor& x, const Activation& f, const Tensor& residual) override;
  bool batches_pass_together() const override { return true; }
  void visit(const Visit& v) override;
  std::string type() const override { return "norm"; }
  std::string describe() const override;
  double momentum;   // of running statistics; gather_statistics (nn/standing.h) has its own for a while
 private:
  double eps_;
  Tensor gain_, bias_, mean_, variance_;
};
Layer batch_norm(int channels, double eps = 1e-5, const Init& gain = init::one(), double momentum = 0.1, Affine affine = Affine::both);

Layer activation(Unary op, double alpha = 0);
inline Layer relu() { return activation(Unary::relu); }
inline Layer leaky_relu(double slope = 0.2) { return activation(Unary::leaky_relu, slope); }
inline Layer tanh() { return activation(Unary::tanh); }
inline Layer sigmoid() { return activation(Unary::sigmoid); }

Layer reshape_to(const Shape& sample);   // each sample takes this shape: {H, W, C} or {features}
// Keeps each element with probability `keep` and multiplies it by 1 / keep; the identity when not training.
Layer dropout(double keep);
// The same of whole maps: the channels of a sample [N, H, W, C] (Tompson et al. 2015).
Layer map_dropout(double keep);
// The largest of `pieces` linear functions for each of `units` outputs (Goodfellow et al. 2013).
Layer maxout(int in, int units, int pieces, const Init& weight, const Init& bias_init = init::zero());

}  // namespace ganymede::nn
