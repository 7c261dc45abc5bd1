#include "gan/nets/inception.h"

#include <array>

#include "engine/check.h"
#include "engine/ops.h"
#include "nn/layers.h"

namespace ganymede::nets {
namespace {

using Kernel = std::array<int, 2>;

// Convolution without bias, batch norm by stored statistics, relu.
class Unit : public nn::Module {
 public:
  Unit(int in, int out, Kernel kernel, int stride, Kernel padding)
      : options_{{stride, stride}, padding}, weight_(nn::parameter({out, kernel[0], kernel[1], in}, nn::init::he_normal(int64_t(in) * kernel[0] * kernel[1]))),
        gain_(nn::parameter({out}, nn::init::one())), bias_(nn::parameter({out}, nn::init::zero())), mean_(nn::buffer({out}, 0)), variance_(nn::buffer({out}, 1)) {}
  Tensor forward(const Tensor& x) override {
    return normalise_by(conv2d(x, weight_, {}, options_), mean_, variance_, 1e-3, gain_, bias_, {Unary::relu});
  }
  void visit(const nn::Visit& v) override {
    v.parameter(v.prefix + "conv.weight", weight_);
    v.parameter(v.prefix + "bn.weight", gain_), v.parameter(v.prefix + "bn.bias", bias_);
    v.buffer(v.prefix + "bn.running_mean", mean_), v.buffer(v.prefix + "bn.running_var", variance_);
  }
  std::string type() const override { return "unit"; }

 private:
  ConvOptions options_;
  Tensor weight_, gain_, bias_, mean_, variance_;
};

Tensor max_pool3(const Tensor& x) { return max_pool(x, {{3, 3}, {2, 2}}); }
Tensor side_by_side(const Tensors& parts) { return concat(parts, 3); }

// What the blocks share: making units under names, widths, and the pooling branch.
class InceptionBlock : public NamedModules {
 public:
  InceptionBlock(int divisor, bool count_padding) : divisor_(divisor), count_padding_(count_padding) {}
  std::string type() const override { return "block"; }

 protected:
  int wide(int channels) const {
    require(channels % divisor_ == 0, "inception: ", channels, " channels do not divide by ", divisor_);
    return channels / divisor_;
  }
  // Channel counts are those of the full network.
  Unit& unit(const std::string& name, int in, int out, Kernel kernel, int stride = 1, Kernel padding = {0, 0}) {
    return add(name, std::make_shared<Unit>(wide(in), wide(out), kernel, stride, padding));
  }
  Unit& point(const std::string& name, int in, int out) { return unit(name, in, out, {1, 1}); }
  Unit& row7(const std::string& name, int in, int out) { return unit(name, in, out, {1, 7}, 1, {0, 3}); }
  Unit& column7(const std::string& name, int in, int out) { return unit(name, in, out, {7, 1}, 1, {3, 0}); }
  Unit& row3(const std::string& name, int in, int out) { return unit(name, in, out, {1, 3}, 1, {0, 1}); }
  Unit& column3(const std::string& name, int in, int out) { return unit(name, in, out, {3, 1}, 1, {1, 0}); }
  Unit& square3(const std::string& name, int in, int out) { return unit(name, in, out, {3, 3}, 1, {1, 1}); }
  Tensor mean3(const Tensor& x) const { return average_pool(x, {{3, 3}, {1, 1}, {1, 1}}, count_padding_); }

 private:
  int divisor_;
  bool count_padding_;
};

// 35 x 35.
class BlockA : public InceptionBlock {
 public:
  BlockA(const InceptionBlock& like, int in, int pool)
      : InceptionBlock(like), b1(point("branch1x1", in, 64)), b5a(point("branch5x5_1", in, 48)), b5b(unit("branch5x5_2", 48, 64, {5, 5}, 1, {2, 2})), b3a(point("branch3x3dbl_1", in, 64)),
        b3b(square3("branch3x3dbl_2", 64, 96)), b3c(square3("branch3x3dbl_3", 96, 96)), bp(point("branch_pool", in, pool)) {}
  Tensor forward(const Tensor& x) override {
    return side_by_side({b1.forward(x), b5b.forward(b5a.forward(x)), b3c.forward(b3b.forward(b3a.forward(x))), bp.forward(mean3(x))});
  }
 private:
  Unit &b1, &b5a, &b5b, &b3a, &b3b, &b3c, &bp;
};

// 35 x 35 to 17 x 17.
class BlockB : public InceptionBlock {
 public:
  explicit BlockB(const InceptionBlock& like)
      : InceptionBlock(like), b3(unit("branch3x3", 288, 384, {3, 3}, 2)), da(point("branch3x3dbl_1", 288, 64)), db(square3("branch3x3dbl_2", 64, 96)),
        dc(unit("branch3x3dbl_3", 96, 96, {3, 3}, 2)) {}
  Tensor forward(const Tensor& x) override { return side_by_side({b3.forward(x), dc.forward(db.forward(da.forward(x))), max_pool3(x)}); }
 private:
  Unit &b3, &da, &db, &dc;
};

// 17 x 17, kernels of 7 split into a row and a column.
class BlockC : public InceptionBlock {
 public:
  BlockC(const InceptionBlock& like, int c)
      : InceptionBlock(like), b1(point("branch1x1", 768, 192)), b7a(point("branch7x7_1", 768, c)), b7b(row7("branch7x7_2", c, c)), b7c(column7("branch7x7_3", c, 192)), da(point("branch7x7dbl_1", 768, c)),
        db(column7("branch7x7dbl_2", c, c)), dc(row7("branch7x7dbl_3", c, c)), dd(column7("branch7x7dbl_4", c, c)), de(row7("branch7x7dbl_5", c, 192)), bp(point("branch_pool", 768, 192)) {}
  Tensor forward(const Tensor& x) override {
    return side_by_side({b1.forward(x), b7c.forward(b7b.forward(b7a.forward(x))), de.forward(dd.forward(dc.forward(db.forward(da.forward(x))))), bp.forward(mean3(x))});
  }
 private:
  Unit &b1, &b7a, &b7b, &b7c, &da, &db, &dc, &dd, &de, &bp;
};

// 17 x 17 to 8 x 8.
class BlockD : public InceptionBlock {
 public:
  explicit BlockD(const InceptionBlock& like)
      : InceptionBlock(like), b3a(point("branch3x3_1", 768, 192)), b3b(unit("branch3x3_2", 192, 320, {3, 3}, 2)), b7a(point("branch7x7x3_1", 768, 192)), b7b(row7("branch7x7x3_2", 192, 192)),
        b7c(column7("branch7x7x3_3", 192, 192)), b7d(unit("branch7x7x3_4", 192, 192, {3, 3}, 2)) {}
  Tensor forward(const Tensor& x) override { return side_by_side({b3b.forward(b3a.forward(x)), b7d.forward(b7c.forward(b7b.forward(b7a.forward(x)))), max_pool3(x)}); }
 private:
  Unit &b3a, &b3b, &b7a, &b7b, &b7c, &b7d;
};

// 8 x 8, branches that fork into a row and a column.
class BlockE : public InceptionBlock {
 public:
  BlockE(const InceptionBlock& like, int in, bool pool_by_maximum)
      : InceptionBlock(like), by_maximum_(pool_by_maximum), b1(point("branch1x1", in, 320)), b3(point("branch3x3_1", in, 384)), b3row(row3("branch3x3_2a", 384, 384)),
        b3column(column3("branch3x3_2b", 384, 384)), d1(point("branch3x3dbl_1", in, 448)), d3(square3("branch3x3dbl_2", 448, 384)), drow(row3("branch3x3dbl_3a", 384, 384)),
        dcolumn(column3("branch3x3dbl_3b", 384, 384)), bp(point("branch_pool", in, 192)) {}
  Tensor forward(const Tensor& x) override {
    const Tensor three = b3.forward(x), twice = d3.forward(d1.forward(x)), pooled = by_maximum_ ? max_pool(x, {{3, 3}, {1, 1}, {1, 1}}) : mean3(x);
    return side_by_side({b1.forward(x), b3row.forward(three), b3column.forward(three), drow.forward(twice), dcolumn.forward(twice), bp.forward(pooled)});
  }
 private:
  bool by_maximum_;
  Unit &b1, &b3, &b3row, &b3column, &d1, &d3, &drow, &dcolumn, &bp;
};

// Up to the second max pooling: 299 x 299 to 71 x 71 x 192.
class Stem : public InceptionBlock {
 public:
  explicit Stem(const InceptionBlock& like)
      : InceptionBlock(like), a(add("Conv2d_1a_3x3", std::make_shared<Unit>(3, wide(32), Kernel{3, 3}, 2, Kernel{0, 0}))), b(unit("Conv2d_2a_3x3", 32, 32, {3, 3})), c(square3("Conv2d_2b_3x3", 32, 64)),
        d(point("Conv2d_3b_1x1", 64, 80)), e(unit("Conv2d_4a_3x3", 80, 192, {3, 3})) {}
  Tensor forward(const Tensor& x) override { return e.forward(d.forward(max_pool3(c.forward(b.forward(a.forward(x)))))); }
 private:
  Unit &a, &b, &c, &d, &e;
};

class Inception : public FeatureModule {
 public:
  Inception(InceptionKind kind, int divisor, Reach reach) : kind_(kind), width_(2048 / divisor), like_(divisor, kind == InceptionKind::torchvision), stem_(like_) {
    if (reach == Reach::taps) return;
    const auto add = [&](const char* name, nn::Layer block) { blocks_.emplace_back(name, std::move(block)); };
    add("Mixed_5b", std::make_shared<BlockA>(like_, 192, 32));
    add("Mixed_5c", std::make_shared<BlockA>(like_, 256, 64));
    add("Mixed_5d", std::make_shared<BlockA>(like_, 288, 64));
    add("Mixed_6a", std::make_shared<BlockB>(like_));
    add("Mixed_6b", std::make_shared<BlockC>(like_, 128));
    add("Mixed_6c", std::make_shared<BlockC>(like_, 160));
    add("Mixed_6d", std::make_shared<BlockC>(like_, 160));
    add("Mixed_6e", std::make_shared<BlockC>(like_, 192));
    add("Mixed_7a", std::make_shared<BlockD>(like_));
    add("Mixed_7b", std::make_shared<BlockE>(like_, 1280, false));
    add("Mixed_7c", std::make_shared<BlockE>(like_, 2048, kind == InceptionKind::fid));
    const bool bias = kind == InceptionKind::torchvision;
    if (reach == Reach::classes) head_ = nn::linear(width_, (bias ? 1000 : 1008) / (divisor > 1 ? 8 : 1), bias);
  }
  Tensors taps(const Tensor& x) override { return {stem_.forward(x)}; }
  Outputs outputs(const Tensor& input) override {
    require(!blocks_.empty(), "features of an inception network that ends at its stem");
    require(input.dim(1) >= 75 && input.dim(2) >= 75, "inception: pictures ", input.shape(), " must be at least 75 pixels high and wide");
    Tensor x = max_pool3(stem_.forward(input));
    for (const auto& [name, block] : blocks_) x = block->forward(x);
    const Tensor features = cast(mean(x, {1, 2}), x.dtype());
    return {features, head_ ? head_->forward(features) : Tensor{}};
  }
  void visit(const nn::Visit& v) override {
    stem_.visit(v);
    for (const auto& [name, block] : blocks_) v(name, *block);
    if (head_) v("fc", *head_);
  }
  std::vector<std::string> tap_names() const override { return {"before the second max pooling"}; }
  std::string feature_name() const override { return text(kind_ == InceptionKind::fid ? "pool_3, " : "avgpool, ", width_); }
  size_t texture_tap() const override { return 0; }
  std::string type() const override { return "inception"; }

 private:
  // Passes its divisor and padding rule on to the blocks, and has none itself.
  class Widths : public InceptionBlock {
   public:
    using InceptionBlock::InceptionBlock;
    Tensor forward(const Tensor& x) override { return x; }
  };
  InceptionKind kind_;
  int width_;
  Widths like_;
  Stem stem_;
  std::vector<std::pair<std::string, nn::Layer>> blocks_;
  nn::Layer head_;
};

}  // namespace

std::shared_ptr<FeatureModule> inception(InceptionKind kind, int divisor, Reach reach) { return std::make_shared<Inception>(kind, divisor, reach); }

}  // namespace ganymede::nets
