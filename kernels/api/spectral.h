// The largest singular value of each of a network's weights by power iteration (Miyato et al. 2018), all in one launch.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

// A weight W seen as a matrix [rows, columns]; rows are its output channels.
struct SpectralMatrix {
  int64_t rows, columns;
  bool transposed;         // stored as [columns, rows]
  const void* w;
  void* u;                 // [rows], kept between calls, of length 1
  void* v;                 // [columns], written (read when iterations is 0), of length 1
  void* sigma;             // one element: u' W v
};

struct SpectralKernels {
  // iterations times: v = W'u / max(|W'u|, eps), u = Wv / max(|Wv|, eps); then sigma = u' W v. dtype (f32 or f64) of everything.
  // matrices is in host memory and read before the call returns.
  void (*power_iteration)(Stream, DType, const SpectralMatrix* matrices, int count, int iterations, double eps, void* workspace);
  size_t (*workspace_bytes)(DType, const SpectralMatrix* matrices, int count);   // addresses are not read
};

}  // namespace ganymede::kernels
