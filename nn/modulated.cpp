#include "nn/modulated.h"

#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede::nn {
namespace {

std::vector<double> binomial(double sum) { return {sum / 8, 3 * sum / 8, 3 * sum / 8, sum / 8}; }

}  // namespace

FilterOptions smooth_up() { return {.taps = binomial(2), .up = 2, .before = 2, .after = 1}; }
FilterOptions smooth_down() { return {.taps = binomial(1), .down = 2, .before = 1, .after = 1}; }

ModulatedConv::ModulatedConv(int in, int out, int style, const ModulatedSpec& s)
    : in_(in), out_(out), spec_(s), factor_(1 / (s.kernel * std::sqrt(double(in)))),
      style_(std::make_shared<Linear>(style, in, true, init::normal(0, 1), init::one(), false, 1 / std::sqrt(double(style)))) {
  require(s.kernel % 2 == 1 && (!s.upsample || s.kernel == 3), "a modulated convolution of kernel ", s.kernel, s.upsample ? ": to twice the size it is 3" : ": it must be odd");
  weight_ = s.upsample ? parameter({in, s.kernel, s.kernel, out}, init::normal(0, 1)) : parameter({out, s.kernel, s.kernel, in}, init::normal(0, 1));
  bias_ = parameter({out}, init::zero());
}

Tensor ModulatedConv::forward(const Tensor&) { fail("a modulated convolution without a style: call its network with one"); }

Tensor ModulatedConv::forward_given(const Tensor& x, const Tensor& w, const Activation& f, const Tensor& residual) {
  require(w && w.rank() == 2 && w.dim(0) == x.dim(0), "a modulated convolution of ", x.shape(), ": styles [N, width] are needed, were ", w ? w.shape() : Shape{});
  const int64_t n = x.dim(0);
  const Tensor s = style_->forward(w), v = used_.get([&] { return weight_ * factor_; });
  const Tensor scaled = mul(x, reshape(s, Shape{n, 1, 1, in_}));
  const int pad = spec_.kernel / 2;
  Tensor y = spec_.upsample ? filter2d(conv_transpose2d(scaled, v, {}, {.stride = {2, 2}}), {.taps = binomial(2), .before = 1, .after = 1}) : conv2d(scaled, v, {}, {.padding = {pad, pad}});
  if (spec_.demodulate) {
    const Tensor squares = sum(square(v), {1, 2}), of = square(s);
    y = mul(y, reshape(rsqrt((spec_.upsample ? matmul(of, squares) : matmul(of, squares, false, true)) + 1e-8) * spec_.gain, Shape{n, 1, 1, out_}));
  } else if (spec_.gain != 1) {
    y = y * spec_.gain;
  }
  return bias_activation(residual ? y + residual : y, bias_, f);
}

void ModulatedConv::visit(const Visit& v) {
  v("style", *style_);
  v.parameter(v.prefix + "weight", weight_);
  v.parameter(v.prefix + "bias", bias_);
}
std::string ModulatedConv::describe() const {
  return text(spec_.upsample ? "upsample x2, " : "", "modulated conv k", spec_.kernel, "  ", in_, " -> ", out_, spec_.demodulate ? "" : ", not demodulated");
}
Layer modulated_conv(int in, int out, int style, const ModulatedSpec& spec) { return std::make_shared<ModulatedConv>(in, out, style, spec); }

}  // namespace ganymede::nn
