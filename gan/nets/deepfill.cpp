#include "gan/nets/deepfill.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/contextual_attention.h"
#include "gan/nets/feature_module.h"
#include "gan/nets/usual.h"
#include "nn/gated.h"

namespace ganymede::nets {
namespace {

using nn::Layer;
using Layers = std::vector<Layer>;

const Activation kElu{Unary::elu, 1};

nn::ConvSpec deepfill_spec(int in, int out, int kernel, int stride = 1, int dilation = 1, double gain = 1) {
  const int64_t area = int64_t(kernel) * kernel;
  return {.kernel = kernel, .stride = stride, .padding = dilation * (kernel / 2), .dilation = dilation, .weight = nn::init::xavier_uniform(in * area, out * area, gain)};
}
// Gates are half open at first, and would halve what passes in each of G's layers: values begin twice as large.
constexpr double kHalfOpen = 2;

// Layers of G one behind another, each knowing how many channels the last one has.
class GatedStack {
 public:
  GatedStack(const FillShape& s, int in) : s_(s), channels_(in) {}
  GatedStack& conv(int out, int kernel = 3, int stride = 1, int dilation = 1, const Activation& f = kElu) {
    const auto with = [&](double gain) { return nn::conv(channels_, out, deepfill_spec(channels_, out, kernel, stride, dilation, gain)); };
    return s_.gated ? add(nn::gated(with(kHalfOpen), with(1), f), out) : add(with(1), out, f);
  }
  GatedStack& doubled(int out) {
    const auto with = [&](double gain) { return nn::upsample_conv(channels_, out, deepfill_spec(channels_, out, 3, 1, 1, gain)); };
    return s_.gated ? add(nn::gated(with(kHalfOpen), with(1), kElu), out) : add(with(1), out, kElu);
  }
  // The context seen grows by dilations of 2, 4, 8 and 16, as far as the maps of a quarter of the sides are wider.
  GatedStack& dilated() {
    for (int d = 2; d <= 16 && d < s_.size / 4; d *= 2) conv(channels_, 3, 1, d);
    return *this;
  }
  // From a quarter of the sides to a picture.
  Layer to_picture() {
    doubled(2 * s_.width).conv(2 * s_.width).doubled(s_.width).conv(std::max(1, s_.width / 2));
    layers_.insert(layers_.end(), {nn::conv(channels_, s_.channels, deepfill_spec(channels_, s_.channels, 3)), nn::tanh()});
    return layer();
  }
  Layer layer() { return nn::sequential(std::move(layers_)); }

 private:
  GatedStack& add(Layer layer, int out, const Activation& f = {}) {
    layers_.push_back(std::move(layer));
    if (!f.none()) layers_.push_back(nn::activation(f.op, f.alpha));
    channels_ = out;
    return *this;
  }
  FillShape s_;
  int channels_;
  Layers layers_;
};

class DeepfillGenerator : public NamedModules {
 public:
  explicit DeepfillGenerator(const FillShape& s) {
    const int w = s.width;
    // Beside the picture a plane of ones, whose edge under zero padding is the picture's, and the hole.
    coarse_ = add("coarse", GatedStack(s, s.channels + 2).conv(w, 5).conv(2 * w, 3, 2).conv(2 * w).conv(4 * w, 3, 2).conv(4 * w).conv(4 * w).dilated().conv(4 * w).conv(4 * w).to_picture());
    if (!s.refined) return;
    context_ = add("context", GatedStack(s, s.channels).conv(w, 5).conv(w, 3, 2).conv(2 * w).conv(2 * w, 3, 2).conv(4 * w).conv(4 * w).dilated().layer());
    if (s.attention) {
      seeking_ = add("seeking", GatedStack(s, s.channels).conv(w, 5).conv(w, 3, 2).conv(2 * w).conv(4 * w, 3, 2).conv(4 * w).conv(4 * w, 3, 1, 1, kRelu).layer());
      found_ = add("found", GatedStack(s, 4 * w).conv(4 * w).conv(4 * w).layer());
    }
    fine_ = add("fine", GatedStack(s, s.attention ? 8 * w : 4 * w).conv(4 * w).conv(4 * w).to_picture());
  }
  Tensor forward(const Tensor&) override { fail(type(), ": takes pictures and their holes"); }
  Tensors forward(const Tensors& xs) override {
    require(xs.size() == 2, type(), ": takes pictures and their holes, was given ", xs.size());
    const Tensor &x = xs[0], &hole = xs[1];
    require(x.dim(1) % kFillUnit == 0 && x.dim(2) % kFillUnit == 0, type(), ": pictures of ", x.dim(1), "x", x.dim(2), "; their sides are multiples of ", kFillUnit);
    const auto made = [](const char* name, Layer& layer, const Tensor& y) { return nn::LayerTrace::note(name, *layer, y), y; };
    Tensors all{made("coarse", coarse_, coarse_->forward(concat({x, ones_like(hole), hole}, 3)))};
    if (!fine_) return all;
    const Tensor filled = x + all[0] * hole;
    Tensor h = made("context", context_, context_->forward(filled));
    if (seeking_) {
      const Tensor sought = made("seeking", seeking_, seeking_->forward(filled));
      const Tensor from = contextual_attention(sought, resize_nearest(hole, sought.dim(1), sought.dim(2)));
      h = concat({h, made("found", found_, found_->forward(from))}, 3);
    }
    all.push_back(made("fine", fine_, fine_->forward(h)));
    return all;
  }
  std::string type() const override { return "deepfill"; }

 private:
  Layer add(const char* name, Layer layer) { return NamedModules::add(name, layer), layer; }
  Layer coarse_, context_, seeking_, found_, fine_;
};

}  // namespace

nn::Layer fill_generator(const FillShape& s) { return std::make_shared<DeepfillGenerator>(s); }

nn::Layer fill_judge(const FillJudgeShape& s) {
  Layers layers;
  for (int i = 0, in = s.channels + 1; i < s.layers; ++i) {
    const int out = s.width * std::min(4, 1 << i);
    nn::ConvSpec c = deepfill_spec(in, out, 5, 2);
    c.spectral = s.spectral;
    layers.insert(layers.end(), {nn::conv(in, out, c), nn::leaky_relu(0.2)});
    in = out;
  }
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
