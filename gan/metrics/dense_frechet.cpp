#include "gan/metrics/dense.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/check.h"
#include "gan/metrics/frechet.h"

namespace ganymede::metrics {
namespace {

using Eigen::Map;
using Vector = Eigen::VectorXd;

void check_rows(const Rows& x) {
  require(x.count >= 2, "a covariance needs at least 2 samples, there ", x.count == 1 ? "is 1" : "are none");
  const auto odd = std::find_if(x.values.begin(), x.values.end(), [](float v) { return !std::isfinite(v); });
  if (odd != x.values.end()) fail("features: number ", (odd - x.values.begin()) % x.width, " of sample ", (odd - x.values.begin()) / x.width, " is ", *odd);
}

Vector mean_of(const Rows& x) {
  Vector sum = Vector::Zero(x.width);
  for (int64_t i = 0; i < x.count; ++i) {
    const auto r = x.row(i);
    for (int64_t k = 0; k < x.width; ++k) sum[k] += double(r[size_t(k)]);
  }
  return sum / double(x.count);
}

// a b^T, a block of columns a thread. Every product here has this form, since Eigen takes the compiler seconds for each other.
Matrix product_transposed(const Eigen::Ref<const Matrix>& a, const Eigen::Ref<const Matrix>& b) {
  constexpr int64_t kBlock = 64;
  Matrix out(a.rows(), b.rows());
  const int64_t blocks = (b.rows() + kBlock - 1) / kBlock;
#pragma omp parallel for schedule(dynamic)
  for (int64_t i = 0; i < blocks; ++i) {
    const int64_t at = i * kBlock, n = std::min<int64_t>(kBlock, b.rows() - at);
    out.middleCols(at, n).noalias() = a * b.middleRows(at, n).transpose();
  }
  return out;
}

double sum_of_roots(const Vector& eigenvalues) { return eigenvalues.cwiseMax(0).cwiseSqrt().sum(); }

// A column a sample.
Matrix centred(const Rows& x, const Vector& mean) { return widened(x).transpose().colwise() - mean; }

}  // namespace

Gaussian gaussian_of(const Rows& x) {
  check_rows(x);
  const Vector mean = mean_of(x);
  Matrix covariance = Matrix::Zero(x.width, x.width);
  constexpr int64_t kChunk = 4096;  // rows widened to double at a time
  for (int64_t at = 0; at < x.count; at += kChunk) {
    std::vector<int64_t> which(size_t(std::min(kChunk, x.count - at)));
    for (size_t i = 0; i < which.size(); ++i) which[i] = at + int64_t(i);
    const Matrix c = centred(x.chosen(which), mean);
    covariance += product_transposed(c, c);
  }
  covariance /= double(x.count - 1);
  Gaussian g{x.width, std::vector<double>(size_t(x.width)), std::vector<double>(size_t(x.width * x.width))};
  Map<Vector>(g.mean.data(), x.width) = mean;
  Map<Matrix>(g.covariance.data(), x.width, x.width) = covariance;
  return g;
}

double log_determinant(const Gaussian& g) {
  const Eigen::LLT<Matrix> factors(Map<const Matrix>(g.covariance.data(), g.width, g.width));
  if (factors.info() != Eigen::Success) return std::numeric_limits<double>::quiet_NaN();
  return 2 * factors.matrixL().toDenseMatrix().diagonal().array().log().sum();
}

double frechet_distance(const Gaussian& a, const Gaussian& b) {
  require(a.width == b.width && a.width > 0, "Frechet distance between features of ", a.width, " and of ", b.width, " numbers: they must come from one network");
  const int64_t n = a.width;
  const Map<const Vector> m1(a.mean.data(), n), m2(b.mean.data(), n);
  const Map<const Matrix> s1(a.covariance.data(), n, n), s2(b.covariance.data(), n, n);
  const Eigen::SelfAdjointEigenSolver<Matrix> first(s1);
  require(first.info() == Eigen::Success, "Frechet distance: no eigenvalues found for a covariance of width ", n);
  const Matrix scaled = first.eigenvectors() * first.eigenvalues().cwiseMax(0).cwiseSqrt().cwiseSqrt().asDiagonal();
  const Matrix root = product_transposed(scaled, scaled);
  const Matrix inner = product_transposed(product_transposed(root, s2), root);  // all symmetric
  const Eigen::SelfAdjointEigenSolver<Matrix> second((inner + inner.transpose()) / 2, Eigen::EigenvaluesOnly);
  require(second.info() == Eigen::Success, "Frechet distance: no eigenvalues found for a product of covariances of width ", n);
  return (m1 - m2).squaredNorm() + s1.trace() + s2.trace() - 2 * sum_of_roots(second.eigenvalues());
}

double frechet_distance_of_few(const Rows& a, const Rows& b) {
  require(a.width == b.width, "Frechet distance between features of ", a.width, " and of ", b.width, " numbers: they must come from one network");
  check_rows(a), check_rows(b);
  const Vector m1 = mean_of(a), m2 = mean_of(b);
  const Matrix c1 = centred(a, m1).transpose() / std::sqrt(double(a.count - 1)), c2 = centred(b, m2).transpose() / std::sqrt(double(b.count - 1));
  // Singular values of P = A1 A2^T: the eigenvalues of [0 P; P^T 0] are these and their negatives. Roots of the eigenvalues of
  // its smaller Gram matrix would lose half the digits of small ones.
  Matrix both = Matrix::Zero(a.count + b.count, a.count + b.count);
  both.bottomLeftCorner(b.count, a.count) = product_transposed(c2, c1);  // the solver reads the lower triangle only
  const Eigen::SelfAdjointEigenSolver<Matrix> pairs(both, Eigen::EigenvaluesOnly);
  require(pairs.info() == Eigen::Success, "Frechet distance: no singular values found for ", a.count, " and ", b.count, " samples");
  return (m1 - m2).squaredNorm() + c1.squaredNorm() + c2.squaredNorm() - 2 * pairs.eigenvalues().cwiseMax(0).sum();
}

double frechet_distance(const Rows& a, const Rows& b) {
  // Both counts below half the width: one eigen-decomposition of N1 + N2 against two of the width.
  if (2 * std::max(a.count, b.count) < a.width) return frechet_distance_of_few(a, b);
  return frechet_distance(gaussian_of(a), gaussian_of(b));
}

}  // namespace ganymede::metrics
