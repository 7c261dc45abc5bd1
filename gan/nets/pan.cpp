#include "gan/nets/pan.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/labelled.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

constexpr int kLastChannels = 8;   // of D's last convolution

int doubled(int width, int times) { return width * std::min(1 << times, 8); }

class Transformation : public nn::Module {
 public:
  explicit Transformation(const PanShape& s) {
    const int levels = s.halvings;
    for (int i = 0; i < levels; ++i) {
      const int in = i ? doubled(s.width, i - 1) : s.in, out = doubled(s.width, i);
      down_.push_back(nn::conv(in, out, {.kernel = 3, .stride = 2, .padding = 1, .bias = i == 0}));
      down_norm_.push_back(i ? nn::batch_norm(out) : nullptr);
    }
    // Level i is 2^i times smaller than the picture. What goes up to it has width * 2^(i - 2) channels, from one width to 8.
    int in = doubled(s.width, levels - 1);
    for (int i = levels - 1; i >= 0; --i) {
      const int out = i ? doubled(s.width, std::max(i - 2, 0)) : s.out;
      up_.push_back(nn::deconv(in, out, {.kernel = 4, .stride = 2, .padding = 1, .bias = i == 0}));
      up_norm_.push_back(i ? nn::batch_norm(out) : nullptr);
      in = out + (i > 1 ? doubled(s.width, i - 1) : 0);
    }
  }

  // Features are kept as leaky ReLU leaves them: relu(leaky_relu(e)) = relu(e), so the decoder's ReLU is the same before and after the two lie side by side.
  Tensor forward(const Tensor& x) override {
    const Activation leaky{Unary::leaky_relu, 0.2}, rectified{Unary::relu};
    const size_t levels = down_.size();
    Tensors kept;
    Tensor h = x;
    for (size_t i = 0; i < levels; ++i) {
      h = i ? down_norm_[i]->forward_then(down_[i]->forward(h), leaky) : down_[i]->forward_then(h, leaky);
      nn::LayerTrace::note(text("e", i + 1), *down_[i], h);
      kept.push_back(h);
    }
    for (size_t j = 0; j < levels; ++j) {
      const bool beside = j > 0 && j + 1 < levels;   // the largest size but the picture's has none
      h = beside ? up_[j]->forward_beside(h, relu(kept[levels - 1 - j])) : up_[j]->forward(h);
      nn::LayerTrace::note(text("d", j + 1), *up_[j], h);
      if (j + 1 < levels) h = up_norm_[j]->forward_then(h, rectified);
    }
    return tanh(h);
  }

  void visit(const nn::Visit& v) override {
    for (size_t i = 0; i < down_.size(); ++i) {
      v(text("e", i + 1), *down_[i]);
      if (down_norm_[i]) v(text("e", i + 1, "_norm"), *down_norm_[i]);
    }
    for (size_t j = 0; j < up_.size(); ++j) {
      v(text("d", j + 1), *up_[j]);
      if (up_norm_[j]) v(text("d", j + 1, "_norm"), *up_norm_[j]);
    }
  }
  bool batches_pass_together() const override { return true; }
  std::string type() const override { return "pan transformation"; }

 private:
  std::vector<nn::Layer> down_, down_norm_, up_, up_norm_;
};

}  // namespace

nn::Layer pan_transformation(const PanShape& s) {
  require(s.halvings >= 2, "pan: ", s.halvings, " halvings, it needs 2");
  return std::make_shared<Transformation>(s);
}

nn::Layer pan_discriminator(const PanDiscriminatorShape& s) {
  int height = s.height, width = s.width, in = s.in;
  const auto layer = [&](int out, int stride, bool normed) {
    std::vector<nn::Layer> layers{nn::conv(in, out, {.kernel = 3, .stride = stride, .padding = 1, .bias = !normed})};
    if (normed) layers.push_back(nn::batch_norm(out));
    layers.push_back(nn::leaky_relu(0.2));
    in = out, height = (height + stride - 1) / stride, width = (width + stride - 1) / stride;
    return layers;
  };
  const auto stage = [&](const std::vector<std::pair<int, int>>& steps) {   // channels and stride of each layer
    std::vector<nn::Layer> all;
    for (const auto& [out, stride] : steps)
      for (nn::Layer& l : layer(out, stride, true)) all.push_back(std::move(l));
    return nn::sequential(std::move(all));
  };
  const int c = s.channels;
  std::vector<nn::Layer> stages{nn::sequential(layer(c, 1, false)), stage({{2 * c, 2}, {2 * c, 1}, {4 * c, 2}}), stage({{4 * c, 1}, {8 * c, 2}}), stage({{8 * c, 1}, {8 * c, 2}})};
  std::vector<nn::Layer> head = layer(kLastChannels, 2, false);
  const int features = height * width * kLastChannels;
  head.push_back(nn::reshape_to({features}));
  head.push_back(nn::linear(features, 1));
  return in_stages(std::move(stages), nn::sequential(std::move(head)));
}

}  // namespace ganymede::nets
