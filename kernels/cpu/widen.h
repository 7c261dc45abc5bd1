// bf16 below AVX-512, where neither oneDNN nor the processor multiplies it: products run on f32 copies of the operands, and results
// are rounded once.
#pragma once
#include "kernels/cpu/onednn.h"

namespace ganymede::kernels::cpu {

bool is_widened(DType dtype);

// An f32 copy in scratch memory.
const float* widened(const void* bf16, int64_t count, Scratch slot);
// Scratch memory for a result, and that result in bf16.
float* wide_result(int64_t count);
void round_result(const float* wide, int64_t count, void* bf16);

}  // namespace ganymede::kernels::cpu
