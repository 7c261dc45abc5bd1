// Counter-based random numbers (Philox4x32-10, Salmon et al. 2011). Element i of a draw depends only on the state and on
// the draw's ordinal:  key = seed;  counter = (i / 4, ordinal, unit, iteration);  lane i % 4 of the four outputs.
// Integers and uniforms have equal bits on every device; normals agree to 4 ulp.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

// Lives in device memory, so that a captured update draws afresh at each replay.
struct RandomState {
  uint64_t seed;
  uint32_t iteration;
  uint32_t unit;        // which update of the iteration, and which repeat of it
};

struct RandomKernels {
  // out f32, bf16 or f64. Uniform: low + (high - low) * u with u = (bits >> 8) * 2^-24 in [0, 1).
  void (*uniform)(Stream, const RandomState*, uint32_t ordinal, DType, int64_t count, double low, double high, void* out);
  // Box-Muller on lanes (0,1) and (2,3): u1 = (bits + 1) * 2^-32 in (0, 1], u2 = bits * 2^-32.
  void (*normal)(Stream, const RandomState*, uint32_t ordinal, DType, int64_t count, double mean, double deviation, void* out);
  // out = u < probability ? value : 0 (dropout masks: value = 1 / keep).
  void (*bernoulli)(Stream, const RandomState*, uint32_t ordinal, DType, int64_t count, double probability, double value, void* out);
  // i64 in [0, bound) by the high half of bits * bound.
  void (*integers)(Stream, const RandomState*, uint32_t ordinal, int64_t count, uint32_t bound, int64_t* out);
};

}  // namespace ganymede::kernels
