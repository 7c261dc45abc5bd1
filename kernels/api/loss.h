// Sums of a function of differences, and their gradients: what most losses are, in one pass over the operands.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

// factor * sum over i of f(u[i]),  u = sign * x - t + shift
struct Loss {
  Unary f;                    // identity, abs, square, relu, softplus or sigmoid
  double sign, shift, factor;
  int64_t count;
  DType x, t;                 // f32 or bf16 each, or both f64; sums are kept in f32 (f64 for f64)
};

struct LossKernels {
  // y[0] = the sum, f32 (f64 for f64), in an order fixed by the count alone. t may be null: 0.
  void (*value)(Stream, const Loss&, const void* x, const void* t, void* y, void* workspace);
  size_t (*workspace_bytes)(const Loss&);
  // dx[i] = g[0] * factor * sign * f'(u[i]) in x's dtype and dt[i] = -g[0] * factor * f'(u[i]) in t's; either may be null. g: of y's
  // dtype, null: 1. f' is 0 at 0 for abs and relu.
  void (*gradient)(Stream, const Loss&, const void* g, const void* x, const void* t, void* dx, void* dt);
};

}  // namespace ganymede::kernels
