// Rows picked by index (embedding, permutation of a batch) with the adjoint, and one-hot rows.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

struct Gather {
  int64_t rows, count, width;   // table [rows, width], index [count], picked [count, width]
  DType dtype;                  // f32, bf16 (summed in f32), f64
};

struct GatherKernels {
  // y[i] = x[index[i]]; an index outside [0, rows) gives a row of zeros.
  void (*gather)(Stream, const Gather&, const void* x, const int64_t* index, void* y);
  // dx[r] = sum over i in ascending order with index[i] == r of dy[i], every row written; other indices are left out.
  void (*scatter_add)(Stream, const Gather&, const void* dy, const int64_t* index, void* dx, void* workspace);
  size_t (*workspace_bytes)(const Gather&);   // of scatter_add
  // y[i, j] = index[i] == j ? on : off, [count, width] of any floating-point dtype; rows is not read.
  void (*one_hot)(Stream, const Gather&, const int64_t* index, double on, double off, void* y);
};

}  // namespace ganymede::kernels
