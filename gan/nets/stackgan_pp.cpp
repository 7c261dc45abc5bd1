#include "gan/nets/stackgan_pp.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/labelled.h"
#include "gan/nets/text_conv.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

using Layers = std::vector<nn::Layer>;

class GatedLinearUnit : public nn::Module {
 public:
  using Module::forward;
  Tensor forward(const Tensor& x) override {
    const int axis = x.rank() - 1;
    const int64_t n = x.dim(axis);
    require(n % 2 == 0, "gated linear unit: ", n, " channels; it halves them");
    return slice(x, axis, 0, n / 2) * sigmoid(slice(x, axis, n / 2, n));
  }
  bool batches_pass_together() const override { return true; }
  std::string type() const override { return "glu"; }
};

nn::ConvSpec kernel(int k, int stride, int padding, bool bias = false) { return {.kernel = k, .stride = stride, .padding = padding, .bias = bias, .weight = nn::init::orthogonal()}; }
nn::ConvSpec same() { return kernel(3, 1, 1); }
nn::Layer orthogonal_linear(int in, int out, bool bias) { return nn::linear(in, out, bias, nn::init::orthogonal()); }

void gated(Layers& to, int in, int out) { to.insert(to.end(), {nn::conv(in, 2 * out, same()), dcgan_norm(2 * out), gated_linear_unit()}); }
void judged(Layers& to, int in, int out, const nn::ConvSpec& spec) { to.insert(to.end(), {nn::conv(in, out, spec), dcgan_norm(out), nn::leaky_relu(0.2)}); }
nn::Layer logit(int in) { return nn::sequential({nn::conv(in, 1, kernel(4, 4, 0, true)), nn::reshape_to({1})}); }

}  // namespace

nn::Layer gated_linear_unit() { return std::make_shared<GatedLinearUnit>(); }
nn::Layer gated_residual(int width) {
  return nn::residual(nn::sequential({nn::conv(width, 2 * width, same()), dcgan_norm(2 * width), gated_linear_unit(), nn::conv(width, width, same()), dcgan_norm(width)}));
}
void gated_doubling(Layers& to, int in, int out) { to.insert(to.end(), {nn::upsample_conv(in, 2 * out, same()), dcgan_norm(2 * out), gated_linear_unit()}); }

nn::Layer gated_conditioning(int text, int length, bool scaled) {
  Layers layers;
  if (scaled) layers.push_back(nn::norm(nn::NormKind::pixel, text, nn::Affine::none, 1e-8));
  layers.insert(layers.end(), {orthogonal_linear(text, 4 * length, true), gated_linear_unit()});
  return nn::sequential(std::move(layers));
}

nn::Layer tree_root(int in, const TreeSize& s) {
  int c = s.width << text_halvings(s.size);
  Layers layers{orthogonal_linear(in, 32 * c, false), dcgan_norm(32 * c), gated_linear_unit(), nn::reshape_to({4, 4, c})};
  for (; c > s.width; c /= 2) gated_doubling(layers, c, c / 2);
  return nn::sequential(std::move(layers));
}

nn::Layer tree_step(int width, int condition, int blocks) {
  Layers layers{append_vector(condition)};
  gated(layers, width + condition, width);
  for (int i = 0; i < blocks; ++i) layers.push_back(gated_residual(width));
  gated_doubling(layers, width, std::max(1, width / 2));
  return nn::sequential(std::move(layers));
}

nn::Layer tree_picture(int width, int channels) { return nn::sequential({nn::conv(width, channels, same()), nn::tanh()}); }

nn::Layer tree_discriminator(const TreeSize& s, int level, bool alone) {
  const nn::ConvSpec half = kernel(4, 2, 1);
  const int k = text_halvings(s.size), last = s.width << (k - 1);
  int c = s.width;
  Layers trunk{nn::conv(s.channels, c, half), nn::leaky_relu(0.2)};
  for (int i = 1; i < k + level; ++i, c *= 2) judged(trunk, c, 2 * c, half);
  for (; c > last; c /= 2) judged(trunk, c, c / 2, same());
  std::vector<std::pair<std::string, nn::Layer>> heads;
  if (s.condition > 0) {
    Layers pair{append_vector(s.condition)};
    judged(pair, c + s.condition, c, same());
    pair.push_back(logit(c));
    heads.push_back({"pair", nn::sequential(std::move(pair))});
  }
  if (alone || s.condition == 0) heads.push_back({"alone", logit(c)});
  return with_heads(nn::sequential(std::move(trunk)), std::move(heads));
}

}  // namespace ganymede::nets
