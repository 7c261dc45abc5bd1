// The members of the element-wise family, which three files share: src/elementwise.cu, src/activation.cu,
// src/copy.cu.
#pragma once
#include "kernels/device/families.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

void apply_unary(Stream, const UnaryOp&, DType, int64_t count, const void* x, const void* bias,
                 int64_t channels, void* y);
void apply_unary_gradient(Stream, const UnaryOp&, DType, int64_t count, const void* reference, const void* g,
                          void* dx);
void bias_gradient(Stream, const UnaryOp&, DType, int64_t rows, int64_t channels, const void* reference,
                   const void* g, void* dx, void* dbias, void* workspace);
size_t bias_gradient_workspace(DType, int64_t rows, int64_t channels);  // both in src/bias_gradient.cu
void copy_strided(Stream, const ElementwiseKernels::Strided&, int element_bytes, const void* from, void* to);
void cast(Stream, DType from, DType to, int64_t count, const void* x, void* y);

}  // namespace ganymede::kernels::GANYMEDE_TARGET
