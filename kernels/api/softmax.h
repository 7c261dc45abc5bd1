// Softmax and its relatives over the last axis of [rows, columns], with the largest element taken off first.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

enum class SoftmaxKind : uint8_t { softmax, log_softmax };

struct Softmax {
  SoftmaxKind kind;
  int64_t rows, columns;   // columns >= 1
  DType dtype;             // of x, y, dy, dx: f32, bf16 (computed in f32), f64
};

struct SoftmaxKernels {
  void (*forward)(Stream, const Softmax&, const void* x, void* y);
  // softmax: dx = y (dy - sum(dy y)); log_softmax: dx = dy - exp(y) sum(dy). In place on dy allowed.
  void (*gradient)(Stream, const Softmax&, const void* y, const void* dy, void* dx);
  // y[row] = log(sum(exp(x))), in dtype; -inf for a row of -inf. kind is not read. Its gradient is softmax times dy.
  void (*logsumexp)(Stream, const Softmax&, const void* x, void* y);
};

}  // namespace ganymede::kernels
