// Spectral normalisation (Miyato et al. 2018).
#pragma once
#include "engine/tensor.h"

namespace ganymede {

// A weight seen as a matrix of its output channels by all else, with the two vectors that follow its largest singular value.
struct SpectralWeight {
  Tensor w;                // [K, ...], or [C, R, S, K] when transposed: its output channels are last
  bool transposed = false;
  Tensor u, v;             // [rows], [columns], of length 1, updated in place
  Tensor sigma;            // [1], u^T W v as a power iteration found it for these w, u and v; undefined: not known
};

// One launch for all weights: `iterations` times v = W^T u / |.|, u = W v / |.|. Returns u^T W v of each, [1]; with no iterations for u and v as they are.
Tensors power_iteration(const std::vector<SpectralWeight>& weights, int iterations, double eps = 1e-12);
// w / (u^T W v); u and v are constants to differentiation.
Tensor spectral_normalise(const SpectralWeight& weight);

}  // namespace ganymede
