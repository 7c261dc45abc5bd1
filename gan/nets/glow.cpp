#include "gan/nets/glow.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "nn/init.h"

namespace ganymede::nets {
namespace {

constexpr double kLogScale = 3;       // logs are stored as a third of what they are: they learn three times as fast
constexpr double kLog2Pi = 1.8378770664093453;

// Inversion and determinants need f32, whatever the couplings' networks multiply in.
class FullPrecision {
 public:
  FullPrecision() { context().precision = Precision::f32; }
 private:
  ContextScope scope_;
};

Tensor as_column(const Tensor& v) { return reshape(v, Shape{v.count(), 1}); }
Tensor each_sum(const Tensor& x) { return sum(flatten(x), {1}); }  // [N]

// Even and odd channels apart.
std::pair<Tensor, Tensor> even_and_odd(const Tensor& h, DType dtype) {
  const Shape half{h.dim(0), h.dim(1), h.dim(2), h.dim(3) / 2};
  const Tensor pairs = reshape(cast(h, dtype), Shape{h.dim(0), h.dim(1), h.dim(2), h.dim(3) / 2, 2});
  return {reshape(slice(pairs, 4, 0, 1), half), reshape(slice(pairs, 4, 1, 2), half)};
}

Tensor matrix_of(const std::vector<double>& values, int64_t n) { return tensor(values, Shape{n, n}, context().dtype, context().device); }
Tensor vector_of(const std::vector<double>& values) { return tensor(values, Shape{int64_t(values.size())}, context().dtype, context().device); }

std::vector<double> drawn(const Shape& shape, const nn::Init& init) {
  const Tensor t = nn::parameter(shape, init);
  return is_plan(context().device) ? std::vector<double>(size_t(t.count())) : t.to_doubles();
}

// A = P L (U + D): row[i] is the row of A that comes i-th, L unit lower triangular; both triangles stand in `packed`. Rows are exchanged
// so that the pivots are largest. Exact zeros (on plan, where nothing is drawn) count as 1.
struct Factors {
  std::vector<int64_t> row;
  std::vector<double> packed;
};
Factors factorise(std::vector<double> a, int64_t n) {
  std::vector<int64_t> row(static_cast<size_t>(n));
  std::iota(row.begin(), row.end(), 0);
  const auto at = [&](int64_t i, int64_t j) -> double& { return a[size_t(i * n + j)]; };
  for (int64_t k = 0; k < n; ++k) {
    int64_t best = k;
    for (int64_t i = k + 1; i < n; ++i)
      if (std::abs(at(i, k)) > std::abs(at(best, k))) best = i;
    std::swap(row[size_t(k)], row[size_t(best)]);
    for (int64_t j = 0; j < n; ++j) std::swap(at(k, j), at(best, j));
    if (at(k, k) == 0) at(k, k) = 1;
    for (int64_t i = k + 1; i < n; ++i) {
      at(i, k) /= at(k, k);
      for (int64_t j = k + 1; j < n; ++j) at(i, j) -= at(i, k) * at(k, j);
    }
  }
  return {row, a};
}

// The inverse of I + m for a strictly triangular m, whose n-th power is 0: (I - m)(I + m^2)(I + m^4)...
Tensor inverse_of_unit_triangular(const Tensor& m, const Tensor& identity) {
  Tensor inverse = identity - m, power = m;
  for (int64_t k = 2; k < m.dim(0); k *= 2) {
    power = matmul(power, power);
    inverse = matmul(inverse, identity + power);
  }
  return inverse;
}

}  // namespace

// y = (convolution + bias) * exp(3 logs), 3 x 3 with a further input that is 1 in the padding and 0 inside, or 1 x 1. Bias and logs are an
// actnorm; where the weights begin at zero they are the last layer's own. in = 0: the further input alone.
class GlowConv : public nn::Module {
 public:
  GlowConv(int in, int out, int kernel, bool zero) : in_(in), out_(out), kernel_(kernel), zero_(zero) {
    const nn::Init first = zero ? nn::init::zero() : nn::init::normal(0, 0.05);
    if (in > 0) weight_ = nn::parameter({out, kernel, kernel, in}, first);
    if (kernel > 1) edge_ = nn::parameter({out, kernel, kernel, 1}, first);
    bias_ = nn::parameter({out}, nn::init::zero()), logs_ = nn::parameter({out}, nn::init::zero());
  }
  using nn::Module::forward;
  Tensor forward(const Tensor& x) override { return forward_then(x, {}, {}); }
  Tensor forward_then(const Tensor& x, const Activation& f, const Tensor&) override {
    const Tensor scale = exp(logs_ * kLogScale);
    return convolve(x, scaled(weight_, scale), edge_ ? scaled(edge_, scale) : Tensor{}, bias_ * scale, f);
  }
  // For pictures of a size, what the further input gives: [1, H, W, out].
  Tensor of_edges(int64_t height, int64_t width) {
    const Tensor scale = exp(logs_ * kLogScale);
    return conv2d(frame(height, width), scaled(edge_, scale), bias_ * scale, {});
  }
  void initialise(const Tensor& x);
  void visit(const nn::Visit& v) override {
    if (weight_) v.parameter(v.prefix + "weight", weight_);
    if (edge_) v.parameter(v.prefix + "edge", edge_);
    v.parameter(v.prefix + "bias", bias_), v.parameter(v.prefix + "logs", logs_);
  }
  std::string type() const override { return "conv"; }
  std::string describe() const override { return text("conv k", kernel_, " ", in_, kernel_ > 1 ? " and edges" : "", " -> ", out_, zero_ ? ", from 0" : ", actnorm"); }

 private:
  static Tensor scaled(const Tensor& w, const Tensor& scale) { return w * reshape(scale, Shape{scale.count(), 1, 1, 1}); }
  static Tensor frame(int64_t height, int64_t width) { return pad(zeros({1, height, width, 1}), {1, 1, 1, 1}, Padding::zero, 1); }
  Tensor convolve(const Tensor& x, const Tensor& weight, const Tensor& edge, const Tensor& bias, const Activation& f) const {
    if (!edge) return conv2d(x, weight, bias, {}, f);
    const Tensor border = frame(x.dim(1), x.dim(2));
    // Beside x, or what comes of it beside y: whichever has fewer channels to copy.
    if (in_ < out_) {
      const Tensor beside = broadcast_to(border, {x.dim(0), border.dim(1), border.dim(2), 1});
      return conv2d(concat({pad(x, {1, 1, 1, 1}, Padding::zero), beside}, 3), concat({weight, edge}, 3), bias, {}, f);
    }
    return activate(conv2d(x, weight, {}, {.padding = {1, 1}}) + conv2d(border, edge, bias, {}), f);
  }
  int in_, out_, kernel_;
  bool zero_;
  Tensor weight_, edge_, bias_, logs_;
};

namespace {

// bias and logs of an actnorm for which (y + bias) * exp(3 logs) has mean 0 and variance 1 in each channel.
void fit_actnorm(const Tensor& y, const Tensor& bias, const Tensor& logs) {
  const Tensor wide = cast(y, bias.dtype()), centre = mean(wide, {0, 1, 2});
  assign(bias, -centre);
  assign(logs, log(sqrt(mean(square(wide - centre), {0, 1, 2})) + 1e-6) * (-1 / kLogScale));
}

}  // namespace

void GlowConv::initialise(const Tensor& x) {
  if (!zero_) fit_actnorm(convolve(x, weight_, edge_, {}, {}), bias_, logs_);
}

// Actnorm, the mixing of channels, a coupling.
class GlowStep : public nn::Module {
 public:
  GlowStep(int channels, const GlowSize& s) : channels_(channels), mixing_(s.mixing), additive_(s.additive) {
    const int64_t n = channels;
    bias_ = nn::parameter({n}, nn::init::zero()), logs_ = nn::parameter({n}, nn::init::zero());
    std::vector<int64_t> row(static_cast<size_t>(n));
    std::iota(row.begin(), row.end(), 0);
    if (mixing_ == GlowSize::Mixing::reverse) {
      std::reverse(row.begin(), row.end());
    } else if (mixing_ == GlowSize::Mixing::shuffle) {
      const std::vector<double> key = drawn({n}, nn::init::uniform(0, 1));
      std::sort(row.begin(), row.end(), [&](int64_t i, int64_t j) { return key[size_t(i)] < key[size_t(j)]; });
    } else {
      const Factors f = factorise(drawn({n, n}, nn::init::orthogonal()), n);
      row = f.row;
      std::vector<double> lower(size_t(n * n)), upper(lower), below(lower), one(lower), log_s, sign;
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < n; ++j) {
          const size_t at = size_t(i * n + j);
          (i > j ? lower : upper)[at] = i == j ? 0 : f.packed[at];
          below[at] = i > j, one[at] = i == j;
        }
        const double d = f.packed[size_t(i * n + i)];
        log_s.push_back(std::log(std::abs(d))), sign.push_back(d < 0 ? -1 : 1);
      }
      const auto values = [](std::vector<double> v) { return nn::Init{.kind = nn::Init::Kind::values, .values = std::move(v)}; };
      lower_ = nn::parameter({n, n}, values(lower)), upper_ = nn::parameter({n, n}, values(upper)), log_s_ = nn::parameter({n}, values(log_s));
      sign_ = vector_of(sign), below_ = matrix_of(below, n), identity_ = matrix_of(one, n);
    }
    std::vector<double> p(size_t(n * n));
    for (int64_t i = 0; i < n; ++i) p[size_t(row[size_t(i)] * n + i)] = 1;
    permutation_ = matrix_of(p, n);
    const int half = channels / 2;
    first_ = std::make_shared<GlowConv>(half, s.width, 3, false), second_ = std::make_shared<GlowConv>(s.width, s.width, 1, false);
    last_ = std::make_shared<GlowConv>(s.width, additive_ ? half : 2 * half, 3, true);
  }
  using nn::Module::forward;
  Tensor forward(const Tensor& x) override { return encode(x, false).first; }
  // y, and log |det dy/dx|: one element, or one a sample.
  std::pair<Tensor, Tensor> encode(const Tensor& x, bool fit) {
    if (fit) fit_actnorm(x, bias_, logs_);
    const auto [y, determinant] = mix(x);
    const Tensor stays = slice(y, 3, 0, channels_ / 2), moves = slice(y, 3, channels_ / 2, channels_);
    const Tensor h = network(stays, fit);
    if (additive_) return {concat({stays, moves + cast(h, y.dtype())}, 3), determinant};
    const auto [shift, a] = even_and_odd(h, y.dtype());
    return {concat({stays, (moves + shift) * sigmoid(a + 2)}, 3), determinant - each_sum(softplus(-(a + 2)))};
  }
  Tensor decode(const Tensor& y) {
    const Tensor stays = slice(y, 3, 0, channels_ / 2), moved = slice(y, 3, channels_ / 2, channels_);
    const Tensor h = network(stays, false);
    if (additive_) return unmix(concat({stays, moved - cast(h, y.dtype())}, 3));
    const auto [shift, a] = even_and_odd(h, y.dtype());
    return unmix(concat({stays, moved / sigmoid(a + 2) - shift}, 3));
  }
  std::vector<nn::NamedTensor> fixed() const {
    std::vector<nn::NamedTensor> all{{"permutation", permutation_}};
    if (sign_) all.push_back({"sign", sign_});
    return all;
  }
  void visit(const nn::Visit& v) override {
    v.parameter(v.prefix + "bias", bias_), v.parameter(v.prefix + "logs", logs_);
    if (lower_) v.parameter(v.prefix + "lower", lower_), v.parameter(v.prefix + "upper", upper_), v.parameter(v.prefix + "log_s", log_s_);
    v("conv1", *first_), v("conv2", *second_), v("conv3", *last_);
  }
  std::string type() const override { return "step"; }
  std::string describe() const override {
    return text("actnorm, ", mixing_ == GlowSize::Mixing::lu ? "1x1 conv" : mixing_ == GlowSize::Mixing::shuffle ? "shuffle" : "reversal", additive_ ? ", additive coupling" : ", affine coupling");
  }

 private:
  Tensor network(const Tensor& x, bool fit) {
    if (fit) first_->initialise(x);
    const Tensor h = first_->forward_then(x, {Unary::relu}, {});
    if (fit) second_->initialise(h);
    return last_->forward(second_->forward_then(h, {Unary::relu}, {}));
  }
  Tensor diagonal() const { return identity_ * (sign_ * exp(log_s_)); }
  Tensor above() const { return transpose(below_); }
  // y = W ((x + bias) * exp(3 logs)) is one matrix and one vector.
  std::pair<Tensor, Tensor> mix(const Tensor& x) const {
    const FullPrecision full;
    const Tensor w = lower_ ? matmul(permutation_, matmul(lower_ * below_ + identity_, upper_ * above() + diagonal())) : permutation_;
    const Tensor all = w * exp(logs_ * kLogScale);
    const Tensor logs = sum(logs_) * kLogScale;
    return {linear(x, all, reshape(matmul(all, as_column(bias_)), Shape{channels_})), (log_s_ ? logs + sum(log_s_) : logs) * double(x.dim(1) * x.dim(2))};
  }
  Tensor unmix(const Tensor& y) const {
    const FullPrecision full;
    Tensor inverse = transpose(permutation_);
    if (lower_) {
      const Tensor d = as_column(sign_ * exp(-log_s_));   // the diagonal's inverse
      const Tensor of_upper = inverse_of_unit_triangular(upper_ * above() * d, identity_) * transpose(d);
      inverse = matmul(of_upper, matmul(inverse_of_unit_triangular(lower_ * below_, identity_), inverse));
    }
    return linear(y, inverse * as_column(exp(logs_ * -kLogScale)), -bias_);
  }
  int channels_;
  GlowSize::Mixing mixing_;
  bool additive_;
  Tensor bias_, logs_, lower_, upper_, log_s_;
  Tensor permutation_, sign_, below_, identity_;
  std::shared_ptr<GlowConv> first_, second_, last_;
};

Glow::Glow(const GlowSize& s) : size_(s) {
  if (s.levels < 1 || s.levels > 20 || s.size % (1 << s.levels)) throw UsageError(text("setting levels=", s.levels, ": pictures then have a multiple of ", 1 << std::clamp(s.levels, 0, 20), " pixels, these have ", s.size));
  int channels = s.channels;
  for (int level = 0; level < s.levels; ++level) {
    channels *= 4;
    auto& steps = steps_.emplace_back();
    for (int k = 0; k < s.depth; ++k) steps.push_back(std::make_shared<GlowStep>(channels, s));
    if (level + 1 < s.levels) split_.push_back(std::make_shared<GlowConv>(channels / 2, channels, 3, true)), channels /= 2;
  }
  top_ = std::make_shared<GlowConv>(0, 2 * channels, 3, true);
  if (s.classes > 0) {
    class_prior_ = nn::parameter({2 * channels, s.classes}, nn::init::zero());
    class_weight_ = nn::parameter({s.classes, channels}, nn::init::zero()), class_bias_ = nn::parameter({s.classes}, nn::init::zero());
  }
}

Glow::Prior Glow::split_prior(int level, const Tensor& kept) {
  const auto [m, logs] = even_and_odd(split_[size_t(level)]->forward(kept), kept.dtype());
  return {m, logs};
}

Glow::Prior Glow::top_prior(const Tensor& one_hot) {
  const int side = size_.size >> size_.levels;
  Tensor h = cast(top_->of_edges(side, side), context().dtype);
  if (class_prior_) {
    require(one_hot.defined(), "a flow with classes wants them beside its input");
    const Tensor told = cast(linear(one_hot, class_prior_), context().dtype);
    h = h + reshape(told, Shape{told.dim(0), 1, 1, told.dim(1)});
  }
  const auto [m, logs] = even_and_odd(h, h.dtype());
  return {m, logs};
}

Tensors Glow::encode(const Tensor& x, const Tensor& one_hot, bool fit) {
  Tensors eps;
  Tensor h = x, density;
  const auto leaves = [&](const Tensor& z, const Prior& p) {
    const Tensor e = (z - p.mean) * exp(-p.log_deviation);
    eps.push_back(flatten(e));
    density = density - each_sum(square(e) * 0.5 + p.log_deviation + 0.5 * kLog2Pi);
  };
  density = zeros({x.dim(0)});
  for (int level = 0; level < size_.levels; ++level) {
    h = pixel_unshuffle(h, 2);
    for (size_t k = 0; k < steps_[size_t(level)].size(); ++k) {
      GlowStep& step = *steps_[size_t(level)][k];
      const auto [y, determinant] = step.encode(h, fit);
      nn::LayerTrace::note(text("l", level + 1, ".step", k + 1), step, y);
      h = y, density = density + determinant;
    }
    if (level + 1 == size_.levels) break;
    const int64_t half = h.dim(3) / 2;
    const Tensor gone = slice(h, 3, half, 2 * half);
    h = slice(h, 3, 0, half);
    leaves(gone, split_prior(level, h));
    nn::LayerTrace::note(text("l", level + 1, ".prior"), *split_[size_t(level)], h);
  }
  leaves(h, top_prior(one_hot));
  nn::LayerTrace::note("top", *top_, h);
  Tensors out{concat(eps, 1), density};
  if (class_weight_) out.push_back(cast(linear(mean(h, {1, 2}), class_weight_, class_bias_), context().dtype));
  return out;
}

Tensor Glow::decode(const Tensor& eps, const Tensor& one_hot) {
  const int64_t n = eps.dim(0);
  int64_t end = eps.dim(1);
  const auto back = [&](const Tensor& like, const Prior& p) {
    const int64_t count = like.count() / like.dim(0);
    const Tensor e = reshape(slice(eps, 1, end - count, end), Shape{n, like.dim(1), like.dim(2), like.dim(3)});
    end -= count;
    return e * exp(p.log_deviation) + p.mean;
  };
  const Prior top = top_prior(one_hot);
  Tensor h = back(top.mean, top);
  for (int level = size_.levels; level-- > 0;) {
    if (level + 1 < size_.levels) h = concat({h, back(h, split_prior(level, h))}, 3);
    for (size_t k = steps_[size_t(level)].size(); k-- > 0;) h = steps_[size_t(level)][k]->decode(h);
    h = pixel_shuffle(h, 2);
  }
  return h;
}

void Glow::initialise(const Tensor& x) {
  const Tensor none = size_.classes ? zeros({x.dim(0), size_.classes}) : Tensor{};   // the priors still begin as N(0, 1)
  encode(x, none, true);
}

std::vector<nn::NamedTensor> Glow::fixed() const {
  std::vector<nn::NamedTensor> all;
  for (size_t level = 0; level < steps_.size(); ++level)
    for (size_t k = 0; k < steps_[level].size(); ++k)
      for (const nn::NamedTensor& t : steps_[level][k]->fixed()) all.push_back({text("l", level + 1, ".step", k + 1, ".", t.name), t.value});
  return all;
}

void Glow::visit(const nn::Visit& v) {
  for (size_t level = 0; level < steps_.size(); ++level) {
    for (size_t k = 0; k < steps_[level].size(); ++k) v(text("l", level + 1, ".step", k + 1), *steps_[level][k]);
    if (level < split_.size()) v(text("l", level + 1, ".prior"), *split_[level]);
  }
  v("top", *top_);
  if (class_prior_) v.parameter(v.prefix + "class_prior", class_prior_), v.parameter(v.prefix + "class.weight", class_weight_), v.parameter(v.prefix + "class.bias", class_bias_);
}

}  // namespace ganymede::nets
