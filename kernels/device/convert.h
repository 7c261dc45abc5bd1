// Conversions between storage types and the types that sums are kept in.
#pragma once
#include <cstring>
#include <type_traits>

#include "kernels/api/types.h"
#include "kernels/simt/target.h"
#ifdef __CUDACC__
#include "kernels/simt/simt_cuda.h"
#endif

namespace ganymede::kernels::GANYMEDE_TARGET {

__host__ __device__ __forceinline__ float to_float(Bf16 value) {
  const uint32_t bits = static_cast<uint32_t>(value.bits) << 16;
  float result;
  memcpy(&result, &bits, sizeof result);
  return result;
}

// Round to nearest, ties to even; every NaN becomes 0x7FFF, as the hardware's conversion does it.
__host__ __device__ __forceinline__ Bf16 to_bf16(float value) {
#ifdef __CUDA_ARCH__
  return Bf16{simt::to_bf16_bits(value)};
#else
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return Bf16{0x7FFF};
  return Bf16{static_cast<uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16)};
#endif
}

// The type that values of T are computed and summed in: double for double, float for float and Bf16.
template <class T>
using Accumulator = std::conditional_t<std::is_same_v<T, double>, double, float>;

// T -> Accumulator<T>, exact.
__host__ __device__ __forceinline__ float widen(Bf16 value) { return to_float(value); }
__host__ __device__ __forceinline__ float widen(float value) { return value; }
__host__ __device__ __forceinline__ double widen(double value) { return value; }

// float or double -> T, rounded to nearest even.
template <class T, class A>
__host__ __device__ __forceinline__ T narrow(A value) {
  if constexpr (std::is_same_v<T, Bf16>) {
    return to_bf16(static_cast<float>(value));
  } else {
    return static_cast<T>(value);
  }
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
