#include "nn/module.h"

#include <algorithm>
#include <map>

#include "engine/check.h"
#include "engine/ops/shape.h"

namespace ganymede::nn {
namespace {
thread_local LayerTrace* active_trace = nullptr;
}

void Visit::operator()(const std::string& name, Module& child) const {
  Visit inner = *this;
  inner.prefix = prefix + name + ".";
  module(prefix + name, child);
  child.visit(inner);
}

Tensors Module::forward(const Tensors& xs) {
  if (xs.size() == 2 && conditional()) return {forward_given(xs[0], xs[1])};
  if (xs.size() == 2 && xs[0].rank() == 4 && xs[1].rank() == 4) return {forward_beside(xs[0], xs[1])};
  require(xs.size() == 1, type(), ": takes one tensor", conditional() ? " and a condition" : ", as no layer wants a condition", "; was given ", xs.size());
  return {forward(xs[0])};
}

Tensor Module::forward_then(const Tensor& x, const Activation& f, const Tensor& residual) { return add_then_activate(forward(x), residual, f); }

Tensor Module::forward_beside(const Tensor& x, const Tensor& beside, const Activation& f) {
  const Tensor both = concat({x, beside}, x.rank() - 1);
  return f.none() ? forward(both) : forward_then(both, f);
}

Tensor Module::forward_given(const Tensor& x, const Tensor&, const Activation& f, const Tensor& residual) {
  return f.none() && !residual ? forward(x) : forward_then(x, f, residual);
}

Sequential::Sequential(std::vector<Layer> layers) : layers_(std::move(layers)) {
  std::map<std::string, int> used;
  for (const Layer& l : layers_) names_.push_back(l->type() + std::to_string(++used[l->type()]));
}

bool Sequential::conditional() const {
  return std::any_of(layers_.begin(), layers_.end(), [](const Layer& l) { return l->conditional(); });
}

bool Sequential::batches_pass_together() const {
  return std::all_of(layers_.begin(), layers_.end(), [](const Layer& l) { return l->batches_pass_together(); });
}

Tensor Sequential::forward_beside(const Tensor& x, const Tensor& beside, const Activation& f) { return run({x, beside}, {}, f, {}); }

Layer sequential(std::vector<Layer> layers) { return std::make_shared<Sequential>(std::move(layers)); }

LayerTrace::LayerTrace() { active_trace = this; }
LayerTrace::~LayerTrace() { active_trace = nullptr; }

void LayerTrace::note(const std::string& name, Module& module, const Tensor& output) {
  LayerTrace* t = active_trace;
  if (t && t->first_) t->layers.push_back({t->net_, name, module.describe(), output.shape(), parameter_count(module)});
}

void LayerTrace::enter(const std::string& net, const Tensors& inputs) {
  LayerTrace* t = active_trace;
  if (!t) return;
  t->net_ = net;
  t->first_ = std::none_of(t->layers.begin(), t->layers.end(), [&](const TracedLayer& l) { return l.net == net; });
  for (size_t i = 0; t->first_ && i < inputs.size(); ++i)
    if (i == 0 || inputs[i].rank() == 4) t->layers.push_back({net, "input", "", inputs[i].shape(), 0});
}

void LayerTrace::leave() {
  if (active_trace) active_trace->first_ = false;
}

int64_t parameter_count(Module& module) {
  int64_t n = 0;
  Visit v;
  v.parameter = [&](const std::string&, Tensor& t) { n += t.count(); };
  module.visit(v);
  return n;
}

}  // namespace ganymede::nn
