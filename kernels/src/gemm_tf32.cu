// Matrix products of f32 rounded to tf32, on tensor cores: gemm_problem.h.
#include "kernels/device/gemm_problem.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

void multiply_tf32(Stream stream, const Gemm& g, const float* a, const float* b, void* c,
                   const Epilogue& epilogue, TilePlan plan) {
  multiply_transposed<MmaTf32>(stream, g, a, b, c, epilogue, plan);
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
