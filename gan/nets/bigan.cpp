#include "gan/nets/bigan.h"

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "engine/ops/norm.h"
#include "gan/nets/usual.h"

namespace ganymede::nets {
namespace {

using nn::Layer;

// Batch norm alone, without a gain and a bias.
class PlainNorm : public nn::Module {
 public:
  explicit PlainNorm(int channels) : mean_(nn::buffer({channels}, 0)), variance_(nn::buffer({channels}, 1)) {}
  Tensor forward(const Tensor& x) override { return forward_then(x, {}, {}); }
  Tensor forward_then(const Tensor& x, const Activation& f, const Tensor& residual) override {
    if (!context().training) return normalise_by(x, mean_, variance_, kEps, {}, {}, f, residual);
    return normalise(x, batch_view(x, kEps), {}, {}, f, moving ? RunningStatistics{0.1, mean_, variance_} : RunningStatistics{}, residual).y;
  }
  void visit(const nn::Visit& v) override {
    v.buffer(v.prefix + "running_mean", mean_);
    v.buffer(v.prefix + "running_var", variance_);
  }
  std::string type() const override { return "norm"; }
  std::string describe() const override { return text("batch norm ", mean_.dim(0), ", no gain, no bias"); }
 private:
  static constexpr double kEps = 1e-8;
  Tensor mean_, variance_;
};

// One step of a path: a layer, what z adds to it, a norm, an activation. Only the layer is always there.
struct Step {
  Layer layer, from_z, norm;
  Activation act;

  Tensor operator()(const Tensor& x, const Tensor& z) const {
    Tensor h = layer->forward(x);
    if (from_z) {
      const Tensor added = from_z->forward(z);
      h = h + (h.rank() == 4 ? reshape(added, Shape{added.dim(0), 1, 1, added.dim(1)}) : added);
    }
    if (norm) return norm->forward_then(h, act);
    return act.none() ? h : activate(h, act);
  }
};

// Steps one after another; z goes to each that wants it.
class Path : public nn::Module {
 public:
  enum class Ends { generator, encoder, discriminator };
  Path(Ends ends, std::vector<Step> steps, std::function<Tensor(const Tensor&)> last = {}) : ends_(ends), steps_(std::move(steps)), last_(std::move(last)) {}
  Tensor forward(const Tensor& z) override {
    require(ends_ == Ends::generator, "this network of BiGAN takes pictures and latents");
    return last_(run(z, z, steps_.size()));
  }
  Tensors forward(const Tensors& xs) override {
    if (ends_ == Ends::discriminator) return {run(xs.at(0), xs.at(1), steps_.size())};
    const Tensor hidden = flatten(run(xs.at(0), {}, steps_.size() - 1));
    return {steps_.back()(hidden, {}), hidden};
  }
  void visit(const nn::Visit& v) override {
    for (size_t i = 0; i < steps_.size(); ++i) {
      const std::string n = std::to_string(i + 1);
      v(steps_[i].layer->type() + n, *steps_[i].layer);
      if (steps_[i].from_z) v("z" + n, *steps_[i].from_z);
      if (steps_[i].norm) v("norm" + n, *steps_[i].norm);
    }
  }
  std::string type() const override { return "path"; }
 private:
  Tensor run(const Tensor& x, const Tensor& z, size_t count) const {
    Tensor h = x;
    for (size_t i = 0; i < count; ++i) {
      if (steps_[i].layer->type() == "linear" && h.rank() == 4) h = flatten(h);
      h = steps_[i](h, z);
      nn::LayerTrace::note(steps_[i].layer->type() + std::to_string(i + 1), *steps_[i].layer, h);
    }
    return h;
  }
  Ends ends_;
  std::vector<Step> steps_;
  std::function<Tensor(const Tensor&)> last_;
};

Layer bigan_norm(int channels) { return std::make_shared<PlainNorm>(channels); }
Layer dense(int64_t in, int64_t out, bool bias, const nn::Init& weight = nn::init::dcgan()) { return nn::linear(int(in), int(out), bias, weight); }
// Deviation 0.02 suits sums over hundreds of pixels; over the two or three coordinates of a point they would not be heard beside z.
nn::Init weights_of(const BiganSize& s, int64_t in) { return s.bounded || s.convolutions ? nn::init::dcgan() : nn::init::he_normal(in, 0.2); }
// A map of z that is added to a convolution of 5 x 5 starts as wide as the sum over the kernel.
Layer z_map(const BiganSize& s, int out) { return nn::linear(s.latent, out, false, nn::init::normal(0, 0.02 * 25)); }

nn::ConvSpec step5(bool up, bool bias) {
  nn::ConvSpec c;
  c.kernel = 5, c.stride = 2, c.padding = 2, c.bias = bias;
  if (up) c.output_padding = 1;
  return c;
}

int bigan_doublings(int size) { return doublings_of_four(size, "BiGAN's convolutions", 1, "", ", or architecture=mlp"); }

}  // namespace

Layer bigan_generator(const BiganSize& s) {
  const int w = s.width;
  if (!s.convolutions) {
    const bool bounded = s.bounded;
    const nn::Init of_z = weights_of(s, s.latent), hidden = weights_of(s, w);
    return std::make_shared<Path>(Path::Ends::generator,
                                  std::vector<Step>{{dense(s.latent, w, false, of_z), {}, bigan_norm(w), kRelu}, {dense(w, w, false, hidden), dense(s.latent, w, false, of_z), bigan_norm(w), kRelu}, {dense(w, s.elements, true, hidden), {}, {}, {}}},
                                  [bounded](const Tensor& h) { return bounded ? sigmoid(h) : h; });
  }
  const int k = bigan_doublings(s.size);
  int c = w << (k - 1);
  std::vector<Step> steps{{nn::sequential({dense(s.latent, 16 * c, false)}), {}, bigan_norm(16 * c), kRelu}};
  for (int i = 1; i < k; ++i, c /= 2) {
    Layer up = nn::deconv(c, c / 2, step5(true, false));
    if (i == 1) up = nn::sequential({nn::reshape_to({4, 4, c}), up});
    steps.push_back({up, z_map(s, c / 2), bigan_norm(c / 2), kRelu});
  }
  Layer last = nn::deconv(c, s.channels, step5(true, true));
  if (k == 1) last = nn::sequential({nn::reshape_to({4, 4, c}), last});
  steps.push_back({last, z_map(s, s.channels), {}, {}});
  return std::make_shared<Path>(Path::Ends::generator, std::move(steps), [](const Tensor& h) { return sigmoid(h) * 2.0 - 1.0; });
}

Layer bigan_encoder(const BiganSize& s) {
  const int w = s.width;
  std::vector<Step> steps;
  if (!s.convolutions) {
    steps = {{dense(s.elements, w, true, weights_of(s, s.elements)), {}, {}, kLeaky}, {dense(w, w, false, weights_of(s, w)), {}, bigan_norm(w), kLeaky}, {dense(w, s.latent, false, weights_of(s, w)), {}, {}, {}}};
  } else {
    const int k = bigan_doublings(s.size);
    int c = w;
    steps.push_back({nn::conv(s.channels, c, step5(false, true)), {}, {}, kLeaky});
    for (int i = 1; i < k; ++i, c *= 2) steps.push_back({nn::conv(c, 2 * c, step5(false, false)), {}, bigan_norm(2 * c), kLeaky});
    steps.push_back({dense(16 * c, s.latent, true), {}, {}, {}});
  }
  return std::make_shared<Path>(Path::Ends::encoder, std::move(steps));
}

Layer bigan_discriminator(const BiganSize& s) {
  const int w = s.width;
  const auto from_z = [&](int out) { return !s.joint ? Layer{} : s.convolutions ? z_map(s, out) : dense(s.latent, out, false, weights_of(s, s.latent)); };
  std::vector<Step> steps;
  if (!s.convolutions) {
    // A batch of points is little more than where it lies, which a norm of its own would take away: D would not see G's points drift.
    const bool normed = s.bounded;
    steps = {{dense(s.elements, w, true, weights_of(s, s.elements)), {}, {}, kLeaky}, {dense(w, w, !normed, weights_of(s, w)), from_z(w), normed ? bigan_norm(w) : Layer{}, kLeaky}, {dense(w, 1, true, nn::init::zero()), {}, {}, {}}};
  } else {
    const int k = bigan_doublings(s.size);
    int c = w;
    steps.push_back({nn::conv(s.channels, c, step5(false, true)), {}, {}, kLeaky});
    for (int i = 1; i < k; ++i, c *= 2) steps.push_back({nn::conv(c, 2 * c, step5(false, false)), from_z(2 * c), bigan_norm(2 * c), kLeaky});
    steps.push_back({dense(16 * c, 1, true, nn::init::zero()), {}, {}, {}});
  }
  return std::make_shared<Path>(Path::Ends::discriminator, std::move(steps));
}

}  // namespace ganymede::nets
