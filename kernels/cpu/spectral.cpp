// Spectral normalisation of the weights of a network, one matrix after the other, threads over rows or columns
// of each.
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
void normalise_one(const SpectralMatrix& matrix, int iterations, double eps, C* product) {
  const C* w = static_cast<const C*>(matrix.w);
  C *u = static_cast<C*>(matrix.u), *v = static_cast<C*>(matrix.v), *y = static_cast<C*>(matrix.y);
  const int64_t rows = matrix.rows, columns = matrix.columns;
  const auto times = [&](const C* x, C* to) {  // W x
    matrix.transposed ? multiply_transposed(columns, rows, w, x, to) : multiply(rows, columns, w, x, to);
  };
  const auto transposed_times = [&](const C* x, C* to) {
    matrix.transposed ? multiply(columns, rows, w, x, to) : multiply_transposed(rows, columns, w, x, to);
  };
  for (int i = 0; i < iterations; ++i) {
    transposed_times(u, v);
    normalise(columns, eps, v);
    times(v, product);
    std::copy_n(product, rows, u);
    normalise(rows, eps, u);
  }
  if (iterations == 0) times(v, product);
  const C sigma = sum_line<Add, C>(rows, [=](int64_t r) { return u[r] * product[r]; });
  *static_cast<C*>(matrix.sigma) = sigma;
  parallel_ranges(rows * columns, rows * columns, kCheapGrain, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) y[i] = w[i] / sigma;
  });
}

// dw = (dy - <dy, W / sigma> left right') / sigma, with left and right along W as it is stored.
template <typename C>
void gradient_one(const SpectralGradient& matrix, C* products) {
  const SpectralMatrix& m = matrix.of;
  const C *w = static_cast<const C*>(m.w), *dy = static_cast<const C*>(matrix.dy), sigma = *static_cast<const C*>(m.sigma);
  C* dw = static_cast<C*>(matrix.dw);
  const C* left = static_cast<const C*>(m.transposed ? m.v : m.u);
  const C* right = static_cast<const C*>(m.transposed ? m.u : m.v);
  const int64_t rows = m.transposed ? m.columns : m.rows, columns = m.transposed ? m.rows : m.columns;
  parallel_ranges(rows, rows * columns, kCheapGrain, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const C *a = dy + r * columns, *b = w + r * columns;
      products[r] = sum_line<Add, C>(columns, [a, b](int64_t c) { return a[c] * b[c]; });
    }
  });
  const C along = sum_line<Add, C>(rows, [products](int64_t r) { return products[r]; }) / sigma;
  parallel_ranges(rows, rows * columns, kCheapGrain, [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const C *from = dy + r * columns, factor = along * left[r];
      C* to = dw + r * columns;
#pragma omp simd
      for (int64_t c = 0; c < columns; ++c) to[c] = (from[c] - factor * right[c]) / sigma;
    }
  });
}

void check(DType dtype, const char* op) {
  if (dtype != DType::f32 && dtype != DType::f64) unsupported(dtype, op);
}
size_t bytes_of(DType dtype) { return dtype == DType::f64 ? sizeof(double) : sizeof(float); }

void normalise_all(Stream, DType dtype, const SpectralMatrix* matrices, int count, int iterations, double eps,
                   void* workspace) {
  check(dtype, "spectral.normalise");
  for (int i = 0; i < count; ++i) {
    if (dtype == DType::f32) {
      normalise_one(matrices[i], iterations, eps, static_cast<float*>(workspace));
    } else {
      normalise_one(matrices[i], iterations, eps, static_cast<double*>(workspace));
    }
  }
}

void gradient_all(Stream, DType dtype, const SpectralGradient* matrices, int count, void* workspace) {
  check(dtype, "spectral.gradient");
  for (int i = 0; i < count; ++i) {
    if (dtype == DType::f32) {
      gradient_one(matrices[i], static_cast<float*>(workspace));
    } else {
      gradient_one(matrices[i], static_cast<double*>(workspace));
    }
  }
}

// W v of the largest matrix.
size_t workspace_bytes(DType dtype, const SpectralMatrix* matrices, int count) {
  int64_t rows = 0;
  for (int i = 0; i < count; ++i) rows = std::max(rows, matrices[i].rows);
  return rows * bytes_of(dtype);
}

// A product of each stored row of the largest.
size_t gradient_workspace(DType dtype, const SpectralGradient* matrices, int count) {
  int64_t rows = 0;
  for (int i = 0; i < count; ++i) {
    const SpectralMatrix& m = matrices[i].of;
    rows = std::max(rows, m.transposed ? m.columns : m.rows);
  }
  return rows * bytes_of(dtype);
}

}  // namespace

const SpectralKernels spectral_kernels = {normalise_all, workspace_bytes, gradient_all, gradient_workspace};

}  // namespace ganymede::kernels::cpu
