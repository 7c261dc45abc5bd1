#include <stdexcept>

#include "kernels/cpu/conv2d_epilogue.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/gemm_loops.h"
#include "kernels/cpu/gemm_onednn.h"
#include "kernels/cpu/number.h"
#include "kernels/cpu/widen.h"

namespace ganymede::kernels::cpu {
namespace {

void multiply(Stream stream, const Gemm& p, const void* a, const void* b, void* c, const Epilogue& epilogue) {
  if (p.dtype != DType::f32 && p.dtype != DType::bf16 && p.dtype != DType::f64) unsupported(p.dtype, "gemm");
  if (p.dtype == DType::f32 && p.math == Math::tf32)
    throw std::runtime_error("cpu kernel gemm: tf32 is not supported, f32 and bf16 are");
  if (int64_t{p.batch} * p.m * p.n == 0) return;
  if (is_widened(p.dtype) && p.k > 0) {
    auto lock = lock_onednn();
    Gemm wide = p;
    wide.dtype = wide.out = DType::f32, wide.math = Math::f32;
    const float* const wide_a = widened(a, (p.batch - 1) * p.stride_a + int64_t{p.m} * p.k, Scratch::wide_first);
    const float* const wide_b = widened(b, (p.batch - 1) * p.stride_b + int64_t{p.k} * p.n, Scratch::wide_second);
    if (p.out == DType::f32) return multiply(stream, wide, wide_a, wide_b, c, epilogue);
    const int64_t rows = int64_t{p.batch} * p.m;
    float* const wide_c = wide_result(rows * p.n);
    multiply(stream, wide, wide_a, wide_b, wide_c, {nullptr, Unary::identity, 0});
    return apply_epilogue(p.out, rows, p.n, epilogue, wide_c, c);
  }
  if (p.dtype != DType::f64 && p.k > 0 && multiply_by_onednn(p, a, b, c, epilogue)) return;
  multiply_by_loops(p, a, b, c, epilogue);
}

}  // namespace

const GemmKernels gemm_kernels = {multiply};

}  // namespace ganymede::kernels::cpu
