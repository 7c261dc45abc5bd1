// A tensor made from a layer's parameters, such as a normalised weight.
#pragma once
#include "engine/context.h"
#include "engine/tensor.h"

namespace ganymede::nn {

// Inside an update, where parameters stand still, it is made at the first pass that asks and kept for the others; outside, at each.
class OncePerUpdate {
 public:
  template <class F>
  Tensor get(F&& make) {
    const UnitRun* unit = context().unit;
    if (!unit) return make();
    if (unit_ != unit->serial) set(make());
    return value_;
  }
  void set(const Tensor& value) { value_ = value, unit_ = context().unit->serial; }
 private:
  Tensor value_;
  uint64_t unit_ = 0;
};

}  // namespace ganymede::nn
