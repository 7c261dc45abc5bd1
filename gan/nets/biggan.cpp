#include "gan/nets/biggan.h"

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/feature_module.h"
#include "gan/nets/projection.h"
#include "nn/blocks.h"
#include "nn/conditional.h"

namespace ganymede::nets {
namespace {

using nn::Layer;

// In multiples of the width: of G before the first block and behind each, and of D behind each block; how many of D's, the first ones, halve.
struct Plan {
  int size;
  std::vector<int> made, seen;
  size_t halving;
};
const Plan& plan_of(int size) {
  static const std::vector<Plan> plans = {
      {16, {4, 4, 4}, {4, 4, 4, 4}, 2},
      {32, {4, 4, 4, 4}, {4, 4, 4, 4}, 2},
      {64, {16, 16, 8, 4, 2}, {1, 2, 4, 8, 16}, 4},
      {128, {16, 16, 8, 4, 2, 1}, {1, 2, 4, 8, 16, 16}, 5},
      {256, {16, 16, 8, 8, 4, 2, 1}, {1, 2, 4, 8, 8, 16, 16}, 6},
  };
  for (const Plan& p : plans)
    if (p.size == size) return p;
  throw UsageError(text("a picture size of ", size, ": BigGAN takes 16, 32, 64, 128 or 256 pixels; set --size"));
}

class BigGenerator : public NamedModules {
 public:
  explicit BigGenerator(const BigSize& s) : pieces_(s.skip_z ? big_blocks(s.size) + 1 : 1), classes_(s.classes) {
    if (s.latent % pieces_ != 0)
      throw UsageError(text("setting latent=", s.latent, ": skip_z cuts z into ", pieces_, " equal pieces for pictures of ", s.size, " pixels; set a multiple of ", pieces_, ", such as ", (s.latent / pieces_ + 1) * pieces_));
    const std::vector<int>& made = plan_of(s.size).made;
    const WeightStyle w{.orthogonal = true};
    const int piece = s.latent / pieces_, condition = (s.embedding > 0 ? s.embedding : s.classes) + (s.skip_z ? piece : 0);
    // By class alone the weights of norms are tables, which the authors do not divide.
    const auto norm = [&](int channels) { return nn::projected_norm(nn::NormKind::batch, channels, condition, nn::init::orthogonal(), s.embedding > 0); };
    if (s.embedding > 0) shared_ = nn::embedding(s.classes, s.embedding, nn::init::orthogonal()), add("shared", shared_);
    channels_ = made[0] * s.width;
    first_ = w.dense(piece, int(channels_) * 16), add("linear", first_);
    AttentionAt attention(s.attention, true, w);
    for (size_t i = 0; i + 1 < made.size(); ++i) {
      const int in = made[i] * s.width, out = made[i + 1] * s.width;
      add_step(text("block", i + 1), nn::residual(nn::sequential({norm(in), nn::relu(), w.up_conv(in, out, 3), norm(out), nn::relu(), w.conv(out, out, 3)}), nn::sequential({w.up_conv(in, out, 1)})));
      if (i + 2 < made.size())
        if (const Layer a = attention.after(8 << i, out)) add_step("attention", a);
    }
    attention.check_placed(s.size);
    const int last = made.back() * s.width;
    out_ = nn::sequential({nn::batch_norm(last), nn::relu(), w.conv(last, s.channels, 3), nn::tanh()}), add("out", out_);
  }
  using Module::forward;
  Tensor forward(const Tensor&) override { fail("BigGAN's generator takes labels; call its network with z and the labels"); }
  bool conditional() const override { return true; }
  Tensor forward_given(const Tensor& z, const Tensor& labels, const Activation& f, const Tensor& residual) override {
    const int64_t piece = z.dim(1) / pieces_;
    const auto part = [&](int64_t i) { return pieces_ > 1 ? slice(z, 1, i * piece, (i + 1) * piece) : z; };
    const Tensor of_class = cast(shared_ ? shared_->forward(labels) : one_hot(labels, classes_), z.dtype());
    if (shared_) nn::LayerTrace::note("shared", *shared_, of_class);
    Tensor h = first_->forward(part(0));
    nn::LayerTrace::note("linear", *first_, h);
    h = reshape(h, Shape{z.dim(0), 4, 4, channels_});
    int64_t block = 0;
    for (const auto& [name, step] : steps_) {
      if (step->conditional()) h = step->forward_given(h, pieces_ > 1 ? concat({of_class, part(++block)}, 1) : of_class);
      else h = step->forward(h);
      nn::LayerTrace::note(name, *step, h);
    }
    return out_->forward_then(h, f, residual);
  }
  std::string type() const override { return "biggan"; }

 private:
  void add_step(const std::string& name, const Layer& step) { steps_.emplace_back(name, step), add(name, step); }
  int64_t pieces_, classes_, channels_ = 0;
  Layer shared_, first_, out_;
  std::vector<std::pair<std::string, Layer>> steps_;   // blocks, and attention
};

}  // namespace

int big_blocks(int size) { return int(plan_of(size).made.size()) - 1; }

Layer big_generator(const BigSize& s) { return std::make_shared<BigGenerator>(s); }

Layer big_discriminator(const BigSize& s) {
  const Plan& plan = plan_of(s.size);
  const WeightStyle w{.orthogonal = true};
  std::vector<Layer> layers;
  AttentionAt attention(s.attention, true, w);
  int c = s.channels, side = s.size;
  for (size_t i = 0; i < plan.seen.size(); ++i) {
    const bool down = i < plan.halving;
    layers.push_back(down_block(c, plan.seen[i] * s.width, down, i == 0, w));
    c = plan.seen[i] * s.width;
    if (down) side /= 2;
    if (const Layer a = down ? attention.after(side, c) : nullptr) layers.push_back(a);
  }
  attention.check_placed(s.size);
  layers.push_back(nn::relu());
  return projection_discriminator(nn::sequential(std::move(layers)), c, s.classes, true, w);
}

}  // namespace ganymede::nets
