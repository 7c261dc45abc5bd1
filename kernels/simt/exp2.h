// Two instructions that the inner loop of attention lives on. They belong to the vocabulary of simt.h, in a file of their own
// because nobody else needs them.
//   exp2(x)          2^x within 2 ulp; results below 2^-126 become 0
//   pack_bf16(a, b)  both rounded to the nearest bf16 (ties to even; NaN becomes 0x7FFF), a in the low half
#pragma once
#include <cstdint>

#include "kernels/simt/target.h"
#ifndef __CUDACC__
#include <bit>
#include <cmath>
#endif

namespace ganymede::kernels::GANYMEDE_TARGET::simt {

#ifdef __CUDACC__

__device__ __forceinline__ float exp2(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
__device__ __forceinline__ uint32_t pack_bf16(float low, float high) {
  uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
}

#else

inline float exp2(float x) {
  const float y = ::exp2f(x);
  return y < 0x1p-126f ? 0.0f : y;
}
inline uint32_t pack_bf16(float low, float high) {
  const auto round = [](float value) {
    const auto bits = std::bit_cast<uint32_t>(value);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return 0x7FFFu;
    return (bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16;
  };
  return round(low) | round(high) << 16;
}

#endif

}  // namespace ganymede::kernels::GANYMEDE_TARGET::simt
