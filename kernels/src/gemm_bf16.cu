// Matrix products of bf16 on tensor cores, accumulated in f32: gemm_problem.h.
#include "kernels/device/gemm_problem.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

void multiply_bf16(Stream stream, const Gemm& g, const Bf16* a, const Bf16* b, void* c,
                   const Epilogue& epilogue, TilePlan plan) {
  multiply_transposed<MmaBf16>(stream, g, a, b, c, epilogue, plan);
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
