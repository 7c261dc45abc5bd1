// What a trainer draws: samples, from averages and by standing statistics where a recipe has them.
#include <algorithm>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/trainer.h"
#include "nn/standing.h"

namespace ganymede {
namespace {

// Of random positions, beside those of trainer.cpp.
constexpr uint32_t kSampleUnits = 0xC0000000, kStandingUnits = 0xE0000000;

Tensor copy_of(const Tensor& t) {
  const Tensor copy = empty_like(t);
  assign(copy, t);
  return copy;
}

// Gives tensors back what they held, at the end of its scope.
class Kept {
 public:
  explicit Kept(const Tensors& tensors) : tensors_(tensors) {
    for (const Tensor& t : tensors_) values_.push_back(copy_of(t));
  }
  ~Kept() {
    for (size_t i = 0; i < tensors_.size(); ++i) assign(tensors_[i], values_[i]);
  }
  Kept(const Kept&) = delete;
 private:
  Tensors tensors_, values_;
};

}  // namespace

void Trainer::sampling(uint64_t sample_seed, const std::function<void()>& f) {
  ContextScope scope;
  Context& c = context();
  c.training = recipe_.sample_statistics == Statistics::batch;
  c.recording = false;
  Tensors weights, statistics;
  const auto means = averages();
  for (const auto& [net, average] : means) weights.push_back(net.flat());
  if (recipe_.standing.passes > 0 && !is_plan(c.device)) statistics = nn::batch_statistics(recipe_.standing.nets);
  // Samples are drawn from the averages where there are some, and by standing statistics; the training's come back afterwards.
  const Kept weights_kept(weights), statistics_kept(statistics);
  for (const auto& [net, average] : means) assign(net.flat(), average);
  if (!statistics.empty()) stand(statistics);
  seed(sample_seed);
  set_random_position(0xFFFFFFFF, kSampleUnits);
  f();
}

// The statistics of the weights that are in place: gathered once, of noise that does not depend on the samples'.
void Trainer::stand(const Tensors& statistics) {
  uint64_t version = 1;
  for (const nn::Net& net : recipe_.standing.nets) {
    Tensor weights = net.flat();
    for (const auto& [averaged, average] : averages())
      if (averaged == net) weights = average;
    version += weights.storage()->version;
  }
  if (standing_of_ == version) {
    for (size_t i = 0; i < statistics.size(); ++i) assign(statistics[i], standing_[i]);
    return;
  }
  seed(options_.seed);
  set_random_position(0xFFFFFFFF, kStandingUnits);
  nn::gather_statistics(recipe_.standing.nets, recipe_.standing.passes, recipe_.standing.pass);
  standing_.clear(), standing_of_ = version;
  for (const Tensor& t : statistics) standing_.push_back(copy_of(t));
}

Tensor Trainer::sample(int64_t n, uint64_t sample_seed, const Batch* batch) {
  Tensors parts;
  sampling(sample_seed, [&] {
    const int64_t chunk = std::max<int64_t>(options_.batch, 1);
    for (int64_t at = 0; at < n; at += chunk) {
      set_random_position(0xFFFFFFFF, kSampleUnits + uint32_t(at / chunk));
      parts.push_back(cast(recipe_.draw(std::min(chunk, n - at), batch ? *batch : batches_[0]), context().dtype));
    }
  });
  return parts.size() == 1 ? parts[0] : concat(parts, 0);
}

}  // namespace ganymede
