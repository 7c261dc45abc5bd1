// Matrix product on the main loop of the convolutions; src/gemm_*.cu instantiate it, one way of multiplying a
// file. A block owns a tile of one matrix of c; operands are read in the order they lie in memory, transposed
// or not. Moves a once a tile column, b once a tile row (from L2 after the first), c once. Bound: tensor
// cores (bf16, tf32) or FMA (f32) when m, n and k are in the hundreds, memory when one of them is small.
#pragma once
#include "kernels/device/conv_problem.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

template <class T, Along kAlongA, Along kAlongB>
struct GemmProblem {
  using Job =
      kernels::GANYMEDE_TARGET::Job<MatrixOperand<T, kAlongA>, MatrixOperand<T, kAlongB>, StridedRows>;
  int rows, columns, units;
  MatrixOperand<T, kAlongA> a;
  MatrixOperand<T, kAlongB> b;
  int64_t stride_a, stride_b;
  Result c;

  __device__ Job job(int matrix) const {
    Job job{a, b, {columns, static_cast<int64_t>(matrix) * rows * columns}, c, 0};
    job.a.data += matrix * stride_a;
    job.b.data += matrix * stride_b;
    return job;
  }
};

template <class Number, Along kAlongA, Along kAlongB, class T>
void multiply_along(Stream stream, const Gemm& g, const T* a, const T* b, void* c, const Epilogue& epilogue,
                    TilePlan plan) {
  GemmProblem<T, kAlongA, kAlongB> problem;
  problem.rows = g.m;
  problem.columns = g.n;
  problem.units = g.batch;
  const int pitch_a = kAlongA == Along::line ? g.m : g.k, pitch_b = kAlongB == Along::line ? g.n : g.k;
  problem.a = {a, g.m, g.k, pitch_a,
               readable_as_vectors<T>(a, pitch_a) && readable_as_vectors<T>(a, g.stride_a)};
  problem.b = {b, g.n, g.k, pitch_b,
               readable_as_vectors<T>(b, pitch_b) && readable_as_vectors<T>(b, g.stride_b)};
  problem.stride_a = g.stride_a;
  problem.stride_b = g.stride_b;
  problem.c = result_of(c, g.out == DType::bf16, g.n, epilogue);
  multiply_tiles<Number>(stream, plan, problem);
}

template <class Number, class T>
void multiply_transposed(Stream stream, const Gemm& g, const T* a, const T* b, void* c,
                         const Epilogue& epilogue, TilePlan plan) {
  constexpr Along line = Along::line, slice = Along::slice;
  if (g.transpose_a && g.transpose_b) multiply_along<Number, line, slice>(stream, g, a, b, c, epilogue, plan);
  else if (g.transpose_a) multiply_along<Number, line, line>(stream, g, a, b, c, epilogue, plan);
  else if (g.transpose_b) multiply_along<Number, slice, slice>(stream, g, a, b, c, epilogue, plan);
  else multiply_along<Number, slice, line>(stream, g, a, b, c, epilogue, plan);
}

// src/gemm_f32.cu, gemm_tf32.cu, gemm_bf16.cu
void multiply_f32(Stream stream, const Gemm& g, const float* a, const float* b, void* c,
                  const Epilogue& epilogue, TilePlan plan);
void multiply_tf32(Stream stream, const Gemm& g, const float* a, const float* b, void* c,
                   const Epilogue& epilogue, TilePlan plan);
void multiply_bf16(Stream stream, const Gemm& g, const Bf16* a, const Bf16* b, void* c,
                   const Epilogue& epilogue, TilePlan plan);

}  // namespace ganymede::kernels::GANYMEDE_TARGET
