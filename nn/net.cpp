#include "nn/net.h"

#include <algorithm>

#include "engine/align.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/create.h"
#include "engine/ops/shape.h"
#include "engine/ops/weights.h"
#include "nn/spectral.h"

namespace ganymede::nn {

struct Net::Impl {
  std::string name;
  Layer module;
  std::vector<NamedTensor> parameters, buffers;
  Tensor flat;
  uint64_t normalised = 0;  // the update whose first pass divided the spectral weights

  // The layers whose weights are spectrally normalised.
  std::vector<SpectralLayer*> spectral_layers() const {
    std::vector<SpectralLayer*> found;
    const auto take = [&](Module& m) {
      if (auto* layer = dynamic_cast<SpectralLayer*>(&m); layer && layer->spectral_weight().w.defined()) found.push_back(layer);
    };
    Visit v;
    v.module = [&](const std::string&, Module& m) { take(m); };
    take(*module);
    module->visit(v);
    return found;
  }
  Tensors normalise(const std::vector<SpectralLayer*>& layers, int iterations) const {
    std::vector<SpectralWeight> weights;   // these move with the layers, so they are collected afresh
    for (const SpectralLayer* layer : layers) weights.push_back(layer->spectral_weight());
    return spectral_normalise(weights, iterations);
  }
  void before_pass() {
    const UnitRun* unit = context().unit;
    if (!unit || normalised == unit->serial) return;
    normalised = unit->serial;
    const std::vector<SpectralLayer*> layers = spectral_layers();
    const Tensors ws = normalise(layers, module->moving ? 1 : 0);
    for (size_t i = 0; i < layers.size(); ++i) layers[i]->keep_normalised(ws[i]);
  }
};

namespace {
constexpr int kFirstIterations = 15;  // of the power method on a new network, as PyTorch's

thread_local int batches = 1;

class BatchesInPass {
 public:
  explicit BatchesInPass(int n) { batches = n; }
  ~BatchesInPass() { batches = 1; }
};

Tensors all_leaves(const std::vector<Net>& nets) {
  Tensors leaves;
  for (const Net& n : nets)
    for (const auto& p : n.parameters()) leaves.push_back(p.value);
  return leaves;
}
// Of several types they become the one that layers multiply in; labels stay as they are.
Tensor one_behind_the_other(const Tensors& parts) {
  if (parts[0].dtype() == DType::i64) return concat(parts, 0);
  const bool one_type = std::all_of(parts.begin(), parts.end(), [&](const Tensor& x) { return x.dtype() == parts[0].dtype(); });
  return join(parts, one_type ? parts[0].dtype() : arithmetic(DType::f32).dtype);
}
}  // namespace

int batches_in_pass() { return batches; }

Net::Net(std::string name, Layer module) : impl_(std::make_shared<Impl>()) {
  impl_->name = std::move(name);
  impl_->module = std::move(module);
  std::vector<Tensor*> owners;
  Visit v;
  v.parameter = [&](const std::string& n, Tensor& t) { impl_->parameters.push_back({n, t}), owners.push_back(&t); };
  v.buffer = [&](const std::string& n, Tensor& t) { impl_->buffers.push_back({n, t}); };
  impl_->module->visit(v);
  int64_t total = 0;
  for (const auto& p : impl_->parameters) total += padded(p.value.count());
  impl_->flat = zeros({total});
  impl_->flat.storage()->parameter = true;
  int64_t at = 0;
  for (size_t i = 0; i < owners.size(); ++i) {
    const Tensor old = *owners[i];
    const Tensor place = impl_->flat.window(at, old.shape());
    assign(place, old);
    *owners[i] = impl_->parameters[i].value = leaf(place);
    at += padded(old.count());
  }
  impl_->normalise(impl_->spectral_layers(), kFirstIterations);
}

Tensor Net::operator()(const Tensor& x) const {
  Module& m = module();
  impl_->before_pass();
  LayerTrace::enter(impl_->name, {x});
  const Tensor y = m.forward(x);
  LayerTrace::leave();
  return y;
}

Tensors Net::operator()(const Tensors& xs) const {
  Module& m = module();
  impl_->before_pass();
  LayerTrace::enter(impl_->name, xs);
  const Tensors ys = m.forward(xs);
  LayerTrace::leave();
  return ys;
}

Tensor Net::operator()(const Tensor& x, const Tensor& condition) const { return (*this)(Tensors{x, condition}).at(0); }

Tensors Net::each(const Tensors& xs) const {
  std::vector<Tensors> batches;
  for (const Tensor& x : xs) batches.push_back({x});
  Tensors ys;
  for (const Tensors& outputs : each(batches)) ys.push_back(outputs.at(0));
  return ys;
}

std::vector<Tensors> Net::each(const std::vector<Tensors>& batches) const {
  require(!batches.empty(), name(), ": each of no batches");
  const bool alike = std::all_of(batches.begin(), batches.end(), [&](const Tensors& b) {
    return std::equal(b.begin(), b.end(), batches[0].begin(), batches[0].end(), [](const Tensor& x, const Tensor& first) { return x.shape() == first.shape(); });
  });
  std::vector<Tensors> all;
  if (batches.size() == 1 || !alike || !module().batches_pass_together()) {
    for (const Tensors& b : batches) all.push_back((*this)(b));
    return all;
  }
  Tensors joined;
  for (size_t i = 0; i < batches[0].size(); ++i) {
    Tensors parts;
    for (const Tensors& b : batches) parts.push_back(b[i]);
    joined.push_back(one_behind_the_other(parts));
  }
  BatchesInPass scope(int(batches.size()));
  all.resize(batches.size());
  for (const Tensor& y : (*this)(joined)) {
    const Tensors parts = split(y, int64_t(batches.size()));
    for (size_t i = 0; i < parts.size(); ++i) all[i].push_back(parts[i]);
  }
  return all;
}

Tensor Net::infer(const Tensor& x) const {
  ContextScope scope;
  context().training = false;
  return (*this)(x);
}

Tensor Net::infer(const Tensor& x, const Tensor& condition) const {
  ContextScope scope;
  context().training = false;
  return (*this)(x, condition);
}

const std::string& Net::name() const { return impl_->name; }
Module& Net::module() const {
  require(impl_ != nullptr, "a network that was never made");
  return *impl_->module;
}
const std::vector<NamedTensor>& Net::parameters() const { return impl_->parameters; }
const std::vector<NamedTensor>& Net::buffers() const { return impl_->buffers; }
Tensors Net::leaves() const { return all_leaves({*this}); }
const Tensor& Net::flat() const { return impl_->flat; }
int64_t Net::parameter_count() const {
  int64_t n = 0;
  for (const auto& p : impl_->parameters) n += p.value.count();
  return n;
}
Tensor Net::slice_of(const Tensor& flat, size_t i) const {
  const Tensor& p = impl_->parameters[i].value;
  return flat.window(flat.offset() + p.offset() - impl_->flat.offset(), p.shape());
}

Moving::Moving(const std::vector<Net>& nets) : nets_(nets), watch_(all_leaves(nets)) { set(true); }
Moving::~Moving() { set(false); }
void Moving::set(bool on) {
  for (const Net& n : nets_) {
    Visit v;
    v.module = [on](const std::string&, Module& m) { m.moving = on; };
    n.module().moving = on;
    n.module().visit(v);
  }
}

}  // namespace ganymede::nn
