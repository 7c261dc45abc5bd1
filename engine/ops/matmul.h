// Matrix products.
#pragma once
#include "engine/ops/elementwise.h"
#include "engine/tensor.h"

namespace ganymede {

// a [..., M, K] times b [..., K, N] -> [..., M, N]; leading axes broadcast. transpose_a: a is [..., K, M]; transpose_b: b is [..., N, K].
Tensor matmul(const Tensor& a, const Tensor& b, bool transpose_a = false, bool transpose_b = false);

// x [..., C] times w [K, C] transposed, plus bias [K] (or undefined), then f.
Tensor linear(const Tensor& x, const Tensor& w, const Tensor& bias = {}, const Activation& f = {});

}  // namespace ganymede
