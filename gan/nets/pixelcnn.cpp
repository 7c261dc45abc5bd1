#include "gan/nets/pixelcnn.h"

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "nn/init.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

// elu of x and of -x, side by side.
Tensor concat_elu(const Tensor& x) { return elu(concat({x, -x}, 3)); }

Tensor shifted_down(const Tensor& x) { return pad_zero(slice(x, 1, 0, x.dim(1) - 1), {0, 1, 0, 0}, {0, 0, 0, 0}); }
Tensor shifted_right(const Tensor& x) { return pad_zero(slice(x, 2, 0, x.dim(2) - 1), {0, 0, 1, 0}, {0, 0, 0, 0}); }

}  // namespace

// What a convolution sees: the place itself is the lowest row, and the middle of three columns or the right one of two.
struct Window {
  int rows, columns;
};
constexpr Window kAbove{2, 3}, kAboveLeft{2, 2}, kPoint{1, 1};

// y = g * convolution with v / |v| + bias, v of each output apart (Salimans & Kingma 2016). scale: deviation of y behind initialise().
class WeightNormConv : public nn::Module {
 public:
  enum class Resize { none, halve, twice };
  WeightNormConv(int in, int out, Window window, double scale = 1, Resize resize = Resize::none) : in_(in), out_(out), window_(window), scale_(scale), resize_(resize) {
    const auto [rows, columns] = window;
    v_ = nn::parameter(transposed() ? Shape{in, rows, columns, out} : Shape{out, rows, columns, in}, nn::init::normal(0, 0.05));
    g_ = nn::parameter({out}, nn::init::one()), bias_ = nn::parameter({out}, nn::init::zero());
  }
  using nn::Module::forward;
  Tensor forward(const Tensor& x) override { return pass(x, false); }
  Tensor pass(const Tensor& x, bool fit) {
    if (fit) {
      const Tensor y = cast(convolve(x, direction(), {}), bias_.dtype()), centre = mean(y, {0, 1, 2});
      assign(g_, rsqrt(mean(square(y - centre), {0, 1, 2}) + 1e-10) * scale_);
      assign(bias_, -centre * g_);
    }
    return convolve(x, direction() * of_outputs(g_), bias_);
  }
  void visit(const nn::Visit& v) override { v.parameter(v.prefix + "v", v_), v.parameter(v.prefix + "g", g_), v.parameter(v.prefix + "bias", bias_); }
  std::string type() const override { return "conv"; }
  std::string describe() const override {
    return text(transposed() ? "deconv " : "conv ", window_.rows, "x", window_.columns, resize_ == Resize::none ? " " : " s2 ", in_, " -> ", out_, ", weight norm");
  }

 private:
  bool transposed() const { return resize_ == Resize::twice; }
  Tensor of_outputs(const Tensor& a) const { return transposed() ? a : reshape(a, Shape{out_, 1, 1, 1}); }
  Tensor direction() const { return v_ * rsqrt(sum(square(v_), transposed() ? Axes{0, 1, 2} : Axes{1, 2, 3}, true)); }
  Tensor convolve(const Tensor& x, const Tensor& w, const Tensor& bias) const {
    const int side = window_.columns / 2;
    if (transposed()) return conv_transpose2d(x, w, bias, {.stride = {2, 2}, .padding = {0, window_.columns % 2}, .output_padding = {0, window_.columns % 2}});
    const int stride = resize_ == Resize::halve ? 2 : 1;
    // Padded on both sides and cut to what only sees the padding above and on the left (and of three columns on both sides).
    const Tensor y = conv2d(x, w, bias, {.stride = {stride, stride}, .padding = {window_.rows - 1, side}});
    return slice(slice(y, 1, 0, x.dim(1) / stride), 2, 0, x.dim(2) / stride);
  }
  int in_, out_;
  Window window_;
  double scale_;
  Resize resize_;
  Tensor v_, g_, bias_;
};

// x + a sigmoid(b) with (a, b) from two convolutions of x, between which another tensor is added.
class GatedBlock : public nn::Module {
 public:
  GatedBlock(Window window, int beside, const PixelCnnSize& s)
      : width_(s.width), beside_channels_(beside), first_(2 * s.width, s.width, window), second_(2 * s.width, 2 * s.width, window, 0.1), dropout_(nn::dropout(1 - s.dropout)) {
    if (beside > 0) beside_ = std::make_shared<WeightNormConv>(2 * beside, s.width, kPoint);
    if (s.classes > 0) told_ = nn::parameter({2 * s.width, s.classes}, nn::init::normal(0, 0.05));
  }
  using nn::Module::forward;
  Tensor forward(const Tensor& x) override { return pass(x, {}, {}, false); }
  Tensor pass(const Tensor& x, const Tensor& beside, const Tensor& one_hot, bool fit) {
    Tensor h = first_.pass(concat_elu(x), fit);
    if (beside_) h = h + beside_->pass(concat_elu(beside), fit);
    h = second_.pass(dropout_->forward(concat_elu(h)), fit);
    if (told_) h = h + reshape(linear(one_hot, told_), Shape{h.dim(0), 1, 1, 2 * width_});
    return x + slice(h, 3, 0, width_) * sigmoid(slice(h, 3, width_, 2 * width_));
  }
  void visit(const nn::Visit& v) override {
    v("conv1", first_);
    if (beside_) v("beside", *beside_);
    v("conv2", second_);
    if (told_) v.parameter(v.prefix + "told", told_);
  }
  std::string type() const override { return "block"; }
  std::string describe() const override { return text("gated block ", width_, beside_channels_ ? text(", beside ", beside_channels_) : "", told_ ? ", told the class" : ""); }

 private:
  int width_, beside_channels_;
  WeightNormConv first_, second_;
  std::shared_ptr<WeightNormConv> beside_;
  nn::Layer dropout_;
  Tensor told_;
};

// Features of both streams: u of the rows above a place, ul also of what is left of it. u is undefined without its stream.
struct Streams {
  Tensor u, ul;
};

// Blocks of one resolution, and convolutions to the next.
class PixelCnnStage {
 public:
  using Resize = WeightNormConv::Resize;
  PixelCnnStage(const std::string& name, const PixelCnnSize& s, int blocks, bool up, bool resizes) : u_{name + ".u", {}, {}}, ul_{name + ".ul", {}, {}} {
    const int stored = up && s.shortcuts ? s.width : 0;
    const auto fill = [&](Stream& of, Window window, int beside) {
      for (int k = 0; k < blocks; ++k) of.blocks.push_back(std::make_shared<GatedBlock>(window, beside, s));
      if (resizes) of.resize = std::make_shared<WeightNormConv>(s.width, s.width, window, 1, up ? Resize::twice : Resize::halve);
    };
    if (s.above) fill(u_, kAbove, stored);
    fill(ul_, kAboveLeft, (s.above ? s.width : 0) + stored);
  }
  size_t blocks() const { return ul_.blocks.size(); }
  bool resizes() const { return ul_.resize != nullptr; }
  Streams block(size_t k, const Streams& x, const Streams& stored, const Tensor& one_hot, bool fit) const {
    const auto pass = [&](const Stream& of, const Tensor& at, const Tensor& beside) {
      const Tensor y = of.blocks[k]->pass(at, beside, one_hot, fit);
      nn::LayerTrace::note(text(of.name, k + 1), *of.blocks[k], y);
      return y;
    };
    Streams y;
    if (x.u) y.u = pass(u_, x.u, stored.u);
    y.ul = pass(ul_, x.ul, y.u && stored.ul ? concat({y.u, stored.ul}, 3) : y.u ? y.u : stored.ul);
    return y;
  }
  Streams resized(const Streams& x, bool fit) const {
    const auto pass = [&](const Stream& of, const Tensor& at) {
      const Tensor y = of.resize->pass(at, fit);
      nn::LayerTrace::note(of.name + ".s2", *of.resize, y);
      return y;
    };
    return {x.u ? pass(u_, x.u) : Tensor{}, pass(ul_, x.ul)};
  }
  void visit(const nn::Visit& v) const {
    for (const Stream& of : {u_, ul_}) {
      for (size_t k = 0; k < of.blocks.size(); ++k) v(text(of.name, k + 1), *of.blocks[k]);
      if (of.resize) v(of.name + ".s2", *of.resize);
    }
  }

 private:
  struct Stream {
    std::string name;
    std::vector<std::shared_ptr<GatedBlock>> blocks;
    std::shared_ptr<WeightNormConv> resize;
  };
  Stream u_, ul_;
};

PixelCnn::PixelCnn(const PixelCnnSize& s) : size_(s) {
  const auto first = [&](Window w) { return std::make_shared<WeightNormConv>(s.channels + 1, s.width, w); };
  if (s.above) first_u_ = first(kAbove);
  first_above_ = first({1, 3}), first_left_ = first({2, 1});
  for (int k = 0; k <= s.halvings; ++k) {
    down_.push_back(std::make_shared<PixelCnnStage>(text("down", k + 1), s, s.blocks, false, k < s.halvings));
    up_.push_back(std::make_shared<PixelCnnStage>(text("up", k + 1), s, k ? s.blocks + 1 : s.blocks, true, k < s.halvings));
  }
  last_ = std::make_shared<WeightNormConv>(s.width, s.outputs, kPoint);
}

Tensor PixelCnn::run(const Tensor& image, const Tensor& one_hot, bool fit) {
  require(!size_.classes || one_hot, "a PixelCNN with classes wants them beside its input");
  // The plane of ones tells where the padding is.
  const Tensor x = concat({image, ones({image.dim(0), image.dim(1), image.dim(2), 1})}, 3);
  Streams h;
  if (first_u_) h.u = shifted_down(first_u_->pass(x, fit));
  h.ul = shifted_down(first_above_->pass(x, fit)) + shifted_right(first_left_->pass(x, fit));
  if (first_u_) nn::LayerTrace::note("first.u", *first_u_, h.u);
  nn::LayerTrace::note("first.above", *first_above_, h.ul), nn::LayerTrace::note("first.left", *first_left_, h.ul);
  std::vector<Streams> stored{h};
  for (const auto& stage : down_) {
    for (size_t k = 0; k < stage->blocks(); ++k) stored.push_back(h = stage->block(k, h, {}, one_hot, fit));
    if (stage->resizes()) stored.push_back(h = stage->resized(h, fit));
  }
  stored.pop_back();
  for (const auto& stage : up_) {
    for (size_t k = 0; k < stage->blocks(); ++k) {
      h = stage->block(k, h, size_.shortcuts ? stored.back() : Streams{}, one_hot, fit);
      stored.pop_back();
    }
    if (stage->resizes()) h = stage->resized(h, fit);
  }
  const Tensor y = last_->pass(elu(h.ul), fit);
  nn::LayerTrace::note("out", *last_, y);
  return y;
}

void PixelCnn::initialise(const Tensor& x) {
  run(x, size_.classes ? zeros({x.dim(0), size_.classes}) : Tensor{}, true);
}

void PixelCnn::visit(const nn::Visit& v) {
  if (first_u_) v("first.u", *first_u_);
  v("first.above", *first_above_), v("first.left", *first_left_);
  for (const auto* stages : {&down_, &up_})
    for (const auto& stage : *stages) stage->visit(v);
  v("out", *last_);
}

}  // namespace ganymede::nets
