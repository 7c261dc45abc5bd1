#include "nn/standing.h"

#include "engine/check.h"
#include "engine/context.h"
#include "nn/layers.h"

namespace ganymede::nn {
namespace {

// Whose momentum comes back at the end of its scope.
struct HeldNorms {
  std::vector<std::pair<BatchNorm*, double>> norms;
  explicit HeldNorms(const std::vector<Net>& nets) {
    Visit v;
    v.module = [&](const std::string&, Module& m) {
      if (auto* norm = dynamic_cast<BatchNorm*>(&m)) norms.emplace_back(norm, norm->momentum);
    };
    for (const Net& n : nets) n.module().visit(v);
  }
  ~HeldNorms() {
    for (const auto& [norm, momentum] : norms) norm->momentum = momentum;
  }
  HeldNorms(const HeldNorms&) = delete;
};

}  // namespace

Tensors batch_statistics(const std::vector<Net>& nets) {
  Tensors all;
  for (const Net& n : nets)
    for (const auto& b : n.buffers())
      if (b.name.ends_with("running_mean") || b.name.ends_with("running_var")) all.push_back(b.value);
  return all;
}

void gather_statistics(const std::vector<Net>& nets, int passes, const std::function<void()>& pass) {
  require(passes > 0, "statistics of batch norms: ", passes, " passes, at least 1");
  ContextScope scope;
  context().training = true, context().recording = false;
  const HeldNorms held(nets);
  const Moving moving(nets);
  // The first pass replaces what was there, the second weighs half, and so on: a mean.
  for (int k = 1; k <= passes; ++k) {
    for (const auto& [norm, momentum] : held.norms) norm->momentum = 1.0 / k;
    pass();
  }
}

}  // namespace ganymede::nn
