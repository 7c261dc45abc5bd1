// The plain types that cross the border between the engine and the kernels of every device.
// Nothing here has a function: a header that both the cuda and the sim library include must not emit symbols.
#pragma once
#include <cstddef>
#include <cstdint>

namespace ganymede::kernels {

enum class DType : uint8_t { f32, bf16, f64, i32, i64, u8 };

// How f32 convolutions and matrix products multiply: in full f32, or with tf32 inputs (10-bit mantissa) on tensor cores.
enum class Math : uint8_t { f32, tf32 };

// What lies outside a picture: zeros, the picture reflected about its border pixels, or the border pixels again.
enum class Padding : uint8_t { zero, reflect, replicate };

struct Bf16 {
  uint16_t bits;
};

// A cudaStream_t on cuda; ignored on cpu and sim, which run in order.
using Stream = void*;

constexpr int kMaxRank = 6;

// Element-wise functions y = f(x; alpha, beta). The first derivative is written in terms of the tensor that the table in
// elementwise.h names, so that only one of x and y has to be kept.
enum class Unary : uint8_t {
  identity, neg, abs, sign, exp, log, sqrt, rsqrt, square, reciprocal, sin, cos,
  relu, leaky_relu, elu, selu, gelu, silu, softplus, sigmoid, tanh,
  scale,      // alpha * x + beta
  power,      // x ^ alpha
  clamp,      // min(max(x, alpha), beta)
  step,       // x > alpha ? 1 : 0
};

enum class Binary : uint8_t { add, sub, mul, div, maximum, minimum, power, greater, greater_equal, equal };

}  // namespace ganymede::kernels
