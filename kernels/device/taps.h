// The sparse rows of an axis (kernels/api/resample.h) as a kernel walks them.
#pragma once
#include "kernels/api/resample.h"
#include "kernels/simt/simt.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// Entries [begin, end) of the row of one output; of the identity, the output itself is its only entry.
struct Taps {
  int begin, end;
};

__device__ inline Taps taps_of(const Axis& axis, int out) {
  if (!axis.start) return {out, out + 1};
  return {axis.start[out], axis.start[out + 1]};
}

__device__ inline int tap_index(const Axis& axis, int entry) {
  return axis.start ? axis.index[entry] : entry;
}

template <class A>
__device__ inline A tap_weight(const Axis& axis, int entry) {
  return axis.start && axis.weight ? static_cast<const A*>(axis.weight)[entry] : A(1);
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
