#include "nn/module.h"

#include <map>

#include "engine/check.h"

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
  require(xs.size() == 1, type(), ": takes one tensor, was given ", xs.size());
  return {forward(xs[0])};
}

Tensor Module::forward_then(const Tensor& x, const Activation& f) { return activate(forward(x), f); }

Sequential::Sequential(std::vector<Layer> layers) : layers_(std::move(layers)) {
  std::map<std::string, int> used;
  for (const Layer& l : layers_) names_.push_back(l->type() + std::to_string(++used[l->type()]));
}

Layer sequential(std::vector<Layer> layers) { return std::make_shared<Sequential>(std::move(layers)); }

LayerTrace::LayerTrace() { active_trace = this; }
LayerTrace::~LayerTrace() { active_trace = nullptr; }

void LayerTrace::note(const std::string& name, Module& module, const Tensor& output) {
  if (active_trace) active_trace->layers.push_back({name, module.describe(), output.shape(), parameter_count(module)});
}

int64_t parameter_count(Module& module) {
  int64_t n = 0;
  Visit v;
  v.parameter = [&](const std::string&, Tensor& t) { n += t.count(); };
  module.visit(v);
  return n;
}

}  // namespace ganymede::nn
