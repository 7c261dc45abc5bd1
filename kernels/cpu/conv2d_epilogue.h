// y = f(sum + bias + residual): per value where a loop stores it, and as a pass of its own over what oneDNN has stored.
#pragma once
#include "kernels/api/conv2d.h"
#include "kernels/cpu/unary.h"

namespace ganymede::kernels::cpu {

template <typename C>
C activate(Unary activation, C alpha, C x) {
  switch (activation) {
    case Unary::relu:
      return UnaryFunction<Unary::relu, C>{}.value(x);
    case Unary::leaky_relu:
      return UnaryFunction<Unary::leaky_relu, C>{alpha, 0}.value(x);
    case Unary::sigmoid:
      return UnaryFunction<Unary::sigmoid, C>{}.value(x);
    case Unary::tanh:
      return UnaryFunction<Unary::tanh, C>{}.value(x);
    default:
      return x;
  }
}

inline bool is_plain(const Epilogue& epilogue) {
  return !epilogue.bias && !epilogue.residual && epilogue.activation == Unary::identity;
}

// Of the part of y that begins so many bytes behind it.
inline Epilogue behind(Epilogue epilogue, int64_t bytes) {
  if (epilogue.residual) epilogue.residual = static_cast<const char*>(epilogue.residual) + bytes;
  return epilogue;
}

// y = f(sums + bias + residual), all [rows, channels] and y of dtype; sums are of its compute type (f32 for bf16), or
// null for y itself.
void apply_epilogue(DType dtype, int64_t rows, int64_t channels, const Epilogue&, const void* sums, void* y);

}  // namespace ganymede::kernels::cpu
