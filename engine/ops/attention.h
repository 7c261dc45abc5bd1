// Attention without a stored score matrix.
#pragma once
#include "engine/tensor.h"

namespace ganymede {

// softmax over keys of scale * q k^T, times v: q [B, queries, D], k [B, keys, D], v [B, keys, E] -> [B, queries, E].
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, double scale = 1);

}  // namespace ganymede
