// Reductions over the middle axis of [outer, reduce, inner], in an order fixed by the shape (and thread count) alone.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

enum class Reduction : uint8_t { sum, mean, max, min, sum_of_squares, argmax, norm };  // norm: sqrt(sum of squares + eps)

struct Reduce {
  Reduction op;
  int64_t outer, reduce, inner;
  DType dtype;      // of x: f32, bf16, f64; sums are kept in f32 (f64 for f64)
  DType out;        // of y [outer, inner]: dtype, or f32 when dtype is bf16; i64 for argmax (first of equals)
  double eps = 0;   // of norm
};

struct ReduceKernels {
  // NaN propagates through max and min. workspace: workspace_bytes(problem); may be null when 0.
  void (*reduce)(Stream, const Reduce&, const void* x, void* y, void* workspace);
  size_t (*workspace_bytes)(const Reduce&);
};

}  // namespace ganymede::kernels
