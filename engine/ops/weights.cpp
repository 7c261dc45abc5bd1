#include "engine/ops/weights.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/elementwise.h"

namespace ganymede {
namespace {

int64_t count_of(const Storage& weights) { return int64_t(weights.bytes / dtype_bytes(DType::f32)); }

}  // namespace

Arithmetic arithmetic(DType activations) {
  if (activations == DType::f64) return {DType::f64, Math::f32};
  require(is_floating(activations), "a product of ", activations, " numbers");
  switch (context().precision) {
    case Precision::f32: return {activations, Math::f32};
    case Precision::tf32: return {activations, Math::tf32};
    case Precision::bf16: return {DType::bf16, Math::f32};
  }
  return {activations, Math::f32};
}

void refresh_copy(const std::shared_ptr<Storage>& weights) {
  if (!weights->low_precision.copy || weights->copy_is_fresh()) return;
  launch(weights->device, [count = count_of(*weights), from = weights->data, to = weights->low_precision.copy->data](const kernels::Kernels& k, kernels::Stream s) {
    k.elementwise.cast(s, DType::f32, DType::bf16, count, from, to);
  });
  on_host([weights] {
    ++weights->low_precision.copy->version;
    weights->low_precision.version = weights->version;
  });
}

WeightOperand weight_operand(const Tensor& w, DType dtype) {
  const bool parameter = w.storage()->parameter;
  if (w.dtype() == dtype) return {w.constant(), parameter};
  UnitRun* const unit = context().unit;
  Storage::LowPrecision& low = w.storage()->low_precision;
  const int64_t count = count_of(*w.storage());
  if (!parameter && dtype == DType::bf16 && unit && (w.count() == count || low.all_at_once)) {
    if (low.run != unit->serial) low.run = unit->serial, low.copy = cast(Tensor(w.storage(), {count}, w.dtype()), dtype).storage();
    return {Tensor(low.copy, {count}, dtype).window(w.offset(), w.shape()), false};
  }
  if (!parameter || dtype != DType::bf16) return {cast(w, dtype).constant(), false};
  if (!low.copy) {
    low.copy = std::make_shared<Storage>(w.device(), size_t(count) * dtype_bytes(dtype));
    low.copy->parameter = true;
    low.version = w.storage()->version - 1;
  }
  refresh_copy(w.storage());
  if (unit && std::find(unit->copied->begin(), unit->copied->end(), w.storage()) == unit->copied->end())
    unit->copied->push_back(w.storage());
  return {Tensor(low.copy, {count}, dtype).window(w.offset(), w.shape()), true};
}

}  // namespace ganymede
