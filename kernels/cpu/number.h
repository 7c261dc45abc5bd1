// The number types of the cpu loops: bf16 is stored in 16 bits and computed in float; everything else is
// itself.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "kernels/api/types.h"

namespace ganymede::kernels::cpu {

inline float to_float(Bf16 v) { return std::bit_cast<float>(uint32_t{v.bits} << 16); }

// Round to nearest, ties to even; every NaN becomes a quiet one.
inline Bf16 to_bf16(float v) {
  const uint32_t bits = std::bit_cast<uint32_t>(v);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const uint32_t quiet = (bits >> 16) | 0x40u;
  return {static_cast<uint16_t>(v != v ? quiet : rounded)};
}

// The type in which values of T are computed, summed, and in which statistics and biases come.
template <typename T>
struct ComputeType {
  using Type = float;
};
template <>
struct ComputeType<double> {
  using Type = double;
};
template <typename T>
using Compute = typename ComputeType<T>::Type;

inline float load(float v) { return v; }
inline double load(double v) { return v; }
inline float load(Bf16 v) { return to_float(v); }

template <typename T>
inline T store(Compute<T> v) {
  if constexpr (std::is_same_v<T, Bf16>) {
    return to_bf16(v);
  } else {
    return v;
  }
}

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

inline const char* name_of(DType type) {
  constexpr const char* kNames[] = {"f32", "bf16", "f64", "i32", "i64", "u8"};
  return kNames[static_cast<int>(type)];
}

[[noreturn]] inline void unsupported(DType type, const char* kernel) {
  throw std::runtime_error(std::string("cpu kernel ") + kernel + ": " + name_of(type) + " is not supported");
}

// Calls body(T{}) with the floating-point type that dtype names.
template <typename Body>
void with_float_type(DType type, const char* kernel, Body body) {
  switch (type) {
    case DType::f32:
      return body(float{});
    case DType::bf16:
      return body(Bf16{});
    case DType::f64:
      return body(double{});
    default:
      unsupported(type, kernel);
  }
}

// The same of kernels that are f32 inside and leave f64 to others.
template <typename Body>
void with_f32_or_bf16(DType type, Body body) {
  type == DType::bf16 ? body(Bf16{}) : body(float{});
}

// Calls body(T{}) with the type that dtype names, integers included.
template <typename Body>
void with_any_type(DType type, Body body) {
  switch (type) {
    case DType::f32:
      return body(float{});
    case DType::bf16:
      return body(Bf16{});
    case DType::f64:
      return body(double{});
    case DType::i32:
      return body(int32_t{});
    case DType::i64:
      return body(int64_t{});
    case DType::u8:
      return body(uint8_t{});
  }
}

}  // namespace ganymede::kernels::cpu
