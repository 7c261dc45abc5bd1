#include "gan/nets/attngan.h"

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/nets/stackgan_pp.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

const nn::Init kAttnInit = nn::init::uniform(-0.1, 0.1);   // of word vectors and of what brings pictures to their length, as in the authors' code

// Which words of captions of `given` words are read: `words` of them at random, in order, or all of shorter ones.
class WordChoice {
 public:
  WordChoice(int64_t given, int64_t words) : given_(given), words_(words) {
    std::vector<double> before, places;
    for (int64_t i = 0; i < given * given; ++i) before.push_back(i / given < i % given);
    for (int64_t i = 0; i < words; ++i) places.push_back(double(i));
    before_ = tensor(before, Shape{given, given}, context().dtype, context().device), places_ = tensor(places, Shape{1, words, 1}, context().dtype, context().device);
  }
  // present [N, given] -> [N, words, given]: 1 where the place is the word's.
  Tensor operator()(const Tensor& present) const {
    const int64_t n = present.dim(0);
    const Tensor lot = uniform({n, given_}) + present;   // words come before padding
    const Tensor ahead = sum(greater(reshape(lot, Shape{n, 1, given_}), reshape(lot, Shape{n, given_, 1})), {2});
    const Tensor kept = greater(full(ahead.shape(), double(words_), ahead.dtype(), ahead.device()), ahead);
    return reshape(kept, Shape{n, 1, given_}) * equal(reshape(matmul(kept, before_), Shape{n, 1, given_}), places_);
  }
 private:
  int64_t given_, words_;
  Tensor before_, places_;
};

class CaptionEncoder : public nn::Module {
 public:
  explicit CaptionEncoder(const CaptionEncoderSize& s)
      : s_(s), units_(s.row.length / 2), choice_(s.given, s.row.words), table_(nn::parameter({s.vocabulary, s.embedded}, kAttnInit)), dropout_(nn::dropout(s.keep)),
        input_(nn::linear(s.embedded, int(8 * units_), true, nn::init::as_pytorch(units_), nn::init::as_pytorch(units_))), state_(nn::parameter({2, 4 * units_, units_}, nn::init::as_pytorch(units_))) {
    require(s.row.length % 2 == 0, "caption encoder: vectors of ", s.row.length, "; both directions have a half each");
    require(s.given >= s.row.words, "caption encoder: ", s.row.words, " words of captions of ", s.given);
  }
  using Module::forward;
  Tensor forward(const Tensor& tokens) override {
    const int64_t n = tokens.dim(0), steps = s_.row.words, h = units_;
    require(tokens.rank() == 2 && tokens.dim(1) == s_.given, describe(), ": was given captions ", tokens.shape());
    const Tensor number = cast(tokens, table_.dtype());
    Tensor mask = greater(number, zeros_like(number)), x = gather_rows(table_, tokens);
    if (steps < s_.given) {
      const Tensor chosen = choice_(mask);
      x = matmul(chosen, x), mask = reshape(matmul(chosen, reshape(mask, Shape{n, s_.given, 1})), Shape{n, steps});
    }
    // Both directions take their steps together, [steps, 2, N, ..]; the second reads the caption from its end.
    const Tensor in = permute(reshape(input_->forward(dropout_->forward(x)), Shape{n, steps, 2, 4 * h}), {1, 2, 0, 3});
    const Tensor present = reshape(transpose(mask), Shape{steps, 1, n, 1});
    const Tensor inputs = with_second_flipped(in), words = concat({present, flip(present, 0)}, 1);
    const auto at = [](const Tensor& x, int64_t t) { return reshape(slice(x, 0, t, t + 1), Shape{x.dim(1), x.dim(2), x.dim(3)}); };
    Tensor hidden = zeros({2, n, h}), cell = hidden;
    Tensors seen;
    for (int64_t t = 0; t < steps; ++t) {
      const Tensor gates = at(inputs, t) + matmul(hidden, state_, false, true), word = at(words, t);
      const auto gate = [&](int64_t i) { return slice(gates, 2, i * h, (i + 1) * h); };   // in, forget, candidate, out: PyTorch's order
      const Tensor next = sigmoid(gate(1)) * cell + sigmoid(gate(0)) * tanh(gate(2));
      cell = cell + word * (next - cell);   // padding leaves the state as it is
      hidden = hidden + word * (sigmoid(gate(3)) * tanh(next) - hidden);
      seen.push_back(hidden * word);
    }
    const auto joined = [](const Tensor& x, const Shape& shape) { return reshape(permute(x, {1, 0, 2}), shape); };
    const Tensor all = permute(with_second_flipped(stack(seen)), {2, 0, 1, 3});   // [N, steps, 2, h]
    return concat({joined(hidden, Shape{n, 2 * h}), reshape(all, Shape{n, steps * 2 * h}), mask}, 1);
  }
  void visit(const nn::Visit& v) override { v.parameter(v.prefix + "words.weight", table_), v("input", *input_), v.parameter(v.prefix + "state.weight", state_); }
  std::string type() const override { return "captions"; }
  std::string describe() const override { return text("bidirectional LSTM of ", units_, " units over word vectors of ", s_.embedded, ", ", s_.vocabulary, " words, dropout, keep ", s_.keep); }
 private:
  static Tensor with_second_flipped(const Tensor& x) { return concat({slice(x, 1, 0, 1), flip(slice(x, 1, 1, 2), 0)}, 1); }
  CaptionEncoderSize s_;
  int64_t units_;
  WordChoice choice_;
  Tensor table_;
  nn::Layer dropout_, input_;
  Tensor state_;
};

class RegionEncoder : public nn::Module {
 public:
  RegionEncoder(int size, int channels, int width, int length) : length_(length) {
    std::vector<nn::Layer> layers;
    int c = channels, next = width;
    const auto add = [&](std::vector<nn::Layer>& to, const nn::ConvSpec& spec) { to.insert(to.end(), {nn::conv(c, next, spec), nn::batch_norm(next), nn::leaky_relu(0.2)}), c = next; };
    const nn::ConvSpec half{.kernel = 4, .stride = 2, .padding = 1, .bias = false}, same{.kernel = 3, .padding = 1, .bias = false};
    for (int side = size; side > 8; side /= 2, next *= 2) add(layers, half);
    next = c == channels ? width : c;
    add(layers, same);
    trunk_ = nn::sequential(std::move(layers));
    local_ = nn::conv(c, length, {.kernel = 1, .bias = false, .weight = kAttnInit});
    std::vector<nn::Layer> whole;
    next = 2 * c;
    add(whole, half);
    whole.insert(whole.end(), {nn::global_mean(), nn::linear(c, length, true, kAttnInit)});
    whole_ = nn::sequential(std::move(whole));
  }
  using Module::forward;
  Tensor forward(const Tensor& x) override {
    const Tensor h = trunk_->forward(x), regions = local_->forward(h);
    return concat({reshape(whole_->forward(h), Shape{x.dim(0), 1, length_}), reshape(regions, Shape{x.dim(0), regions.dim(1) * regions.dim(2), length_})}, 1);
  }
  void visit(const nn::Visit& v) override { v("trunk", *trunk_), v("local", *local_), v("whole", *whole_); }
  std::string type() const override { return "regions"; }
  std::string describe() const override { return text("a vector of ", length_, " for the whole and for each region"); }
 private:
  int64_t length_;
  nn::Layer trunk_, local_, whole_;
};

}  // namespace

Tensor CaptionRow::sentence(const Tensor& rows) const { return slice(rows, 1, 0, length); }
Tensor CaptionRow::each_word(const Tensor& rows) const { return reshape(slice(rows, 1, length, length + words * length), Shape{rows.dim(0), words, length}); }
Tensor CaptionRow::mask(const Tensor& rows) const { return slice(rows, 1, length + words * length, width()); }

Tensor word_penalty(const Tensor& mask) {
  constexpr double kNever = 1e9;
  const Tensor none = equal(mask, zeros_like(mask));
  return log(mask + none) - kNever * none;
}

nn::Layer caption_encoder(const CaptionEncoderSize& s) { return std::make_shared<CaptionEncoder>(s); }
nn::Layer region_encoder(int size, int channels, int width, int length) { return std::make_shared<RegionEncoder>(size, channels, width, length); }

WordAttention::WordAttention(const CaptionRow& row, int width) : row_(row), width_(width), projection_(nn::linear(int(row.length), width, false, nn::init::orthogonal())) {}
Tensor WordAttention::weights(const Tensor& x, const Tensor& rows) {
  const int64_t n = x.dim(0);
  require(x.dim(-1) == width_ && rows.shape() == Shape({n, row_.width()}), describe(), ": was given features ", x.shape(), " and captions ", rows.shape());
  const Tensor scores = matmul(reshape(x, Shape{n, x.dim(1) * x.dim(2), width_}), projection_->forward(row_.each_word(rows)), false, true);
  return softmax(scores + reshape(word_penalty(row_.mask(rows)), Shape{n, 1, row_.words}));
}
Tensor WordAttention::forward(const Tensor&) { fail(describe(), ": takes captions; call its network with features and their rows"); }
Tensor WordAttention::forward_given(const Tensor& x, const Tensor& rows, const Activation& f, const Tensor& residual) {
  const Tensor seen = matmul(weights(x, rows), projection_->forward(row_.each_word(rows)));
  return add_then_activate(concat({x, reshape(seen, x.shape())}, 3), residual, f);
}
std::string WordAttention::describe() const { return text("beside them ", width_, " channels of ", row_.words, " words of ", row_.length); }

nn::Layer attention_step(std::shared_ptr<WordAttention> attention, int width, int blocks) {
  std::vector<nn::Layer> layers{std::move(attention)};
  for (int i = 0; i < blocks; ++i) layers.push_back(gated_residual(2 * width));
  gated_doubling(layers, 2 * width, width);
  return nn::sequential(std::move(layers));
}

}  // namespace ganymede::nets
