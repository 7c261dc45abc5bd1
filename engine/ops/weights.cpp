#include "engine/ops/weights.h"

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/elementwise.h"

namespace ganymede {

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

WeightOperand weight_operand(const Tensor& w, DType dtype) {
  const bool parameter = w.storage()->parameter;
  if (w.dtype() == dtype) return {w.constant(), parameter};
  if (!parameter || dtype != DType::bf16) return {cast(w, dtype).constant(), false};
  // All weights of a network lie in one storage: one launch copies them together.
  Storage::LowPrecision& low = w.storage()->low_precision;
  const int64_t count = int64_t(w.storage()->bytes / dtype_bytes(w.dtype()));
  const uint64_t unit = context().unit ? context().unit->serial : 0;
  const bool fresh = !low.copy;
  if (fresh) {
    low.copy = std::make_shared<Storage>(w.device(), size_t(count) * dtype_bytes(dtype));
    low.copy->parameter = true;
  }
  // Inside an update the copy is refreshed at the first use whatever its version: the update may be replayed when its
  // weights have moved since.
  if (fresh || low.version != w.storage()->version || low.unit != unit) {
    low.version = w.storage()->version, low.unit = unit;
    launch(w.device(), [count, to = low.copy, keep = w.storage()](const kernels::Kernels& k, kernels::Stream s) {
      k.elementwise.cast(s, DType::f32, DType::bf16, count, keep->data, to->data);
      ++to->version;
    });
  }
  return {Tensor(low.copy, {count}, dtype).window(w.offset(), w.shape()), true};
}

}  // namespace ganymede
