#include "gan/metrics/dense.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/check.h"
#include "gan/metrics/neighbours.h"

namespace ganymede::metrics {
namespace {

constexpr int64_t kBlock = 256;

// Squared distances of rows [first, first + n) of x to all of y. |x|^2 + |y|^2 - 2 x^T y loses the digits of points that nearly
// agree; those are computed again from their difference.
RowMatrix squared_distances(const RowMatrix& x, const RowMatrix& y, int64_t first, int64_t n) {
  const auto block = x.middleRows(first, n);
  const Eigen::VectorXd xx = block.rowwise().squaredNorm(), yy = y.rowwise().squaredNorm();
  RowMatrix d = -2 * block * y.transpose();
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < y.rows(); ++j) {
      const double scale = xx[i] + yy[j];
      d(i, j) += scale;
      if (d(i, j) < 1e-6 * scale) d(i, j) = (block.row(i) - y.row(j)).squaredNorm();
    }
  return d;
}

// f(first row, squared distances of a block of x's rows to y), blocks in any order.
template <class F>
void for_blocks(const RowMatrix& x, const RowMatrix& y, F f) {
  const int64_t blocks = (x.rows() + kBlock - 1) / kBlock;
#pragma omp parallel for schedule(dynamic)
  for (int64_t b = 0; b < blocks; ++b) {
    const int64_t first = b * kBlock;
    f(first, squared_distances(x, y, first, std::min<int64_t>(kBlock, x.rows() - first)));
  }
}

void check(const Rows& real, const Rows& fake, int k) {
  require(real.width == fake.width, "neighbours among features of ", real.width, " and of ", fake.width, " numbers: they must come from one network");
  require(k >= 1 && std::min(real.count, fake.count) > k, "the ", k, " nearest neighbours of ", real.count, " real and ", fake.count, " generated samples: it takes more than ", k, " of each");
}

// Squared distance of each row to its k-th nearest other row.
std::vector<double> squared_radii(const RowMatrix& x, int k) {
  std::vector<double> radii(size_t(x.rows()));
  for_blocks(x, x, [&](int64_t first, RowMatrix d) {
    for (int64_t i = 0; i < d.rows(); ++i) {
      d(i, first + i) = std::numeric_limits<double>::infinity();
      double* row = d.data() + i * d.cols();
      std::nth_element(row, row + (k - 1), row + d.cols());
      radii[size_t(first + i)] = row[k - 1];
    }
  });
  return radii;
}

// Share of x's rows that lie in the ball of some row of y.
double share_inside(const RowMatrix& x, const RowMatrix& y, const std::vector<double>& radii) {
  std::vector<char> inside(size_t(x.rows()), 0);
  for_blocks(x, y, [&](int64_t first, const RowMatrix& d) {
    for (int64_t i = 0; i < d.rows(); ++i)
      for (int64_t j = 0; j < d.cols() && !inside[size_t(first + i)]; ++j) inside[size_t(first + i)] = d(i, j) <= radii[size_t(j)];
  });
  return double(std::count(inside.begin(), inside.end(), 1)) / double(x.rows());
}

}  // namespace

PrecisionRecall precision_recall(const Rows& real, const Rows& fake, int k) {
  check(real, fake, k);
  const RowMatrix r = widened(real), f = widened(fake);
  return {share_inside(f, r, squared_radii(r, k)), share_inside(r, f, squared_radii(f, k))};
}

DensityCoverage density_coverage(const Rows& real, const Rows& fake, int k) {
  check(real, fake, k);
  const RowMatrix r = widened(real), f = widened(fake);
  const std::vector<double> radii = squared_radii(r, k);
  std::vector<int64_t> hits(size_t(r.rows()), 0);
  for_blocks(r, f, [&](int64_t first, const RowMatrix& d) {
    for (int64_t i = 0; i < d.rows(); ++i)
      for (int64_t j = 0; j < d.cols(); ++j) hits[size_t(first + i)] += d(i, j) <= radii[size_t(first + i)];
  });
  DensityCoverage out;
  for (const int64_t h : hits) out.density += double(h), out.coverage += h > 0;
  out.density /= double(k) * double(f.rows());
  out.coverage /= double(r.rows());
  return out;
}

std::vector<double> realism(const Rows& real, const Rows& fake, int k) {
  check(real, fake, k);
  const RowMatrix r = widened(real), f = widened(fake);
  const std::vector<double> radii = squared_radii(r, k);
  std::vector<double> sorted = radii;
  std::nth_element(sorted.begin(), sorted.begin() + int64_t(sorted.size()) / 2, sorted.end());
  const double median = sorted[sorted.size() / 2];
  std::vector<double> out(size_t(fake.count), 0.0);
  for_blocks(f, r, [&](int64_t first, const RowMatrix& d) {
    for (int64_t i = 0; i < d.rows(); ++i)
      for (int64_t j = 0; j < d.cols(); ++j)
        if (radii[size_t(j)] <= median) out[size_t(first + i)] = std::max(out[size_t(first + i)], std::sqrt(radii[size_t(j)]) / (std::sqrt(d(i, j)) + 1e-5));
  });
  return out;
}

Nearest nearest(const Rows& from, const Rows& to) {
  require(from.width == to.width && to.count > 0, "nearest neighbours: rows of ", from.width, " numbers among ", to.count, " of ", to.width);
  Nearest out{std::vector<double>(size_t(from.count)), std::vector<int64_t>(size_t(from.count))};
  for_blocks(widened(from), widened(to), [&](int64_t first, const RowMatrix& d) {
    for (int64_t i = 0; i < d.rows(); ++i) {
      Eigen::Index at = 0;
      out.distance[size_t(first + i)] = std::sqrt(d.row(i).minCoeff(&at));
      out.index[size_t(first + i)] = at;
    }
  });
  return out;
}

}  // namespace ganymede::metrics
