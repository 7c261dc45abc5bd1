#include "gan/nets/drcn.h"

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede::nets {
namespace {

nn::Layer drcn_conv(int in, int out, const nn::Init& weight) { return nn::conv(in, out, {.kernel = 3, .padding = 1, .weight = weight}); }

// [channels, 3, 3, channels] that gives back what it is given.
nn::Init identity(int channels) {
  nn::Init i{.kind = nn::Init::Kind::values};
  i.values.assign(size_t(channels) * 9 * size_t(channels), 0.0);
  for (int c = 0; c < channels; ++c) i.values[(size_t(c) * 9 + 4) * size_t(channels) + size_t(c)] = 1;
  return i;
}

class Drcn : public nn::Module {
 public:
  explicit Drcn(const DrcnShape& s) : recursions_(s.recursions) {
    const auto he = [](int in) { return nn::init::he_normal(9 * in); };
    embedding_ = nn::sequential({drcn_conv(1, s.width, he(1)), nn::relu(), drcn_conv(s.width, s.width, he(s.width)), nn::relu()});
    recursive_ = drcn_conv(s.width, s.width, s.identity ? identity(s.width) : he(s.width));
    reconstruction_ = nn::sequential({drcn_conv(s.width, s.width, he(s.width)), nn::relu(), drcn_conv(s.width, 1, he(s.width))});
    weights_ = nn::parameter({s.recursions}, nn::init::constant(1.0 / s.recursions));
  }

  Tensors forward(const Tensors& xs) override {
    const Tensor& x = xs.at(0);
    Tensors states{embedding_->forward(x)};
    for (int d = 0; d < recursions_; ++d) states.push_back(recursive_->forward_then(states.back(), {Unary::relu}));
    states.erase(states.begin());
    // All states are one batch for the layers that read pictures off them.
    const Tensor read = reconstruction_->forward(concat(states, 0));
    const Tensor all = reshape(read, Shape{recursions_, x.dim(0), x.dim(1), x.dim(2), 1}) + reshape(x, Shape{1, x.dim(0), x.dim(1), x.dim(2), 1});
    return {all, sum(all * reshape(weights_, Shape{recursions_, 1, 1, 1, 1}), {0})};
  }
  Tensor forward(const Tensor& x) override { return forward(Tensors{x})[1]; }
  void visit(const nn::Visit& v) override {
    v("embedding", *embedding_), v("recursive", *recursive_), v("reconstruction", *reconstruction_);
    v.parameter(v.prefix + "ensemble", weights_);
  }
  std::string type() const override { return "drcn"; }
  std::string describe() const override { return text("drcn, ", recursions_, " recursions"); }

 private:
  int64_t recursions_;
  nn::Layer embedding_, recursive_, reconstruction_;
  Tensor weights_;
};

}  // namespace

nn::Layer drcn(const DrcnShape& s) { return std::make_shared<Drcn>(s); }

}  // namespace ganymede::nets
