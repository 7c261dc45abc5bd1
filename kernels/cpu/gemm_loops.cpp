#include "kernels/cpu/gemm_loops.h"

#include <algorithm>
#include <vector>

#include "kernels/cpu/conv2d_epilogue.h"
#include "kernels/cpu/number.h"

namespace ganymede::kernels::cpu {
namespace {

// A block of c is summed in a local array, over k in ascending order.
constexpr int kRows = 4, kColumns = 64;

// a(i, l) = a[i * row + l * column]; b [K, N].
template <typename T>
void sum_block(const T* a, int64_t row, int64_t column, const T* b, int64_t n, int k, int rows, int columns,
               Compute<T> (&sums)[kRows][kColumns]) {
  for (int i = 0; i < rows; ++i) std::fill_n(sums[i], columns, Compute<T>(0));
  for (int l = 0; l < k; ++l)
    for (int i = 0; i < rows; ++i) {
      const Compute<T> factor = load(a[i * row + l * column]);
#pragma omp simd
      for (int j = 0; j < columns; ++j) sums[i][j] += factor * load(b[l * n + j]);
    }
}

template <typename T, typename Out>
void multiply(const Gemm& p, const T* a, const T* b, Out* c, const Epilogue& epilogue) {
  using C = Compute<T>;
  const Finish<Out, C> finish(epilogue);
  const int64_t n = p.n, k = p.k;
  std::vector<T> turned;  // b as [batch, K, N] when it comes transposed
  int64_t stride_b = p.stride_b;
  if (p.transpose_b) {
    const int64_t matrices = p.stride_b == 0 ? 1 : p.batch;
    turned.resize(matrices * n * k);
#pragma omp parallel for collapse(2) if (matrices * n * k > 16384)
    for (int64_t m = 0; m < matrices; ++m)
      for (int64_t l = 0; l < k; ++l)
        for (int64_t j = 0; j < n; ++j) turned[(m * k + l) * n + j] = b[m * p.stride_b + j * k + l];
    b = turned.data();
    stride_b = p.stride_b == 0 ? 0 : n * k;
  }
  const int64_t row = p.transpose_a ? 1 : k, column = p.transpose_a ? p.m : 1;
#pragma omp parallel for collapse(3) if (n * k * p.m * p.batch > 16384)
  for (int batch = 0; batch < p.batch; ++batch)
    for (int i0 = 0; i0 < p.m; i0 += kRows)
      for (int j0 = 0; j0 < p.n; j0 += kColumns) {
        const int rows = std::min(kRows, p.m - i0), columns = std::min(kColumns, p.n - j0);
        C sums[kRows][kColumns];
        sum_block(a + batch * p.stride_a + i0 * row, row, column, b + batch * stride_b + j0, n, p.k, rows,
                  columns, sums);
        for (int i = 0; i < rows; ++i)
          for (int j = 0; j < columns; ++j) {
            const int64_t to = (int64_t{batch} * p.m + i0 + i) * n + j0 + j;
            c[to] = store<Out>(finish(sums[i][j], to, j0 + j));
          }
      }
}

}  // namespace

void multiply_by_loops(const Gemm& p, const void* a, const void* b, void* c, const Epilogue& epilogue) {
  with_float_type(p.dtype, "gemm", [&]<typename T>(T) {
    const T *left = static_cast<const T*>(a), *right = static_cast<const T*>(b);
    if (p.out == p.dtype)
      multiply(p, left, right, static_cast<T*>(c), epilogue);
    else
      multiply(p, left, right, static_cast<Compute<T>*>(c), epilogue);
  });
}

}  // namespace ganymede::kernels::cpu
