// Power iteration for the weights of a network, one matrix after the other, threads over rows or columns of
// each.
#include "kernels/cpu/columns.h"
#include "kernels/cpu/families.h"

namespace ganymede::kernels::cpu {
namespace {

// y[r] = sum_c m[r, c] x[c]
template <typename C>
void multiply(int64_t rows, int64_t columns, const C* m, const C* x, C* y) {
  parallel_ranges(rows, rows * columns, kCheapGrain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const C* row = m + r * columns;
      y[r] = sum_line<Add, C>(columns, [row, x](int64_t c) { return row[c] * x[c]; });
    }
  });
}

// y[c] = sum_r m[r, c] x[r], in the order of the rows
template <typename C>
void multiply_transposed(int64_t rows, int64_t columns, const C* m, const C* x, C* y) {
  parallel_ranges(ceil_div(columns, 64), rows * columns, kCheapGrain, [&](int64_t first, int64_t last) {
    const int64_t begin = first * 64, end = std::min(last * 64, columns);
    std::fill(y + begin, y + end, C(0));
    for (int64_t r = 0; r < rows; ++r) {
      const C* row = m + r * columns;
      const C factor = x[r];
#pragma omp simd
      for (int64_t c = begin; c < end; ++c) y[c] += factor * row[c];
    }
  });
}

template <typename C>
void normalise(int64_t count, double eps, C* x) {
  const double squares =
      sum_line<Add, double>(count, [x](int64_t i) { return static_cast<double>(x[i]) * x[i]; });
  const C factor = static_cast<C>(1 / std::max(std::sqrt(squares), eps));
  for (int64_t i = 0; i < count; ++i) x[i] *= factor;
}

template <typename C>
void iterate(const SpectralMatrix& matrix, int iterations, double eps, C* product) {
  const C* w = static_cast<const C*>(matrix.w);
  C *u = static_cast<C*>(matrix.u), *v = static_cast<C*>(matrix.v);
  const int64_t rows = matrix.rows, columns = matrix.columns;
  const auto times = [&](const C* x, C* y) {  // y = W x
    matrix.transposed ? multiply_transposed(columns, rows, w, x, y) : multiply(rows, columns, w, x, y);
  };
  const auto transposed_times = [&](const C* x, C* y) {
    matrix.transposed ? multiply(columns, rows, w, x, y) : multiply_transposed(rows, columns, w, x, y);
  };
  for (int i = 0; i < iterations; ++i) {
    transposed_times(u, v);
    normalise(columns, eps, v);
    times(v, product);
    std::copy_n(product, rows, u);
    normalise(rows, eps, u);
  }
  if (iterations == 0) times(v, product);
  static_cast<C*>(matrix.sigma)[0] = sum_line<Add, C>(rows, [=](int64_t r) { return u[r] * product[r]; });
}

void power_iteration(Stream, DType dtype, const SpectralMatrix* matrices, int count, int iterations,
                     double eps, void* workspace) {
  if (dtype != DType::f32 && dtype != DType::f64) unsupported(dtype, "power_iteration");
  for (int i = 0; i < count; ++i) {
    if (dtype == DType::f32) {
      iterate(matrices[i], iterations, eps, static_cast<float*>(workspace));
    } else {
      iterate(matrices[i], iterations, eps, static_cast<double*>(workspace));
    }
  }
}

// W v of the largest matrix.
size_t workspace_bytes(DType dtype, const SpectralMatrix* matrices, int count) {
  int64_t rows = 0;
  for (int i = 0; i < count; ++i) rows = std::max(rows, matrices[i].rows);
  return rows * (dtype == DType::f64 ? sizeof(double) : sizeof(float));
}

}  // namespace

const SpectralKernels spectral_kernels = {power_iteration, workspace_bytes};

}  // namespace ganymede::kernels::cpu
