// Rows picked by an index (embedding), the adjoint sum, and one-hot rows. Indices outside [0, table_rows) read as zeros and
// add nothing, on every device.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

struct GatherKernels {
  // y[i, :] = table[index[i], :]; table [table_rows, width], y [count, width]; dtype f32, bf16 or f64.
  void (*rows)(Stream, DType, int64_t table_rows, int64_t width, int64_t count, const void* table, const int64_t* index, void* y);
  // table[r, :] = sum over i with index[i] = r of g[i, :], in the order of i (summed in f32 for bf16); every row is written.
  void (*sum_rows)(Stream, DType, int64_t table_rows, int64_t width, int64_t count, const void* g, const int64_t* index, void* table);
  // y[i, k] = k == index[i] ? 1 : 0; y [count, classes].
  void (*one_hot)(Stream, DType, int64_t count, int64_t classes, const int64_t* index, void* y);
};

}  // namespace ganymede::kernels
