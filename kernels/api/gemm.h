// Batched matrix product c = op(a) * op(b), row-major.
#pragma once
#include "kernels/api/conv2d.h"

namespace ganymede::kernels {

struct Gemm {
  int batch, m, n, k;
  bool transpose_a;              // a is [K, M] instead of [M, K]
  bool transpose_b;              // b is [N, K] instead of [K, N]
  int64_t stride_a, stride_b;    // elements between matrices of the batch; 0: one matrix for all
  DType dtype;                   // of a and b: f32, bf16 (accumulated in f32), f64 (cpu)
  DType out;                     // of c [batch, M, N]: dtype, or f32 when dtype is bf16
  Math math;
};

struct GemmKernels {
  // The epilogue's bias has N entries.
  void (*multiply)(Stream, const Gemm&, const void* a, const void* b, void* c, const Epilogue&);
};

}  // namespace ganymede::kernels
