// Strided element-wise work: binary functions with broadcasting, and copies between any two layouts.
#pragma once
#include "kernels/api/elementwise.h"

namespace ganymede::kernels::cpu {

void binary(Stream, Binary op, DType, const ElementwiseKernels::Broadcast&, const void* a, const void* b,
            void* c);
void copy_strided(Stream, const ElementwiseKernels::Strided&, int element_bytes, const void* from, void* to);

}  // namespace ganymede::kernels::cpu
