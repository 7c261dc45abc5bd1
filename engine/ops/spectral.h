// Spectral normalisation (Miyato et al. 2018).
#pragma once
#include <vector>

#include "engine/tensor.h"

namespace ganymede {

// A weight seen as a matrix of its output channels by all else, with the two vectors that follow its largest singular value.
struct SpectralWeight {
  Tensor w;                // [K, ...], or [C, R, S, K] when transposed: its output channels are last
  bool transposed = false;
  Tensor u, v;             // [rows], [columns], of length 1, updated in place
};

// w / (u^T W v) of all weights, in one launch: before, `iterations` times v = W^T u / max(|W^T u|, eps), u = W v / max(|W v|, eps). One
// launch back, too. u and v are constants to differentiation. The results lie in one storage, each at a multiple of 64 elements.
Tensors spectral_normalise(const std::vector<SpectralWeight>& weights, int iterations, double eps = 1e-12);

}  // namespace ganymede
