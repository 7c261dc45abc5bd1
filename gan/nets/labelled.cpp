#include "gan/nets/labelled.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "nn/init.h"

namespace ganymede::nets {
namespace {

using nn::Layer;
using nn::Visit;

// A layer that cannot do without the label.
class Labelled : public nn::Module {
 public:
  using Module::forward;
  Tensor forward(const Tensor&) override { fail(describe(), ": takes labels; call its network with x and the labels"); }
  bool conditional() const override { return true; }
  bool batches_pass_together() const override { return true; }
  Tensor forward_given(const Tensor& x, const Tensor& labels, const Activation& f, const Tensor& residual) override {
    require(labels.dtype() == DType::i64 && labels.shape() == Shape{x.dim(0)}, describe(), ": the condition is ", labels.dtype(), " ", labels.shape(), ", it must be labels i64 [", x.dim(0), "]");
    const Tensor y = of(x, labels);
    return add_then_activate(y, residual, f);
  }
 protected:
  virtual Tensor of(const Tensor& x, const Tensor& labels) = 0;
};

class AppendLabel : public Labelled {
 public:
  explicit AppendLabel(int classes) : classes_(classes) {}
  std::string type() const override { return "label"; }
  std::string describe() const override { return text("append one of ", classes_, " labels"); }
 protected:
  Tensor of(const Tensor& x, const Tensor& labels) override {
    return beside(x, one_hot(labels, classes_));
  }
 private:
  int64_t classes_;
};

class AppendVector : public nn::Module {
 public:
  explicit AppendVector(int width) : width_(width) {}
  using Module::forward;
  Tensor forward(const Tensor&) override { fail(describe(), ": call its network with x and the vectors"); }
  bool conditional() const override { return true; }
  bool batches_pass_together() const override { return true; }
  Tensor forward_given(const Tensor& x, const Tensor& c, const Activation& f, const Tensor& residual) override {
    require(is_floating(c.dtype()) && c.shape() == Shape{x.dim(0), width_}, describe(), ": the condition is ", c.dtype(), " ", c.shape(), ", it must be [", x.dim(0), ", ", width_, "]");
    return add_then_activate(beside(x, c), residual, f);
  }
  std::string type() const override { return "condition"; }
  std::string describe() const override { return text("append a vector of ", width_); }
 private:
  int64_t width_;
};

class TimesLabel : public Labelled {
 public:
  TimesLabel(int classes, int width) : table_(nn::parameter({classes, width}, nn::init::normal(0, 1))) {}
  void visit(const Visit& v) override { v.parameter(v.prefix + "weight", table_); }
  std::string type() const override { return "label"; }
  std::string describe() const override { return text("times a vector of ", table_.dim(1), " by label, ", table_.dim(0), " labels"); }
 protected:
  Tensor of(const Tensor& x, const Tensor& labels) override { return cast(x * gather_rows(table_, labels), x.dtype()); }
 private:
  Tensor table_;
};

class OfLabel : public Labelled {
 public:
  OfLabel(int classes, Layer f) : classes_(classes), f_(std::move(f)) {}
  void visit(const Visit& v) override { v("layers", *f_); }
  std::string type() const override { return "label"; }
  std::string describe() const override { return text("layers over one of ", classes_, " labels"); }
  bool batches_pass_together() const override { return f_->batches_pass_together(); }
 protected:
  Tensor of(const Tensor&, const Tensor& labels) override { return f_->forward(one_hot(labels, classes_)); }
 private:
  int64_t classes_;
  Layer f_;
};

class Joined : public nn::Module {
 public:
  Joined(Layer left, Layer right, Layer join) : left_(std::move(left)), right_(std::move(right)), join_(std::move(join)) {}
  using Module::forward;
  Tensor forward(const Tensor& x) override { return side_by_side(left_->forward(x), right_->forward(x)); }
  bool conditional() const override { return left_->conditional() || right_->conditional() || join_->conditional(); }
  bool batches_pass_together() const override { return left_->batches_pass_together() && right_->batches_pass_together() && join_->batches_pass_together(); }
  Tensor forward_given(const Tensor& x, const Tensor& c, const Activation& f, const Tensor& residual) override {
    const auto traced = [&](const char* name, Layer& l, const Tensor& in) {
      const Tensor y = l->forward_given(in, c);
      nn::LayerTrace::note(name, *l, y);
      return y;
    };
    const Tensor left = traced("left", left_, x), right = traced("right", right_, x);
    if (join_->conditional()) return join_->forward_given(concat({left, cast(right, left.dtype())}, left.rank() - 1), c, f, residual);
    return residual ? add_then_activate(side_by_side(left, right), residual, f) : side_by_side(left, right, f);
  }
  void visit(const Visit& v) override { v("left", *left_), v("right", *right_), v("join", *join_); }
  std::string type() const override { return "joined"; }
 private:
  Tensor side_by_side(const Tensor& left, const Tensor& right, const Activation& f = {}) { return join_->forward_beside(left, cast(right, left.dtype()), f); }
  Layer left_, right_, join_;
};

class Heads : public nn::Module {
 public:
  Heads(Layer trunk, std::vector<std::pair<std::string, Layer>> heads) : trunk_(std::move(trunk)), heads_(std::move(heads)) {
    require(!heads_.empty(), "a network with heads needs one");
  }
  Tensor forward(const Tensor& x) override { return heads_[0].second->forward(trunk_->forward(x)); }
  bool conditional() const override {
    return trunk_->conditional() || std::any_of(heads_.begin(), heads_.end(), [](const auto& head) { return head.second->conditional(); });
  }
  bool batches_pass_together() const override {
    return trunk_->batches_pass_together() && std::all_of(heads_.begin(), heads_.end(), [](const auto& head) { return head.second->batches_pass_together(); });
  }
  Tensor forward_given(const Tensor& x, const Tensor& c, const Activation& f, const Tensor& residual) override { return heads_[0].second->forward_given(trunk_->forward_given(x, c), c, f, residual); }
  Tensors forward(const Tensors& xs) override {
    require(xs.size() == (conditional() ? 2u : 1u), type(), ": takes a picture", conditional() ? " and a condition" : "", "; was given ", xs.size(), " tensors");
    const auto of = [&](Layer& layer, const Tensor& x) { return layer->conditional() ? layer->forward_given(x, xs[1]) : layer->forward(x); };
    const Tensor features = of(trunk_, xs[0]);
    Tensors said;
    for (auto& [name, head] : heads_) {
      said.push_back(of(head, features));
      nn::LayerTrace::note(name, *head, said.back());
    }
    return said;
  }
  void visit(const Visit& v) override {
    v("trunk", *trunk_);
    for (auto& [name, head] : heads_) v(name, *head);
  }
  std::string type() const override { return "heads"; }
 private:
  Layer trunk_;
  std::vector<std::pair<std::string, Layer>> heads_;
};

class Stages : public nn::Module {
 public:
  Stages(std::vector<Layer> stages, Layer head, size_t first) : stages_(std::move(stages)), head_(std::move(head)), first_(first) {}
  Tensor forward(const Tensor& x) override { return forward(Tensors{x})[0]; }
  Tensors forward(const Tensors& xs) override {
    require(xs.size() == 1, type(), ": takes one tensor, was given ", xs.size());
    Tensors said{{}};
    Tensor h = xs[0];
    for (size_t i = 0; i < stages_.size(); ++i) {
      h = stages_[i]->forward(h);
      nn::LayerTrace::note(name(i), *stages_[i], h);
      if (i >= first_) said.push_back(h);
    }
    said[0] = head_->forward(h);
    nn::LayerTrace::note("head", *head_, said[0]);
    return said;
  }
  void visit(const Visit& v) override {
    for (size_t i = 0; i < stages_.size(); ++i) v(name(i), *stages_[i]);
    v("head", *head_);
  }
  bool batches_pass_together() const override {
    return head_->batches_pass_together() && std::all_of(stages_.begin(), stages_.end(), [](const Layer& s) { return s->batches_pass_together(); });
  }
  std::string type() const override { return "stages"; }

 private:
  static std::string name(size_t i) { return "stage" + std::to_string(i + 1); }
  std::vector<Layer> stages_;
  Layer head_;
  size_t first_;
};

class AddNoise : public nn::Module {
 public:
  explicit AddNoise(double deviation) : deviation_(deviation) {}
  Tensor forward(const Tensor& x) override { return context().training ? x + cast(randn(x.shape(), 0, deviation_), x.dtype()) : x; }
  std::string type() const override { return "noise"; }
  std::string describe() const override { return text("add normal noise, deviation ", deviation_); }
 private:
  double deviation_;
};

class PadBehind : public nn::Module {
 public:
  explicit PadBehind(int pixels) : pixels_(pixels) {}
  Tensor forward(const Tensor& x) override { return pad_zero(x, {0, 0, 0, 0}, {0, pixels_, pixels_, 0}); }
  std::string type() const override { return "pad"; }
  std::string describe() const override { return text("zeros behind, ", pixels_); }
 private:
  int64_t pixels_;
};

}  // namespace

Tensor beside(const Tensor& x, const Tensor& v) {
  Tensor y = cast(v, x.dtype());
  if (x.rank() == 4) y = broadcast_to(reshape(y, Shape{x.dim(0), 1, 1, v.dim(1)}), {x.dim(0), x.dim(1), x.dim(2), v.dim(1)});
  return concat({x, y}, x.rank() - 1);
}

Layer append_label(int classes) { return std::make_shared<AppendLabel>(classes); }
Layer append_vector(int width) { return std::make_shared<AppendVector>(width); }
Layer times_label(int classes, int width) { return std::make_shared<TimesLabel>(classes, width); }
Layer of_label(int classes, Layer f) { return std::make_shared<OfLabel>(classes, std::move(f)); }
Layer joined(Layer left, Layer right, Layer join) { return std::make_shared<Joined>(std::move(left), std::move(right), std::move(join)); }
Layer with_heads(Layer trunk, std::vector<std::pair<std::string, Layer>> heads) { return std::make_shared<Heads>(std::move(trunk), std::move(heads)); }
Layer in_stages(std::vector<Layer> stages, Layer head, size_t first) { return std::make_shared<Stages>(std::move(stages), std::move(head), first); }
Layer add_noise(double deviation) { return std::make_shared<AddNoise>(deviation); }
Layer pad_behind(int pixels) { return std::make_shared<PadBehind>(pixels); }

}  // namespace ganymede::nets
