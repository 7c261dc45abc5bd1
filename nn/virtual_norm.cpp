#include "nn/virtual_norm.h"

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede::nn {
namespace {

class VirtualNorm : public Module {
 public:
  VirtualNorm(int channels, int64_t reference, double eps)
      : reference_(reference), eps_(eps), gain_(parameter({channels}, init::normal(0, 0.02))), bias_(parameter({channels}, init::zero())) {}
  using Module::forward;
  Tensor forward(const Tensor& x) override {
    require(x.dim(0) >= reference_, "virtual batch norm: ", x.dim(0), " rows, but the reference batch alone has ", reference_);
    std::vector<int> inside, all{0};  // axes of a row's places, and of all places
    for (int i = 1; i + 1 < x.rank(); ++i) inside.push_back(i), all.push_back(i);
    const auto mean_over = [](const Tensor& t, const std::vector<int>& axes) { return axes.empty() ? t : mean(t, axes, true); };
    const Tensor wide = x.dtype() == DType::bf16 ? cast(x, DType::f32) : x;
    const Tensor ref = slice(wide, 0, 0, reference_), m = mean_over(ref, all), q = mean_over(square(ref), all);
    const auto scaled = [&](const Tensor& t, const Tensor& first, const Tensor& second) { return (t - first) * rsqrt(relu(second - square(first)) + eps_); };
    Tensor y = scaled(ref, m, q);
    if (const int64_t n = x.dim(0); n > reference_) {
      const Tensor live = slice(wide, 0, reference_, n);
      const double w = 1.0 / double(reference_ + 1);
      y = concat({y, scaled(live, mean_over(live, inside) * w + m * (1 - w), mean_over(square(live), inside) * w + q * (1 - w))}, 0);
    }
    return cast(y * exp(gain_) + bias_, x.dtype());
  }
  void visit(const Visit& v) override { v.parameter(v.prefix + "weight", gain_), v.parameter(v.prefix + "bias", bias_); }
  std::string type() const override { return "norm"; }
  std::string describe() const override { return text("virtual batch norm, ", reference_, " reference samples"); }

 private:
  int64_t reference_;
  double eps_;
  Tensor gain_, bias_;
};

}  // namespace

Layer virtual_norm(int channels, int64_t reference, double eps) { return std::make_shared<VirtualNorm>(channels, reference, eps); }

}  // namespace ganymede::nn
