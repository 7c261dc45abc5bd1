#include "gan/nets/style_structure.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

using Layers = std::vector<nn::Layer>;

// Layers with a norm and relu behind each, or leaky relu (0.2).
struct StructureStack {
  Layers layers = {};
  int channels;
  bool leaky = false;
  double deviation = 0.02;

  nn::ConvSpec spec(int kernel, int stride, int padding, bool bias) const { return {.kernel = kernel, .stride = stride, .padding = padding, .bias = bias, .weight = nn::init::normal(0, deviation)}; }
  void add(nn::Layer layer, int out) {
    layers.insert(layers.end(), {std::move(layer), dcgan_norm(out), leaky ? nn::leaky_relu(0.2) : nn::relu()});
    channels = out;
  }
  StructureStack& conv(int out, int kernel, int stride, int padding) { return add(nn::conv(channels, out, spec(kernel, stride, padding, false)), out), *this; }
  StructureStack& deconv(int out, int kernel, int stride, int padding) { return add(nn::deconv(channels, out, spec(kernel, stride, padding, false)), out), *this; }
  StructureStack& doubled(int out) { return deconv(out, 4, 2, 1); }
  StructureStack& then(Layers more) { return layers.insert(layers.end(), more.begin(), more.end()), *this; }
};

class UnitVectors : public nn::Module {
 public:
  using Module::forward;
  Tensor forward(const Tensor& x) override { return unit_vectors(x); }
  bool batches_pass_together() const override { return true; }
  std::string type() const override { return "unit"; }
  std::string describe() const override { return "each pixel's vector over its length"; }
};

class StructureStyle : public nn::Module {
 public:
  explicit StructureStyle(const StructureStyleSize& s) {
    const int w = s.width;
    const bool all = s.halvings == 3;
    StructureStack normals{.channels = 3}, noise{.layers = {nn::reshape_to({1, 1, s.latent})}, .channels = s.latent}, both{.channels = 3 * w};
    normals.conv(w, 5, all ? 2 : 1, 2).conv(2 * w, 5, 2, 2);
    noise.deconv(w, s.size >> (s.halvings + 1), 1, 0).doubled(w).doubled(w);
    both.conv(4 * w, 3, 1, 1).conv(8 * w, 3, 2, 1);
    both.leaky = true;
    both.conv(8 * w, 3, 1, 1).doubled(4 * w).doubled(2 * w);
    all ? both.doubled(w) : both.conv(w, 3, 1, 1);
    both.then({nn::conv(w, s.channels, {.kernel = 5, .padding = 2}), nn::tanh()});
    normals_ = nn::sequential(std::move(normals.layers)), noise_ = nn::sequential(std::move(noise.layers)), both_ = nn::sequential(std::move(both.layers));
  }
  Tensor forward(const Tensor&) override { fail("a style generator is called with normals and noise"); }
  Tensors forward(const Tensors& xs) override {
    require(xs.size() == 2, "a style generator takes normals and noise, not ", xs.size(), " tensors");
    const Tensor normals = normals_->forward(xs[0]);
    return {both_->forward_beside(normals, noise_->forward(xs[1]))};
  }
  void visit(const nn::Visit& v) override { v("normals", *normals_), v("noise", *noise_), v("both", *both_); }
  std::string type() const override { return "style"; }

 private:
  nn::Layer normals_, noise_, both_;
};

bool is_multiple(int size, int unit) { return size >= unit && size % unit == 0; }

}  // namespace

Tensor unit_vectors(const Tensor& x) { return cast(x * rsqrt(sum(square(x), {x.rank() - 1}, true) + 1e-12), x.dtype()); }

nn::Layer structure_generator(const StructureSize& s) {
  if (!is_multiple(s.size, 8)) throw UsageError(text("setting structure_size=", s.size, ": it must be a multiple of 8"));
  const int w = s.width;
  StructureStack g{.layers = {nn::reshape_to({1, 1, s.latent})}, .channels = s.latent};
  g.deconv(2 * w, s.size / 8, 1, 0).doubled(2 * w).conv(2 * w, 3, 1, 1).conv(4 * w, 3, 1, 1).conv(8 * w, 3, 1, 1);
  g.leaky = true;
  g.conv(8 * w, 3, 1, 1).doubled(4 * w).conv(2 * w, 3, 1, 1).doubled(w).then({nn::conv(w, 3, {.kernel = 5, .padding = 2}), nn::tanh(), std::make_shared<UnitVectors>()});
  return nn::sequential(std::move(g.layers));
}

nn::Layer style_generator(const StructureStyleSize& s) {
  if (!is_multiple(s.size, 2 << s.halvings)) throw UsageError(text("pictures of ", s.size, " px: ss-gan takes multiples of ", 2 << s.halvings, "; set --size"));
  return std::make_shared<StructureStyle>(s);
}

nn::Layer structure_judge(const StructureJudgeSize& s) {
  const int w = s.width, side = s.size >> s.halvings;
  const auto leaky = [] { return nn::leaky_relu(0.2); };
  const auto kept = [&](double share) { return s.dropout ? share : 1; };
  // Without norms, signals would fade with the paper's 0.02 (to an 80th by the first four layers of a width of 32), and D would wake late.
  const auto weight = [](int64_t fan_in) { return nn::init::he_normal(fan_in, 0.2); };
  const auto conv = [&](int in, int out, int kernel, int stride) { return nn::conv(in, out, {.kernel = kernel, .stride = stride, .padding = kernel / 2, .weight = weight(in * kernel * kernel)}); };
  return nn::sequential({conv(s.channels, w, 5, 2), leaky(), conv(w, 2 * w, 5, s.halvings == 4 ? 2 : 1), leaky(), conv(2 * w, 4 * w, 3, 2), leaky(), nn::map_dropout(kept(0.8)),
                         conv(4 * w, 8 * w, 3, 2), leaky(), nn::map_dropout(kept(0.8)), conv(8 * w, 2 * w, 3, 1), leaky(), nn::reshape_to({side * side * 2 * w}), nn::dropout(kept(0.5)),
                         nn::linear(side * side * 2 * w, 1, true, weight(side * side * 2 * w))});
}

nn::Layer normal_estimator(int channels, int words, int width) {
  const auto of = [=](int paper) { return std::max(1, paper * width / 96); };
  StructureStack f{.channels = channels, .leaky = true, .deviation = 0.01};
  // The wide border is the authors': with it a side of 32 n ends at n.
  f.conv(of(96), 11, 4, 68);
  f.leaky = false;
  f.then({nn::max_pool(3, 2)}).conv(of(256), 5, 1, 2).then({nn::max_pool(3, 2)}).conv(of(384), 3, 1, 1).conv(of(384), 3, 1, 1).conv(of(256), 3, 1, 1).then({nn::max_pool(3, 2)});
  f.conv(of(1024), 6, 1, 1).doubled(of(512)).then({nn::conv(of(512), words, f.spec(3, 1, 1, true))});
  return nn::sequential(std::move(f.layers));
}

}  // namespace ganymede::nets
