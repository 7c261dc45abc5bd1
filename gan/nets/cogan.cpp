#include "gan/nets/cogan.h"

#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

using nn::Layer;

// Glorot's uniform range times sqrt 2 and biases of 0.1 (digits), or normal(0, 0.02) and 0 (faces).
struct Maker {
  bool faces;
  nn::ConvSpec spec(int in, int out, int kernel, int stride, int padding, bool bias) const {
    const int64_t area = int64_t(kernel) * kernel;
    nn::ConvSpec c{.kernel = kernel, .stride = stride, .padding = padding, .bias = bias};
    if (!faces) c.weight = nn::init::xavier_uniform(in * area, out * area, std::sqrt(2.0)), c.bias_init = nn::init::constant(0.1);
    return c;
  }
  Layer conv(int in, int out, int kernel, int stride, int padding, bool bias = true) const { return nn::conv(in, out, spec(in, out, kernel, stride, padding, bias)); }
  Layer deconv(int in, int out, int kernel, int stride, int padding, bool bias = true) const { return nn::deconv(in, out, spec(in, out, kernel, stride, padding, bias)); }
  Layer linear(int in, int out) const {
    return faces ? nn::linear(in, out) : nn::linear(in, out, true, nn::init::xavier_uniform(in, out, std::sqrt(2.0)), nn::init::constant(0.1));
  }
};

// A norm takes the bias before it out again, so the layers before one have none.
Layer plain_norm(int channels) { return nn::batch_norm(channels, 1e-5, nn::init::one(), 0.1, nn::Affine::none); }

class Generators : public nn::Module {
 public:
  Generators(Layer trunk_a, Layer trunk_b, Layer a, Layer b) : trunk_a_(std::move(trunk_a)), trunk_b_(std::move(trunk_b)), a_(std::move(a)), b_(std::move(b)) {}
  Tensor forward(const Tensor& z) override { return forward(Tensors{z})[0]; }
  Tensors forward(const Tensors& zs) override {
    const Tensor first = trunk_a_->forward(zs.at(0)), second = trunk_b_ ? trunk_b_->forward(zs[0]) : first;
    const Tensors ys{a_->forward(first), b_->forward(second)};
    nn::LayerTrace::note("a", *a_, ys[0]), nn::LayerTrace::note("b", *b_, ys[1]);
    return ys;
  }
  void visit(const nn::Visit& v) override {
    v(trunk_b_ ? "trunk_a" : "trunk", *trunk_a_);
    if (trunk_b_) v("trunk_b", *trunk_b_);
    v("a", *a_), v("b", *b_);
  }
  std::string type() const override { return "coupled"; }
 private:
  Layer trunk_a_, trunk_b_, a_, b_;
};

// What judges the features of one side, or of both.
struct Side {
  Layer trunk, source, classes;
};

class Discriminators : public nn::Module {
 public:
  Discriminators(Layer a, Layer b, Side first, Side second) : a_(std::move(a)), b_(std::move(b)), sides_{std::move(first), std::move(second)} {}
  Tensor forward(const Tensor&) override { fail("the coupled discriminators take a picture of either domain: net(Tensors{a, b})"); }
  Tensors forward(const Tensors& xs) override {
    require(xs.size() == 2, "the coupled discriminators take a picture of either domain, were given ", xs.size());
    const Tensor a = a_->forward(xs[0]), b = b_->forward(xs[1]);
    if (!sides_[1].trunk) return judge(sides_[0], concat({a, b}, 0));
    const Tensors first = judge(sides_[0], a), second = judge(sides_[1], b);
    Tensors both;
    for (size_t i = 0; i < first.size(); ++i) both.push_back(concat({first[i], second[i]}, 0));
    return both;
  }
  void visit(const nn::Visit& v) override {
    v("a", *a_), v("b", *b_);
    for (int i = 0; i < 2; ++i) {
      const std::string end = !sides_[1].trunk ? "" : i == 0 ? "_a" : "_b";
      if (sides_[i].trunk) v("trunk" + end, *sides_[i].trunk), v("source" + end, *sides_[i].source);
      if (sides_[i].classes) v("label" + end, *sides_[i].classes);
    }
  }
  std::string type() const override { return "coupled"; }
 private:
  static Tensors judge(const Side& side, const Tensor& x) {
    const Tensor h = side.trunk->forward(x);
    Tensors said{side.source->forward(h), h};
    nn::LayerTrace::note("source", *side.source, said[0]);
    if (side.classes) said.push_back(side.classes->forward(h));
    return said;
  }
  Layer a_, b_;
  Side sides_[2];
};

// 4, 7, 13, 25, 49, ... pixels, and 3 more by the last kernel of 6.
int steps_to(const CoganSize& s) {
  int k = 0, side = 4;
  while (side + 3 < s.size) side = 2 * side - 1, ++k;
  if (side + 3 != s.size || k < 1 || k > 5) throw UsageError(text("a picture size of ", s.size, ": cogan's architecture digits takes 10, 16, 28, 52 or 100 pixels; set --size"));
  return k;
}

Layer digits_trunk(const CoganSize& s, const Maker& make) {
  int c = 8 * s.width;
  std::vector<Layer> layers{nn::reshape_to({1, 1, s.latent}), make.deconv(s.latent, c, 4, 1, 0, false), plain_norm(c), nn::prelu(1)};
  for (int i = 0, k = steps_to(s); i < k; ++i) {
    const int out = i + 1 == k ? s.width : std::max(c / 2, s.width);
    for (const Layer& l : {make.deconv(c, out, 3, 2, 1, false), plain_norm(out), nn::prelu(1)}) layers.push_back(l);
    c = out;
  }
  return nn::sequential(std::move(layers));
}

Layer faces_trunk(const CoganSize& s) {
  const int k = doublings_of_four(s.size, "cogan's architecture faces");
  int c = s.width << k;
  std::vector<Layer> layers{nn::linear(s.latent, 16 * c, false), nn::reshape_to({4, 4, c}), nn::batch_norm(c), nn::prelu(1)};
  for (int i = 0; i < k; ++i, c /= 2)
    for (const Layer& l : {nn::deconv(c, c / 2, {.kernel = 4, .stride = 2, .padding = 1, .bias = false}), nn::batch_norm(c / 2), nn::prelu(1)}) layers.push_back(l);
  return nn::sequential(std::move(layers));
}

Side digits_side(const CoganSize& s, const Maker& make) {
  const int c = s.d_width, middle = std::max(1, c * 5 / 2), hidden = 25 * c;
  int side = ((s.size - 4) / 2 - 4) / 2;   // after two convolutions of 5 and two pools
  std::vector<Layer> layers{make.conv(c, middle, 5, 1, 0), nn::max_pool()};
  if (side < 1) layers = {make.conv(c, middle, 3, 1, 1)}, side = (s.size - 4) / 2;   // 10 pixels: 3 are left
  layers.push_back(make.conv(middle, hidden, side, 1, 0));
  layers.push_back(nn::prelu(1));
  layers.push_back(nn::reshape_to({hidden}));
  return {nn::sequential(std::move(layers)), make.linear(hidden, 2), s.classes ? make.linear(hidden, s.classes) : nullptr};
}

// Halvings to 2 x 2: kernels of 5 near the picture, then of 3.
Side faces_side(const CoganSize& s) {
  const int k = doublings_of_four(s.size, "cogan's architecture faces");
  int c = s.d_width, side = s.size / 2;
  std::vector<Layer> layers;
  for (int i = 1; i <= k; ++i, c *= 2, side /= 2) {
    const int kernel = i < 3 ? 5 : 3;
    for (const Layer& l : {nn::conv(c, 2 * c, {.kernel = kernel, .stride = 2, .padding = kernel / 2, .bias = false}), nn::batch_norm(2 * c), nn::prelu(1)}) layers.push_back(l);
  }
  const int hidden = 2 * c;
  for (const Layer& l : {nn::reshape_to({int64_t(side) * side * c}), nn::linear(side * side * c, hidden, false), nn::batch_norm(hidden), nn::prelu(1), nn::dropout(0.9)}) layers.push_back(l);
  return {nn::sequential(std::move(layers)), nn::linear(hidden, 2), s.classes ? nn::linear(hidden, s.classes) : nullptr};
}

}  // namespace

Layer cogan_generator(const CoganSize& s) {
  const Maker make{s.faces};
  const auto trunk = [&] { return s.faces ? faces_trunk(s) : digits_trunk(s, make); };
  const auto last = [&](int channels) {
    return s.faces ? nn::sequential({make.conv(s.width, channels, 3, 1, 1), nn::tanh()}) : nn::sequential({make.deconv(s.width, channels, 6, 1, 1), nn::sigmoid()});
  };
  const Layer first = trunk(), second = s.shared ? nullptr : trunk();
  return std::make_shared<Generators>(first, second, last(s.channels_a), last(s.channels_b));
}

Layer cogan_discriminator(const CoganSize& s) {
  const Maker make{s.faces};
  const auto side = [&] { return s.faces ? faces_side(s) : digits_side(s, make); };
  const auto first = [&](int channels) {
    if (!s.faces) return nn::sequential({make.conv(channels, s.d_width, 5, 1, 0), nn::max_pool()});
    return nn::sequential({nn::conv(channels, s.d_width, {.kernel = 5, .stride = 2, .padding = 2, .bias = false}), nn::batch_norm(s.d_width), nn::prelu(1)});
  };
  const Layer a = first(s.channels_a), b = first(s.channels_b);
  const Side one = side();
  return std::make_shared<Discriminators>(a, b, one, s.shared ? Side{} : side());
}

}  // namespace ganymede::nets
