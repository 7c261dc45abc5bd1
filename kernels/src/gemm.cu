// Batched matrix product c = f(op(a) * op(b) + bias), row-major, on the main loop of the convolutions.
// A block owns a tile of one matrix of c; operands are read in the order they lie in memory, transposed or not.
// Moves a once a tile column, b once a tile row (from L2 after the first), c once. Bound: tensor cores (bf16, tf32) or FMA
// (f32) when m, n and k are in the hundreds, memory when one of them is small.
#include "kernels/device/conv_problem.h"
#include "kernels/device/families.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

template <class T, Along kAlongA, Along kAlongB>
struct GemmProblem {
  using Job = kernels::GANYMEDE_TARGET::Job<MatrixOperand<T, kAlongA>, MatrixOperand<T, kAlongB>, StridedRows>;
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
void multiply_along(Stream stream, const Gemm& g, const T* a, const T* b, void* c, const Epilogue& epilogue, TileName tile) {
  GemmProblem<T, kAlongA, kAlongB> problem;
  problem.rows = g.m;
  problem.columns = g.n;
  problem.units = g.batch;
  const int64_t pitch_a = kAlongA == Along::line ? g.m : g.k, pitch_b = kAlongB == Along::line ? g.n : g.k;
  problem.a = {a, g.m, g.k, pitch_a, readable_as_vectors<T>(a, pitch_a) && readable_as_vectors<T>(nullptr, g.stride_a)};
  problem.b = {b, g.n, g.k, pitch_b, readable_as_vectors<T>(b, pitch_b) && readable_as_vectors<T>(nullptr, g.stride_b)};
  problem.stride_a = g.stride_a;
  problem.stride_b = g.stride_b;
  problem.c = result_of(c, g.out == DType::bf16, g.n, epilogue);
  multiply_tiles<Number>(stream, tile, problem);
}

void multiply_matrices(Stream stream, const Gemm& g, const void* a, const void* b, void* c, const Epilogue& epilogue,
                       TileName tile) {
  if ((g.dtype != DType::f32 && g.dtype != DType::bf16) || (g.out != g.dtype && g.out != DType::f32)) {
    throw std::runtime_error("gemm: only f32 and bf16 (to bf16 or f32) run on this device");
  }
  with_number(g.dtype, g.math, [&](auto number, auto element) {
    using T = decltype(element);
    using Number = decltype(number);
    const T* from_a = static_cast<const T*>(a);
    const T* from_b = static_cast<const T*>(b);
    constexpr Along line = Along::line, slice = Along::slice;
    if (g.transpose_a && g.transpose_b) multiply_along<Number, line, slice>(stream, g, from_a, from_b, c, epilogue, tile);
    else if (g.transpose_a) multiply_along<Number, line, line>(stream, g, from_a, from_b, c, epilogue, tile);
    else if (g.transpose_b) multiply_along<Number, slice, slice>(stream, g, from_a, from_b, c, epilogue, tile);
    else multiply_along<Number, slice, line>(stream, g, from_a, from_b, c, epilogue, tile);
  });
}

void multiply(Stream stream, const Gemm& g, const void* a, const void* b, void* c, const Epilogue& epilogue) {
  multiply_matrices(stream, g, a, b, c, epilogue, choose_tile(g.m, g.n, g.batch));
}

const GemmKernels gemm_kernels = {multiply};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
