// Softmax, its logarithm and log-sum-exp over the last axis of [rows, columns], shifted by the row's maximum.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

struct SoftmaxKernels {
  // y = e^x / sum e^x, or with logarithm x - log sum e^x. dtype f32, bf16 (computed in f32), f64. In place allowed.
  void (*softmax)(Stream, DType, int64_t rows, int64_t columns, bool logarithm, const void* x, void* y);
  // From the result y: dx = y * (g - sum g*y), or with logarithm g - e^y * sum g. In place on g allowed.
  void (*softmax_gradient)(Stream, DType, int64_t rows, int64_t columns, bool logarithm, const void* y, const void* g, void* dx);
  // y [rows] = log sum e^x, of dtype.
  void (*log_sum_exp)(Stream, DType, int64_t rows, int64_t columns, const void* x, void* y);
};

}  // namespace ganymede::kernels
