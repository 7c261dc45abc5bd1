// bf16 below AVX-512, where neither oneDNN nor the processor multiplies it: products run on f32 copies of the operands, and results
// are rounded once.
#pragma once
#include "kernels/cpu/onednn.h"

namespace ganymede::kernels::cpu {

bool is_widened(DType dtype);

// An f32 copy in scratch memory.
const float* widened(const void* bf16, int64_t count, Scratch slot);
// Scratch memory for a result, which apply_epilogue (conv2d_epilogue.h) rounds.
float* wide_result(int64_t count);

}  // namespace ganymede::kernels::cpu
