// Kernel inception distance (Binkowski et al. 2018, arXiv 1801.01401): the unbiased squared maximum mean discrepancy under the
// kernel k(x, y) = (x^T y / width + 1)^3.
#pragma once
#include "gan/metrics/rows.h"

namespace ganymede::metrics {

// sum_{i != j} k(x_i, x_j) / (m (m - 1)) + the same of y - 2 sum_{i, j} k(x_i, y_j) / (m n). May be below 0. Throws Error for fewer
// than two rows or unequal widths.
double polynomial_mmd(const Rows& x, const Rows& y);

// polynomial_mmd over subsets drawn without repetition inside a subset, each of min(size, rows of either) rows.
Spread kid(const Rows& x, const Rows& y, int subsets = 100, int64_t size = 1000, uint64_t seed = 1);

}  // namespace ganymede::metrics
