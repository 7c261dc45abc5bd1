// From a DType known at run time to a type known at compile time.
#pragma once
#include <stdexcept>
#include <string>

#include "kernels/api/types.h"
#include "kernels/simt/target.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

inline const char* name(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "f32";
    case DType::bf16:
      return "bf16";
    case DType::f64:
      return "f64";
    case DType::i32:
      return "i32";
    case DType::i64:
      return "i64";
    case DType::u8:
      return "u8";
  }
  return "unknown dtype";
}

// dispatch_float(dtype, "norm", [&]<class T>() { ... T ... }) calls with float, Bf16 or double and returns
// its result. Throws std::runtime_error naming the operation on any other dtype.
template <class Body>
decltype(auto) dispatch_float(DType dtype, const char* operation, Body&& body) {
  switch (dtype) {
    case DType::f32:
      return body.template operator()<float>();
    case DType::bf16:
      return body.template operator()<Bf16>();
    case DType::f64:
      return body.template operator()<double>();
    default:
      throw std::runtime_error(std::string(operation) + ": dtype " + name(dtype) +
                               "; f32, bf16 or f64 is needed");
  }
}

// The same over every dtype: int32_t, int64_t and uint8_t too.
template <class Body>
decltype(auto) dispatch_any(DType dtype, const char* operation, Body&& body) {
  switch (dtype) {
    case DType::i32:
      return body.template operator()<int32_t>();
    case DType::i64:
      return body.template operator()<int64_t>();
    case DType::u8:
      return body.template operator()<uint8_t>();
    default:
      return dispatch_float(dtype, operation, static_cast<Body&&>(body));
  }
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
