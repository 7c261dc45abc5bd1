#include "nn/orthogonal.h"

#include <algorithm>
#include <cmath>

namespace ganymede::nn {
namespace {

constexpr int64_t kBlock = 16;  // rows worked on together: earlier rows are then read from the cache

double dot(const double* a, const double* b, int64_t n) {
  double s[4] = {};
  int64_t i = 0;
  for (; i + 4 <= n; i += 4)
    for (int j = 0; j < 4; ++j) s[j] += a[i + j] * b[i + j];
  for (; i < n; ++i) s[0] += a[i] * b[i];
  return (s[0] + s[1]) + (s[2] + s[3]);
}

// row -= <row, unit> unit
void remove(double* row, const double* unit, int64_t n) {
  const double c = dot(row, unit, n);
  for (int64_t i = 0; i < n; ++i) row[i] -= c * unit[i];
}

// Gram and Schmidt's way; done twice over, it is orthogonal to rounding.
void orthonormal_rows(double* m, int64_t rows, int64_t n) {
  for (int64_t begin = 0; begin < rows; begin += kBlock) {
    const int64_t end = std::min(begin + kBlock, rows);
    for (int pass = 0; pass < 2; ++pass)
      for (int64_t earlier = 0; earlier < begin; ++earlier)
        for (int64_t r = begin; r < end; ++r) remove(m + r * n, m + earlier * n, n);
    for (int64_t r = begin; r < end; ++r) {
      double* row = m + r * n;
      for (int pass = 0; pass < 2; ++pass)
        for (int64_t earlier = begin; earlier < r; ++earlier) remove(row, m + earlier * n, n);
      const double length = std::sqrt(dot(row, row, n));
      for (int64_t i = 0; i < n; ++i) row[i] /= length;
    }
  }
}

std::vector<double> transposed(const std::vector<double>& m, int64_t rows, int64_t columns) {
  std::vector<double> t(m.size());
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) t[size_t(c * rows + r)] = m[size_t(r * columns + c)];
  return t;
}

}  // namespace

void make_orthogonal(std::vector<double>& m, int64_t rows, int64_t columns) {
  if (rows <= columns) return orthonormal_rows(m.data(), rows, columns);
  std::vector<double> t = transposed(m, rows, columns);
  orthonormal_rows(t.data(), columns, rows);
  m = transposed(t, columns, rows);
}

}  // namespace ganymede::nn
