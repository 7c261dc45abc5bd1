// y = f(sum + bias + residual), or sum * mask: per value where a loop stores it, and as a pass of its own over what oneDNN has stored.
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

// sum * (mask > 0 ? 1 : below): the derivative that UnaryFunction<leaky_relu>::slope reads off the function's value.
template <typename C>
C masked(C below, C mask, C sum) {
  return sum * UnaryFunction<Unary::leaky_relu, C>{below, 0}.slope(mask);
}

// What a loop does to the sum that it stores at place i of y, channel c.
template <typename T, typename C = Compute<T>>
struct Finish {
  const C* bias;
  const T *residual, *mask;
  Unary activation;
  C alpha;
  explicit Finish(const Epilogue& e)
      : bias(static_cast<const C*>(e.bias)), residual(static_cast<const T*>(e.residual)), mask(static_cast<const T*>(e.mask)), activation(e.activation), alpha(static_cast<C>(e.alpha)) {}
  C operator()(C sum, int64_t i, int64_t c) const {
    if (mask) return masked(alpha, load(mask[i]), sum);
    if (bias) sum += bias[c];
    if (residual) sum += load(residual[i]);
    return activate<C>(activation, alpha, sum);
  }
};

// Adds or multiplies what lies beside y: for primitives that cannot.
inline bool has_beside(const Epilogue& epilogue) { return epilogue.residual || epilogue.mask; }
inline bool is_plain(const Epilogue& epilogue) {
  return !epilogue.bias && !has_beside(epilogue) && epilogue.activation == Unary::identity;
}

// Of the part of y that begins so many bytes behind it.
inline Epilogue behind(Epilogue epilogue, int64_t bytes) {
  if (epilogue.residual) epilogue.residual = static_cast<const char*>(epilogue.residual) + bytes;
  if (epilogue.mask) epilogue.mask = static_cast<const char*>(epilogue.mask) + bytes;
  return epilogue;
}

// y = f(sums + bias + residual) or sums * mask, all [rows, channels] and y of dtype; sums are of its compute type (f32 for bf16), or
// null for y itself.
void apply_epilogue(DType dtype, int64_t rows, int64_t channels, const Epilogue&, const void* sums, void* y);

}  // namespace ganymede::kernels::cpu
