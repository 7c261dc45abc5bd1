#include "gan/nets/projection.h"

#include "engine/check.h"
#include "engine/ops.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

using nn::Layer;

nn::Init first(bool orthogonal, int64_t fan_in, int64_t fan_out) { return orthogonal ? nn::init::orthogonal() : nn::init::xavier_uniform(fan_in, fan_out); }
nn::ConvSpec styled_spec(int in, int out, int kernel, const WeightStyle& w) {
  const int64_t area = int64_t(kernel) * kernel;
  return {.kernel = kernel, .padding = kernel / 2, .weight = first(w.orthogonal, in * area, out * area), .spectral = w.spectral};
}

class Projection : public nn::Module {
 public:
  Projection(Layer trunk, int features, int classes, bool projection, const WeightStyle& w) : trunk_(std::move(trunk)), out_(w.dense(features, 1)) {
    if (projection) embed_ = nn::embedding(classes, features, first(w.orthogonal, classes, features), w.spectral);
  }
  using Module::forward;
  Tensor forward(const Tensor&) override { fail("the projection discriminator takes labels; call its network with x and the labels"); }
  bool conditional() const override { return true; }
  bool batches_pass_together() const override { return trunk_->batches_pass_together(); }
  Tensor forward_given(const Tensor& x, const Tensor& labels, const Activation& f, const Tensor& residual) override {
    const Tensor h = cast(sum(trunk_->forward(x), {1, 2}), x.dtype());
    Tensor y = out_->forward(h);
    nn::LayerTrace::note("out", *out_, y);
    if (embed_) {
      const Tensor e = embed_->forward(labels);
      nn::LayerTrace::note("embed", *embed_, e);
      y = y + sum(e * h, {1}, true);
    }
    return add_then_activate(y, residual, f);
  }
  void visit(const nn::Visit& v) override {
    v("trunk", *trunk_), v("out", *out_);
    if (embed_) v("embed", *embed_);
  }
  std::string type() const override { return "projection"; }
 private:
  Layer trunk_, out_, embed_;
};

}  // namespace

Layer WeightStyle::conv(int in, int out, int kernel) const { return nn::conv(in, out, styled_spec(in, out, kernel, *this)); }
Layer WeightStyle::up_conv(int in, int out, int kernel) const { return nn::upsample_conv(in, out, styled_spec(in, out, kernel, *this)); }
Layer WeightStyle::down_conv(int in, int out, int kernel) const { return nn::conv_mean_pool(in, out, styled_spec(in, out, kernel, *this)); }
Layer WeightStyle::dense(int in, int out) const { return nn::linear(in, out, true, first(orthogonal, in, out), nn::init::zero(), spectral); }

Layer AttentionAt::after(int side, int channels) {
  if (side != side_) return nullptr;
  if (channels % 8 != 0) throw UsageError(text("attention at ", side, " pixels has ", channels, " channels there: it takes a multiple of 8; set width"));
  if (pooled_ && side % 2 != 0) throw UsageError(text("attention at ", side, " pixels: its keys are pooled by 2"));
  placed_ = true;
  return nn::self_attention(channels, pooled_, weights_.spectral, !pooled_, weights_.orthogonal);
}
void AttentionAt::check_placed(int size) const {
  if (side_ && !placed_) throw UsageError(text("setting attention=", side_, ": maps between 4 and ", size, " pixels have sides of 8, 16, ... ", size / 2, "; 0 is none"));
}

Layer down_block(int in, int out, bool down, bool first, const WeightStyle& w) {
  std::vector<Layer> main;
  if (!first) main.push_back(nn::relu());
  main.push_back(w.conv(in, out, 3));
  main.push_back(nn::relu());
  main.push_back(down ? w.down_conv(out, out, 3) : w.conv(out, out, 3));
  if (!down && in == out) return nn::residual(nn::sequential(std::move(main)));
  return nn::residual(nn::sequential(std::move(main)), nn::sequential({down ? w.down_conv(in, out, 1) : w.conv(in, out, 1)}));
}

Layer projection_discriminator(Layer trunk, int features, int classes, bool projection, const WeightStyle& weights) {
  return std::make_shared<Projection>(std::move(trunk), features, classes, projection, weights);
}

}  // namespace ganymede::nets
