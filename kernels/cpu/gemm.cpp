#include <stdexcept>

#include "kernels/cpu/families.h"
#include "kernels/cpu/gemm_loops.h"
#include "kernels/cpu/gemm_onednn.h"
#include "kernels/cpu/number.h"

namespace ganymede::kernels::cpu {
namespace {

void multiply(Stream, const Gemm& p, const void* a, const void* b, void* c, const Epilogue& epilogue) {
  if (p.dtype != DType::f32 && p.dtype != DType::bf16 && p.dtype != DType::f64) unsupported(p.dtype, "gemm");
  if (p.dtype == DType::f32 && p.math == Math::tf32)
    throw std::runtime_error("cpu kernel gemm: tf32 is not supported, f32 and bf16 are");
  if (int64_t{p.batch} * p.m * p.n == 0) return;
  if (p.dtype != DType::f64 && p.k > 0 && multiply_by_onednn(p, a, b, c, epilogue)) return;
  multiply_by_loops(p, a, b, c, epilogue);
}

}  // namespace

const GemmKernels gemm_kernels = {multiply};

}  // namespace ganymede::kernels::cpu
