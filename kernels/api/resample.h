// Linear maps along the two axes of an image: resizing (nearest, bilinear, bicubic; with or without antialiasing), padding
// (zero, reflect, replicate), cropping, average pooling (adaptive too). An axis is a sparse matrix in rows; its transpose is
// the adjoint, so one gathering kernel serves both directions, always in the same order. kernels/api/axis_map.h makes the tables.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

// y[o] = sum_{k = start[o]}^{start[o+1]-1} weight[k] * x[index[k]] for o < out. All in device memory. start null: the identity
// (out == in). weight null: every weight is 1.
struct Axis {
  int in, out;
  const int32_t* start;    // [out + 1]
  const int32_t* index;    // [start[out]], in [0, in)
  const void* weight;      // [start[out]], f32 (f64 when the problem's dtype is f64)
};

// y[n,p,q,c] = sum_{i in rows of p} sum_{j in rows of q} weight_i * weight_j * x[n, i, j, c]
struct Resample {
  int64_t n, c;            // x [N, rows.in, columns.in, C], y [N, rows.out, columns.out, C]
  Axis rows, columns;      // along the height and along the width
  DType dtype;             // f32, bf16 (summed in f32) or f64
};

struct ResampleKernels {
  void (*apply)(Stream, const Resample&, const void* x, void* y);
};

}  // namespace ganymede::kernels
