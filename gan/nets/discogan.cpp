#include "gan/nets/discogan.h"

#include <algorithm>

#include "gan/nets/labelled.h"
#include "gan/nets/usual.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

constexpr int kBottleneck = 100;

// Weights as PyTorch drew them then, convolutions of both kinds alike.
int disco_halvings(const DiscoganSize& s) { return doublings_of_four(s.size, "DiscoGAN", 2); }
nn::ConvSpec disco_spec(int in, int stride, int padding) { return {.kernel = 4, .stride = stride, .padding = padding, .bias = false, .weight = nn::init::as_pytorch(16 * in)}; }
// So small that at first all points are mapped to nearly one place (figure 4a of the paper).

// The halvings: a picture to 4 x 4 of the last width. Each is a convolution, a norm but in the first, a leaky ReLU.
std::vector<std::vector<nn::Layer>> down(const DiscoganSize& s) {
  std::vector<std::vector<nn::Layer>> steps;
  int in = s.in;
  for (int i = 0, k = disco_halvings(s); i < k; ++i) {
    const int out = s.width * std::min(1 << i, 8);
    auto& layers = steps.emplace_back(std::vector<nn::Layer>{nn::conv(in, out, disco_spec(in, 2, 1))});
    if (i > 0) layers.push_back(nn::batch_norm(out));
    layers.push_back(nn::leaky_relu());
    in = out;
  }
  return steps;
}

}  // namespace

nn::Layer discogan_generator(const DiscoganSize& s) {
  std::vector<nn::Layer> layers;
  for (const auto& step : down(s)) layers.insert(layers.end(), step.begin(), step.end());
  const int steps = disco_halvings(s);
  const auto width = [&](int i) { return s.width * std::min(1 << i, 8); };
  const auto normed = [&](nn::Layer conv, int channels, nn::Layer activation) { layers.insert(layers.end(), {std::move(conv), nn::batch_norm(channels), std::move(activation)}); };
  const int inner = width(steps - 1);
  if (s.bottleneck) {
    normed(nn::conv(inner, kBottleneck, disco_spec(inner, 1, 0)), kBottleneck, nn::leaky_relu());
    normed(nn::deconv(kBottleneck, inner, disco_spec(kBottleneck, 1, 0)), inner, nn::relu());
  }
  for (int i = steps - 1; i > 0; --i) normed(nn::deconv(width(i), width(i - 1), disco_spec(width(i), 2, 1)), width(i - 1), nn::relu());
  layers.insert(layers.end(), {nn::deconv(s.width, s.out, disco_spec(s.width, 2, 1)), nn::sigmoid()});
  return nn::sequential(std::move(layers));
}

nn::Layer discogan_discriminator(const DiscoganSize& s) {
  const int inner = s.width * std::min(1 << (disco_halvings(s) - 1), 8);
  std::vector<nn::Layer> stages;
  for (auto& step : down(s)) stages.push_back(nn::sequential(std::move(step)));
  return in_stages(std::move(stages), nn::sequential({nn::conv(inner, 1, disco_spec(inner, 1, 0))}), 1);
}

nn::Layer discogan_point_map(int dimensions, int width) {
  return nn::sequential({pytorch_linear(dimensions, width), nn::relu(), pytorch_linear(width, width), nn::relu(), pytorch_linear(width, width), nn::relu(), pytorch_linear(width, dimensions)});
}

nn::Layer discogan_point_judge(int dimensions, int width) {
  std::vector<nn::Layer> stages;
  for (int i = 0; i < 4; ++i) stages.push_back(nn::sequential({pytorch_linear(i ? width : dimensions, width), nn::relu()}));
  return in_stages(std::move(stages), nn::sequential({pytorch_linear(width, 1)}), 1);
}

}  // namespace ganymede::nets
