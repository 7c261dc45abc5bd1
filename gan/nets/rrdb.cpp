#include "gan/nets/rrdb.h"

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/usual.h"
#include "nn/blocks.h"

namespace ganymede::nets {
namespace {

constexpr double kResidual = 0.2;   // of what a block makes, beside what it was given

nn::Layer rrdb_conv(int in, int out, double size = 1) {
  nn::Init he = nn::init::he_normal(9 * in);
  he.b *= size;
  return nn::conv(in, out, {.kernel = 3, .padding = 1, .weight = he});
}

// Five convolutions, each of all that the earlier ones made.
class DenseBlock : public nn::Module {
 public:
  DenseBlock(int width, int growth) {
    for (int i = 0; i < 5; ++i) convs_.push_back(rrdb_conv(width + i * growth, i < 4 ? growth : width, 0.1));
  }
  using Module::forward;
  Tensor forward(const Tensor& x) override {
    Tensor all = x, last = convs_[0]->forward_then(x, kLeaky);
    for (size_t i = 1; i < convs_.size(); ++i) {
      const Tensor made = convs_[i]->forward_beside(all, last, i < 4 ? kLeaky : Activation{});
      if (i < 4) all = concat({all, last}, 3);
      last = made;
    }
    return x + kResidual * last;
  }
  bool batches_pass_together() const override { return true; }
  void visit(const nn::Visit& v) override {
    for (size_t i = 0; i < convs_.size(); ++i) v(text("conv", i + 1), *convs_[i]);
  }
  std::string type() const override { return "dense_block"; }

 private:
  std::vector<nn::Layer> convs_;
};

// Three dense blocks and a residual around them.
class Rrdb : public nn::Module {
 public:
  Rrdb(int width, int growth) {
    for (nn::Layer& b : blocks_) b = std::make_shared<DenseBlock>(width, growth);
  }
  using Module::forward;
  Tensor forward(const Tensor& x) override {
    Tensor y = x;
    for (const nn::Layer& b : blocks_) y = b->forward(y);
    return x + kResidual * y;
  }
  bool batches_pass_together() const override { return true; }
  void visit(const nn::Visit& v) override {
    for (size_t i = 0; i < 3; ++i) v(text("rdb", i + 1), *blocks_[i]);
  }
  std::string type() const override { return "rrdb"; }

 private:
  nn::Layer blocks_[3];
};

class RrdbNet : public nn::Module {
 public:
  explicit RrdbNet(const RrdbShape& s) : first_(rrdb_conv(s.channels, s.width)), body_(rrdb_conv(s.width, s.width)), hr_(rrdb_conv(s.width, s.width)), last_(rrdb_conv(s.width, s.channels)) {
    require(rrdb_enlarges(s.scale), "rrdb for a scale of ", s.scale, ": there are 2, 4 and 8");
    for (int i = 0; i < s.blocks; ++i) blocks_.push_back(std::make_shared<Rrdb>(s.width, s.growth));
    for (int done = 1; done < s.scale; done *= 2)
      up_.push_back(nn::upsample_conv(s.width, s.width, {.kernel = 3, .padding = 1, .weight = nn::init::he_normal(9 * s.width)}));
  }
  using Module::forward;
  Tensor forward(const Tensor& x) override {
    const Tensor shallow = first_->forward(x);
    Tensor y = shallow;
    for (const nn::Layer& b : blocks_) y = b->forward(y);
    y = body_->forward_then(y, {}, shallow);
    for (const nn::Layer& u : up_) y = u->forward_then(y, kLeaky);
    return last_->forward(hr_->forward_then(y, kLeaky));
  }
  bool batches_pass_together() const override { return true; }
  void visit(const nn::Visit& v) override {
    v("conv_first", *first_);
    for (size_t i = 0; i < blocks_.size(); ++i) v(text("body.", i), *blocks_[i]);
    v("conv_body", *body_);
    for (size_t i = 0; i < up_.size(); ++i) v(text("conv_up", i + 1), *up_[i]);
    v("conv_hr", *hr_), v("conv_last", *last_);
  }
  std::string type() const override { return "rrdb_net"; }

 private:
  nn::Layer first_, body_, hr_, last_;
  std::vector<nn::Layer> blocks_, up_;
};

}  // namespace

bool rrdb_enlarges(int64_t scale) { return scale == 2 || scale == 4 || scale == 8; }
nn::Layer rrdb(const RrdbShape& s) { return std::make_shared<RrdbNet>(s); }

RrdbShape rrdb_shape(const SafetensorsFile& file) {
  const auto weight = [&](const std::string& layer) {
    const RawTensor& t = file.at(layer + ".weight");
    require(t.shape.size() == 4, file.path(), ": ", layer, ".weight has ", t.shape.size(), " axes, a convolution's has 4");
    return t.shape;
  };
  const auto first = weight("conv_first");
  RrdbShape s{.channels = int(first[1]), .scale = 1, .width = int(first[0]), .growth = int(weight("body.0.rdb1.conv1")[0]), .blocks = 0};
  while (file.contains(text("body.", s.blocks, ".rdb1.conv1.weight"))) ++s.blocks;
  for (int i = 1; file.contains(text("conv_up", i, ".weight")); ++i) s.scale *= 2;
  require(rrdb_enlarges(s.scale), file.path(), ": enlarges ", s.scale, " times; rrdb enlarges 2, 4 or 8 times");
  return s;
}

}  // namespace ganymede::nets
