// cuBLAS on our matrix products.
#include <cublas_v2.h>

#include "bench/peers.h"

namespace ganymede::bench {
namespace {

cublasHandle_t handle() {
  static const cublasHandle_t made = [] {
    cublasHandle_t h = nullptr;
    if (cublasCreate(&h) != CUBLAS_STATUS_SUCCESS) throw NotOffered("cuBLAS does not start");
    static Operand workspace(int64_t{64} << 20, kernels::DType::u8, 1);  // its own, so that calls can be captured
    cublasSetStream(h, static_cast<cudaStream_t>(stream()));
    cublasSetWorkspace(h, workspace[0], size_t{64} << 20);
    return h;
  }();
  return made;
}

}  // namespace

Prepared cublas_product(const kernels::Gemm& g) {
  using kernels::DType;
  struct Operands { Operand a, b, c; };
  const int64_t a = g.stride_a * (g.batch - 1) + int64_t{g.m} * g.k, b = g.stride_b * (g.batch - 1) + int64_t{g.n} * g.k,
                c = int64_t{g.batch} * g.m * g.n;
  const int sets = sets_for(double(a + b + c) * double(dtype_bytes(g.dtype)));
  const std::shared_ptr<Operands> o(new Operands{{a, g.dtype, sets}, {b, g.dtype, sets}, {c, g.out, sets}});
  const auto type = [](DType t) { return t == DType::bf16 ? CUDA_R_16BF : CUDA_R_32F; };
  const auto compute = g.dtype == DType::bf16 ? CUBLAS_COMPUTE_32F : g.math == kernels::Math::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F_PEDANTIC;
  const cublasHandle_t h = handle();
  const auto call = [=](int i) {
    const float one = 1, zero = 0;
    // Row-major c = op(a) op(b) is column-major c' = op(b)' op(a)'.
    const cublasStatus_t status = cublasGemmStridedBatchedEx(
        h, g.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N, g.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N, g.n, g.m, g.k, &one, o->b[i], type(g.dtype),
        g.transpose_b ? g.k : g.n, g.stride_b, o->a[i], type(g.dtype), g.transpose_a ? g.m : g.k, g.stride_a, &zero, o->c[i], type(g.out), g.n,
        int64_t{g.m} * g.n, g.batch, compute, CUBLAS_GEMM_DEFAULT);
    if (status != CUBLAS_STATUS_SUCCESS) throw NotOffered("cuBLAS: status " + std::to_string(int(status)));
  };
  return {call, sets};
}

}  // namespace ganymede::bench
