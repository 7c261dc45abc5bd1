// Linear maps along the rows and columns of a picture. One pair of kernels covers resizing (nearest, bilinear, bicubic,
// antialiased, MATLAB's), padding (reflect, replicate), cropping, average and adaptive pooling, blurring and FIR filters;
// the adjoint of each is the same kernel with the transposed maps, so every gradient is a gather in a fixed order.
// axis_map.h makes the maps.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

// y[q] = sum over begin[q] <= t < begin[q + 1] of weight[t] * x[index[t]]: a sparse matrix by rows, in device memory.
struct AxisMap {
  int in, out;
  const int32_t* begin;   // [out + 1]
  const int32_t* index;   // [begin[out]], each in [0, in)
  const void* weight;     // [begin[out]], f32 (f64 when the tensors are f64); null: all 1
};

struct ResampleKernels {
  // y[n,p,q,c] = sum over the taps i of row p and j of column q of x[n,i,j,c]; x [N, rows.in, columns.in, C], y [N, rows.out,
  // columns.out, C]. dtype f32, bf16 (summed in f32), f64.
  void (*apply)(Stream, DType, int64_t n, int64_t c, const AxisMap& rows, const AxisMap& columns, const void* x, void* y);
};

}  // namespace ganymede::kernels
