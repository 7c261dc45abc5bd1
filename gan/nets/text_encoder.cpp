#include "gan/nets/text_encoder.h"

#include <array>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/words.h"
#include "gan/nets/labelled.h"
#include "nn/init.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

const nn::Init kEncoderInit = nn::init::uniform(-0.08, 0.08);   // of all weights, as in the authors' code

class CharacterEncoder : public nn::Module {
 public:
  explicit CharacterEncoder(const TextEncoderSize& s) : length_(s.length), width_(s.width), out_(nn::linear(s.width, s.out, true, kEncoderInit, kEncoderInit)) {
    const std::array<int64_t, 4> channels{data::kAlphabet, s.width * 3 / 2, s.width * 2, s.width};
    int64_t steps = s.length;
    for (size_t i = 0; i < 3; ++i) {
      weight_[i] = nn::parameter({channels[i + 1], 1, kKernel, channels[i]}, kEncoderInit);
      bias_[i] = nn::parameter({channels[i + 1]}, kEncoderInit);
      steps = steps < kKernel + 2 ? 0 : (steps - kKernel + 1 - 3) / pooling(i) + 1;
    }
    if (steps < 1) throw UsageError(text("captions of ", s.length, " characters: the encoder of characters needs at least 69; set text_encoder=words"));
    input_ = nn::linear(s.width, s.width, true, kEncoderInit, kEncoderInit), state_ = nn::linear(s.width, s.width, true, kEncoderInit, kEncoderInit);
  }
  using Module::forward;
  Tensor forward(const Tensor& characters) override {
    const int64_t n = characters.dim(0);
    require(characters.rank() == 2 && characters.dim(1) == length_, describe(), ": was given characters ", characters.shape());
    Tensor x = reshape(one_hot(reshape(characters, Shape{n * length_}), data::kAlphabet), Shape{n, 1, length_, data::kAlphabet});
    for (size_t i = 0; i < 3; ++i)
      x = max_pool(conv2d(x, weight_[i], bias_[i], {}, {Unary::relu}), {.kernel = {1, 3}, .stride = {1, pooling(i)}});
    const Tensor inputs = input_->forward(reshape(x, Shape{n, x.dim(2), width_}));
    Tensor h, sum;
    for (int64_t t = 0; t < inputs.dim(1); ++t) {
      const Tensor in = reshape(slice(inputs, 1, t, t + 1), Shape{n, width_});
      h = relu(in + state_->forward(h ? h : zeros_like(in)));
      sum = sum ? sum + h : h;
    }
    return out_->forward(sum / double(inputs.dim(1)));
  }
  void visit(const nn::Visit& v) override {
    for (size_t i = 0; i < 3; ++i) {
      const std::string name = v.prefix + "conv" + std::to_string(i + 1);
      v.parameter(name + ".weight", weight_[i]), v.parameter(name + ".bias", bias_[i]);
    }
    v("input", *input_), v("state", *state_), v("out", *out_);
  }
  std::string type() const override { return "characters"; }
  std::string describe() const override { return text("char-CNN-RNN of ", length_, " characters, width ", width_); }
 private:
  static constexpr int64_t kKernel = 4;
  static int pooling(size_t i) { return i < 2 ? 3 : 2; }
  int64_t length_, width_;
  std::array<Tensor, 3> weight_, bias_;
  nn::Layer input_, state_, out_;
};

class WordEncoder : public nn::Module {
 public:
  explicit WordEncoder(const TextEncoderSize& s)
      : table_(nn::parameter({s.words, s.width}, kEncoderInit)), hidden_(nn::linear(s.width, s.width, true, nn::init::he_uniform(s.width))), out_(nn::linear(s.width, s.out, true, kEncoderInit, kEncoderInit)) {}
  using Module::forward;
  Tensor forward(const Tensor& words) override {
    const Tensor number = cast(words, table_.dtype()), mask = greater(number, zeros_like(number)), count = sum(mask, {1}, true);
    const Tensor x = gather_rows(table_, words) * reshape(mask, Shape{words.dim(0), words.dim(1), 1});
    // Times its root, so that the mean of few or many words is about as large as one of them.
    const Tensor y = sum(x, {1}) / sqrt(maximum(count, ones_like(count)));
    return out_->forward(relu(hidden_->forward(y)));
  }
  void visit(const nn::Visit& v) override { v.parameter(v.prefix + "words.weight", table_), v("hidden", *hidden_), v("out", *out_); }
  std::string type() const override { return "words"; }
  std::string describe() const override { return text("word vectors of ", table_.dim(1), ", ", table_.dim(0), " words"); }
 private:
  Tensor table_;
  nn::Layer hidden_, out_;
};

class AppendText : public nn::Module {
 public:
  AppendText(int text, int projected, const nn::Init& weight, const nn::Init& bias) : text_(text), linear_(nn::linear(text, projected, true, weight, bias)) {}
  using Module::forward;
  Tensor forward(const Tensor&) override { fail(describe(), ": takes texts; call its network with x and their vectors"); }
  bool conditional() const override { return true; }
  bool batches_pass_together() const override { return true; }
  Tensor forward_given(const Tensor& x, const Tensor& t, const Activation& f, const Tensor& residual) override {
    require(t.rank() == 2 && t.dim(0) == x.dim(0) && t.dim(1) == text_, describe(), ": the condition is ", t.shape(), ", it must be [", x.dim(0), ", ", text_, "]");
    return add_then_activate(beside(x, linear_->forward_then(t, {Unary::leaky_relu, 0.2})), residual, f);
  }
  void visit(const nn::Visit& v) override { linear_->visit(v); }
  std::string type() const override { return "text"; }
  std::string describe() const override { return text("append a text of ", text_, " through ", linear_->describe()); }
 private:
  int64_t text_;
  nn::Layer linear_;
};

}  // namespace

nn::Layer character_encoder(const TextEncoderSize& s) { return std::make_shared<CharacterEncoder>(s); }
nn::Layer word_encoder(const TextEncoderSize& s) { return std::make_shared<WordEncoder>(s); }
nn::Layer append_text(int text, int projected) { return append_text(text, projected, nn::init::as_pytorch(text), nn::init::as_pytorch(text)); }
nn::Layer append_text(int text, int projected, const nn::Init& weight, const nn::Init& bias) { return std::make_shared<AppendText>(text, projected, weight, bias); }

}  // namespace ganymede::nets
