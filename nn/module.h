// What networks are made of. A module owns named parameters and buffers and maps tensors to tensors.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/ops/elementwise.h"
#include "engine/tensor.h"

namespace ganymede::nn {

class Module;

// Walks a module and everything inside it, with names such as "block2.conv1.weight".
struct Visit {
  std::function<void(const std::string& name, Tensor& parameter)> parameter = [](const std::string&, Tensor&) {};
  std::function<void(const std::string& name, Tensor& buffer)> buffer = [](const std::string&, Tensor&) {};
  std::function<void(const std::string& name, Module& module)> module = [](const std::string&, Module&) {};
  std::string prefix = {};

  void operator()(const std::string& name, Module& child) const;
};

class Module {
 public:
  virtual ~Module() = default;
  virtual Tensor forward(const Tensor& x) = 0;
  // Networks with several inputs or outputs (two heads, pictures in pairs) override this one. By itself it takes {x},
  // {x, condition} where conditional(), and else {x, beside}, two images.
  virtual Tensors forward(const Tensors& xs);
  // f(forward(x) + residual), in one kernel where the module can; undefined: none. Sequential uses it for an activation that follows,
  // residual blocks for their sum.
  virtual Tensor forward_then(const Tensor& x, const Activation& f, const Tensor& residual = {});
  // f(forward(concat({x, beside}, -1))): side by side in channels. Convolutions read both where they lie.
  virtual Tensor forward_beside(const Tensor& x, const Tensor& beside, const Activation& f = {});
  // A condition beside x: class labels [N] (i64) or a vector a sample [N, C]. Containers hand it to all they hold;
  // layers that want none pass it over. conditional(): this layer, or one inside it, cannot do without.
  virtual bool conditional() const { return false; }
  virtual Tensor forward_given(const Tensor& x, const Tensor& condition, const Activation& f = {}, const Tensor& residual = {});
  virtual void visit(const Visit& v) { (void)v; }
  virtual std::string type() const = 0;                 // "conv", the stem of its name in a Sequential
  virtual std::string describe() const { return type(); }  // "conv k4 s2 p1 64 -> 128"

  // Whether batches may pass one behind the other as if each were alone: false if samples meet otherwise than in a batch norm, or
  // noise is drawn.
  virtual bool batches_pass_together() const { return false; }

  // Set while an update that moves this module runs: batch norm then follows its running statistics.
  bool moving = false;
};

using Layer = std::shared_ptr<Module>;

// Equal batches that lie one behind the other in the tensors of the pass that this thread is in: 1 but for Net::each.
int batches_in_pass();

// Layers one after another. Names are type and number: conv1, norm1, conv2, ...
class Sequential : public Module {
 public:
  Sequential(std::vector<Layer> layers);
  using Module::forward;
  Tensor forward(const Tensor& x) override { return run({x}, {}, {}, {}); }
  Tensor forward_then(const Tensor& x, const Activation& f, const Tensor& residual) override { return run({x}, {}, f, residual); }
  Tensor forward_beside(const Tensor& x, const Tensor& beside, const Activation& f = {}) override;
  bool conditional() const override;
  bool batches_pass_together() const override;
  Tensor forward_given(const Tensor& x, const Tensor& condition, const Activation& f, const Tensor& residual) override { return run({x}, condition, f, residual); }
  void visit(const Visit& v) override;
  std::string type() const override { return "sequential"; }
  const std::vector<Layer>& layers() const { return layers_; }

 private:
  Tensor run(const Tensors& inputs, const Tensor& condition, const Activation& f, const Tensor& residual);  // one, or two side by side; condition undefined: none
  std::vector<Layer> layers_;
  std::vector<std::string> names_;
};

Layer sequential(std::vector<Layer> layers);

// One line of `explain`: what a layer made.
struct TracedLayer {
  std::string net, name, description;
  Shape output;
  int64_t parameters;
};
// Collects a line for every layer of a network's first pass while it is in scope.
class LayerTrace {
 public:
  LayerTrace();
  ~LayerTrace();
  LayerTrace(const LayerTrace&) = delete;
  std::vector<TracedLayer> layers;
  static void note(const std::string& name, Module& module, const Tensor& output);
  // A network's pass begins and ends; passes after the first are left out.
  static void enter(const std::string& net, const Tensors& inputs);   // a line for the first of them and each image
  static void leave();

 private:
  std::string net_;
  bool first_ = false;
};

int64_t parameter_count(Module& module);

}  // namespace ganymede::nn
