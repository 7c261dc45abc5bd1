// Matrix products by plain loops: every problem, f64 included; the oracle of the tests.
#pragma once
#include "kernels/api/gemm.h"

namespace ganymede::kernels::cpu {

void multiply_by_loops(const Gemm&, const void* a, const void* b, void* c, const Epilogue&);

}  // namespace ganymede::kernels::cpu
