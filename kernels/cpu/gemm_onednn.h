// Matrix products by oneDNN, f32 and bf16.
#pragma once
#include "kernels/api/gemm.h"

namespace ganymede::kernels::cpu {

// c = f(op(a) op(b) + bias), or c += op(a) op(b). False, having written nothing, where oneDNN has reference
// code only.
bool multiply_by_onednn(const Gemm&, const void* a, const void* b, void* c, const Epilogue&,
                        bool accumulate = false);

}  // namespace ganymede::kernels::cpu
