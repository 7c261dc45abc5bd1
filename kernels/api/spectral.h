// Spectral normalisation (Miyato et al. 2018) of all the weights of a network at once.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

// A weight seen as a matrix [rows, columns] (K x R*S*C for [K, R, S, C]).
struct SpectralMatrix {
  const void* w;
  void* u;                // [rows] in and out: the left singular vector's estimate, of norm 1
  void* v;                // [columns] in and out
  void* sigma;            // [1] out: u' W v
  void* normalised;       // [rows, columns] = w / sigma; null: not wanted
  int64_t rows, columns;
};

struct SpectralKernels {
  // iterations times: v = W'u / max(|W'u|, eps); u = Wv / max(|Wv|, eps). Then sigma and normalised. 0 iterations use u and v
  // as they are. dtype f32 or f64, of everything. matrices: on the host. workspace: workspace_bytes.
  void (*normalise)(Stream, DType, const SpectralMatrix* matrices, int count, int iterations, double eps, void* workspace);
  size_t (*workspace_bytes)(DType, const SpectralMatrix* matrices, int count);
};

}  // namespace ganymede::kernels
