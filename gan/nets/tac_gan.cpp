#include "gan/nets/tac_gan.h"

#include <algorithm>

#include "gan/nets/labelled.h"
#include "gan/nets/text_encoder.h"

namespace ganymede::nets {
namespace {

using Layers = std::vector<nn::Layer>;

constexpr int kMostHalvings = 4;

nn::Layer norm(int channels, const TacGanSize& s) { return nn::batch_norm(channels, 1e-3, nn::init::one(), 1 - s.decay, nn::Affine::bias); }
// The authors' biases before norms, which take them out again, are left out.
nn::ConvSpec tac_spec(int in, int out, int kernel, int stride, bool bias = false) {
  return {.kernel = kernel, .stride = stride, .padding = kernel / 2, .bias = bias, .weight = nn::init::xavier_uniform(kernel * kernel * int64_t(in), kernel * kernel * int64_t(out))};
}
nn::Layer tac_doubled(int in, int out, bool bias = false) {
  nn::ConvSpec c = tac_spec(in, out, 5, 2, bias);
  c.output_padding = 1;
  return nn::deconv(in, out, c);
}
nn::Layer xavier_linear(int in, int out, bool bias = true) { return nn::linear(in, out, bias, nn::init::xavier_uniform(in, out)); }
nn::Layer with_text(const TacGanSize& s) { return append_text(s.text, s.projected, nn::init::xavier_uniform(s.text, s.projected), nn::init::zero()); }

}  // namespace

nn::Layer tac_generator(const TacGanSize& s) {
  const int k = std::min(kMostHalvings, text_halvings(s.size)), side = s.size >> k;
  int c = s.width << (k - 1);
  Layers layers{with_text(s), xavier_linear(s.latent + s.projected, side * side * c, false), nn::reshape_to({side, side, c}), norm(c, s), nn::relu()};
  for (; c > s.width; c /= 2) layers.insert(layers.end(), {tac_doubled(c, c / 2), norm(c / 2, s), nn::relu()});
  layers.insert(layers.end(), {tac_doubled(c, s.channels, true), nn::tanh()});
  return nn::sequential(std::move(layers));
}

nn::Layer tac_discriminator(const TacGanSize& s) {
  const int k = std::min(kMostHalvings, text_halvings(s.size)), side = s.size >> k;
  int c = s.width;
  Layers trunk{nn::conv(s.channels, c, tac_spec(s.channels, c, 5, 2, true)), nn::leaky_relu(0.2)};
  for (int i = 1; i < k; ++i, c *= 2) trunk.insert(trunk.end(), {nn::conv(c, 2 * c, tac_spec(c, 2 * c, 5, 2)), norm(2 * c, s), nn::leaky_relu(0.2)});
  trunk.insert(trunk.end(), {with_text(s), nn::conv(c + s.projected, c, tac_spec(c + s.projected, c, 1, 1)), norm(c, s), nn::leaky_relu(0.2), nn::reshape_to({side * side * c})});
  return with_heads(nn::sequential(std::move(trunk)), {{"source", xavier_linear(side * side * c, 1)}, {"label", xavier_linear(side * side * c, s.classes)}});
}

}  // namespace ganymede::nets
