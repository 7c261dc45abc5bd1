// Convolutions whose weights follow a style: StyleGAN2 (Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", section 2.2).
#pragma once
#include "nn/layers.h"

namespace ganymede::nn {

struct ModulatedSpec {
  int kernel = 3;          // odd; the picture keeps its size
  bool upsample = false;   // to twice the size: transposed convolution of stride 2, then the filter [1 3 3 1]
  bool demodulate = true;  // divide each filter by its length after modulation (eq. 3)
  double gain = 1;         // of the result
};

// A layer of x [N, H, W, in] under the condition w [N, style]: with s = A w + a (an equalised linear layer, a starts at 1) and the equalised weight v,
//   y = f(gain sum_ik s_i v_oik x_i / sqrt(sum_ik (s_i v_oik)^2 + 1e-8) + b + residual).
// The style scales what goes into one convolution for all samples, and the length what comes out of it, which is the same.
// The residual may be a plane for all channels [N, H, W, 1].
class ModulatedConv : public Module {
 public:
  ModulatedConv(int in, int out, int style, const ModulatedSpec& spec);
  using Module::forward;
  Tensor forward(const Tensor& x) override;   // throws: it cannot do without its style
  bool conditional() const override { return true; }
  Tensor forward_given(const Tensor& x, const Tensor& w, const Activation& f = {}, const Tensor& residual = {}) override;
  bool batches_pass_together() const override { return true; }
  void visit(const Visit& v) override;
  std::string type() const override { return "modulated"; }
  std::string describe() const override;
 private:
  int in_, out_;
  ModulatedSpec spec_;
  double factor_;
  Layer style_;
  Tensor weight_, bias_;
  OncePerUpdate used_;
};
Layer modulated_conv(int in, int out, int style, const ModulatedSpec& spec = {});

// The filter [1 3 3 1] / 8 in both directions: pictures to twice their size, and to half of it (Karras et al. 2020, appendix B).
FilterOptions smooth_up();
FilterOptions smooth_down();

}  // namespace ganymede::nn
