#include "gan/metrics/dense.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/check.h"
#include "gan/data/random.h"
#include "gan/metrics/kid.h"

namespace ganymede::metrics {
namespace {

// The first n of a shuffle of 0 .. count - 1.
std::vector<int64_t> chosen(int64_t n, int64_t count, data::Random random) {
  std::vector<int64_t> all(static_cast<size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  for (int64_t i = 0; i < n; ++i) std::swap(all[size_t(i)], all[size_t(i + random.below(count - i))]);
  all.resize(size_t(n));
  return all;
}

double kernel_sum(const RowMatrix& x, const RowMatrix& y, bool without_diagonal) {
  Matrix k = x * y.transpose();
  k.array() = (k.array() / double(x.cols()) + 1).cube();
  return k.sum() - (without_diagonal ? k.diagonal().sum() : 0);
}

}  // namespace

double polynomial_mmd(const Rows& a, const Rows& b) {
  require(a.width == b.width, "kernel distance between features of ", a.width, " and of ", b.width, " numbers: they must come from one network");
  require(a.count >= 2 && b.count >= 2, "a kernel distance needs at least 2 samples on each side, there are ", a.count, " and ", b.count);
  const RowMatrix x = widened(a), y = widened(b);
  const double m = double(a.count), n = double(b.count);
  return kernel_sum(x, x, true) / (m * (m - 1)) + kernel_sum(y, y, true) / (n * (n - 1)) - 2 * kernel_sum(x, y, false) / (m * n);
}

Spread kid(const Rows& x, const Rows& y, int subsets, int64_t size, uint64_t seed) {
  require(subsets >= 1, "kid of ", subsets, " subsets: it takes at least 1");
  const int64_t n = std::min({size, x.count, y.count});
  require(x.width == y.width && n >= 2, "kid: ", x.count, " rows of ", x.width, " against ", y.count, " of ", y.width, ", subsets of ", size, ": it takes equal widths and 2 rows");
  std::vector<double> values(static_cast<size_t>(subsets));
#pragma omp parallel for schedule(dynamic)
  for (int s = 0; s < subsets; ++s)
    values[size_t(s)] = polynomial_mmd(x.chosen(chosen(n, x.count, data::Random(seed, uint64_t(s), 0))), y.chosen(chosen(n, y.count, data::Random(seed, uint64_t(s), 1))));
  return spread_of(values);
}

}  // namespace ganymede::metrics
