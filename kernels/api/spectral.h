// Spectral normalisation of all of a network's weights (Miyato et al. 2018), each direction in one launch.
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
  void* y;                 // W / sigma, as W lies
};

// The same weight in the other direction. w, u, v and sigma are only read; y is not.
struct SpectralGradient {
  SpectralMatrix of;
  const void* dy;          // as W lies
  void* dw;                // (dy - <dy, y> u v') / sigma
};

// dtype (f32 or f64) of everything. Arrays of matrices are in host memory and read before a call returns; workspaces do not depend on addresses.
struct SpectralKernels {
  // iterations times: v = W'u / max(|W'u|, eps), u = Wv / max(|Wv|, eps); then sigma = u' W v and y = W / sigma.
  void (*normalise)(Stream, DType, const SpectralMatrix* matrices, int count, int iterations, double eps, void* workspace);
  size_t (*workspace_bytes)(DType, const SpectralMatrix* matrices, int count);
  void (*gradient)(Stream, DType, const SpectralGradient* matrices, int count, void* workspace);
  size_t (*gradient_workspace)(DType, const SpectralGradient* matrices, int count);
};

}  // namespace ganymede::kernels
