// Functions of one number, for float and double, on host and device alike: math::tanh(x) is the same name
// everywhere.
#pragma once
#include <cmath>

#include "kernels/simt/target.h"

namespace ganymede::kernels::GANYMEDE_TARGET::math {

__host__ __device__ __forceinline__ float exp(float x) { return ::expf(x); }
__host__ __device__ __forceinline__ double exp(double x) { return ::exp(x); }
__host__ __device__ __forceinline__ float expm1(float x) { return ::expm1f(x); }
__host__ __device__ __forceinline__ double expm1(double x) { return ::expm1(x); }
__host__ __device__ __forceinline__ float log(float x) { return ::logf(x); }
__host__ __device__ __forceinline__ double log(double x) { return ::log(x); }
__host__ __device__ __forceinline__ float log1p(float x) { return ::log1pf(x); }
__host__ __device__ __forceinline__ double log1p(double x) { return ::log1p(x); }
__host__ __device__ __forceinline__ float sqrt(float x) { return ::sqrtf(x); }
__host__ __device__ __forceinline__ double sqrt(double x) { return ::sqrt(x); }
__host__ __device__ __forceinline__ float tanh(float x) { return ::tanhf(x); }
__host__ __device__ __forceinline__ double tanh(double x) { return ::tanh(x); }
__host__ __device__ __forceinline__ float sin(float x) { return ::sinf(x); }
__host__ __device__ __forceinline__ double sin(double x) { return ::sin(x); }
__host__ __device__ __forceinline__ float cos(float x) { return ::cosf(x); }
__host__ __device__ __forceinline__ double cos(double x) { return ::cos(x); }
__host__ __device__ __forceinline__ float erf(float x) { return ::erff(x); }
__host__ __device__ __forceinline__ double erf(double x) { return ::erf(x); }
__host__ __device__ __forceinline__ float pow(float x, float y) { return ::powf(x, y); }
__host__ __device__ __forceinline__ double pow(double x, double y) { return ::pow(x, y); }
__host__ __device__ __forceinline__ float abs(float x) { return ::fabsf(x); }
__host__ __device__ __forceinline__ double abs(double x) { return ::fabs(x); }
__host__ __device__ __forceinline__ float floor(float x) { return ::floorf(x); }
__host__ __device__ __forceinline__ double floor(double x) { return ::floor(x); }

template <class T>
__host__ __device__ __forceinline__ T rsqrt(T x) {
  return T(1) / math::sqrt(x);
}

// The greater (smaller) of two; NaN if either is.
template <class T>
__host__ __device__ __forceinline__ T maximum(T a, T b) {
  return a > b || a != a ? a : b;
}
template <class T>
__host__ __device__ __forceinline__ T minimum(T a, T b) {
  return a < b || a != a ? a : b;
}

// 1 / (1 + e^-x), without overflow on either side.
template <class T>
__host__ __device__ __forceinline__ T sigmoid(T x) {
  const T e = math::exp(-math::abs(x));
  return (x >= T(0) ? T(1) : e) / (T(1) + e);
}

// log(1 + e^x), accurate to the last digits for large |x|.
template <class T>
__host__ __device__ __forceinline__ T softplus(T x) {
  return maximum(x, T(0)) + math::log1p(math::exp(-math::abs(x)));
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET::math
