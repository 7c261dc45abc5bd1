// The distance of SIFID with random features in the place of Inception's.
#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "gan/data/random.h"
#include "gan/singan/measures.h"

namespace ganymede::singan {
namespace {

constexpr int64_t kFeatures = 24;
using Matrix = std::vector<double>;  // [kFeatures, kFeatures]

double& at(Matrix& m, int64_t i, int64_t j) { return m[size_t(i * kFeatures + j)]; }
double at(const Matrix& m, int64_t i, int64_t j) { return m[size_t(i * kFeatures + j)]; }

Values convolved(const Values& in, data::Random& random) {
  Values out{in.height - 2, in.width - 2, kFeatures, {}};
  const int64_t fan = 9 * in.channels;
  std::vector<float> w;
  for (int64_t i = 0; i < kFeatures * fan; ++i) w.push_back(float(random.normal() * std::sqrt(2.0 / double(fan))));
  out.x.resize(size_t(out.height * out.width * kFeatures));
  for (int64_t y = 0; y < out.height; ++y)
    for (int64_t x = 0; x < out.width; ++x)
      for (int64_t f = 0; f < kFeatures; ++f) {
        float sum = 0;
        for (int64_t r = 0; r < 3; ++r) {
          const float *p = &in.x[size_t(((y + r) * in.width + x) * in.channels)], *q = &w[size_t(f * fan + r * 3 * in.channels)];
          for (int64_t k = 0; k < 3 * in.channels; ++k) sum += p[k] * q[k];
        }
        out.x[size_t((y * out.width + x) * kFeatures + f)] = sum > 0 ? sum : 0.2f * sum;
      }
  return out;
}

struct Gaussian {
  std::vector<double> mean;
  Matrix covariance;
};

Gaussian gaussian_of(const Values& picture) {
  require(picture.height >= 8 && picture.width >= 8, "a picture of ", picture.height, "x", picture.width, " is too small for features");
  data::Random random{20190501};
  Values v = picture;
  for (int i = 0; i < 3; ++i) v = convolved(v, random);
  const int64_t n = v.height * v.width;
  Gaussian g{std::vector<double>(kFeatures), Matrix(kFeatures * kFeatures)};
  for (int64_t i = 0; i < n; ++i)
    for (int64_t f = 0; f < kFeatures; ++f) g.mean[size_t(f)] += v.x[size_t(i * kFeatures + f)] / double(n);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t f = 0; f < kFeatures; ++f)
      for (int64_t h = 0; h < kFeatures; ++h)
        at(g.covariance, f, h) += (v.x[size_t(i * kFeatures + f)] - g.mean[size_t(f)]) * (v.x[size_t(i * kFeatures + h)] - g.mean[size_t(h)]) / double(n - 1);
  return g;
}

// Jacobi's rotations: a becomes diagonal, the columns of v the eigenvectors.
void diagonalise(Matrix& a, Matrix& v) {
  v.assign(kFeatures * kFeatures, 0);
  for (int64_t i = 0; i < kFeatures; ++i) at(v, i, i) = 1;
  for (int sweep = 0; sweep < 30; ++sweep)
    for (int64_t p = 0; p < kFeatures; ++p)
      for (int64_t q = p + 1; q < kFeatures; ++q) {
        if (std::abs(at(a, p, q)) < 1e-300) continue;
        const double theta = (at(a, q, q) - at(a, p, p)) / (2 * at(a, p, q));
        const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::sqrt(theta * theta + 1)), c = 1 / std::sqrt(t * t + 1), s = t * c;
        for (int64_t k = 0; k < kFeatures; ++k) {
          const double x = at(a, k, p), y = at(a, k, q);
          at(a, k, p) = c * x - s * y, at(a, k, q) = s * x + c * y;
        }
        for (int64_t k = 0; k < kFeatures; ++k) {
          const double x = at(a, p, k), y = at(a, q, k), i = at(v, k, p), j = at(v, k, q);
          at(a, p, k) = c * x - s * y, at(a, q, k) = s * x + c * y;
          at(v, k, p) = c * i - s * j, at(v, k, q) = s * i + c * j;
        }
      }
}

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c(kFeatures * kFeatures);
  for (int64_t i = 0; i < kFeatures; ++i)
    for (int64_t k = 0; k < kFeatures; ++k)
      for (int64_t j = 0; j < kFeatures; ++j) at(c, i, j) += at(a, i, k) * at(b, k, j);
  return c;
}

Matrix root(Matrix a) {
  Matrix v, scaled;
  diagonalise(a, v);
  scaled = v;
  Matrix transposed(v.size());
  for (int64_t i = 0; i < kFeatures; ++i)
    for (int64_t j = 0; j < kFeatures; ++j) at(scaled, i, j) *= std::sqrt(std::max(0.0, at(a, j, j))), at(transposed, j, i) = at(v, i, j);
  return product(scaled, transposed);
}

}  // namespace

// |m1 - m2|^2 + Tr(S1 + S2 - 2 (R S2 R)^1/2), R = S1^1/2.
double random_feature_distance(const Values& x, const Values& y) {
  const Gaussian a = gaussian_of(x), b = gaussian_of(y);
  const Matrix r = root(a.covariance), both = root(product(product(r, b.covariance), r));
  double d = 0;
  for (int64_t i = 0; i < kFeatures; ++i) {
    const double m = a.mean[size_t(i)] - b.mean[size_t(i)];
    d += m * m + at(a.covariance, i, i) + at(b.covariance, i, i) - 2 * at(both, i, i);
  }
  return std::max(0.0, d);
}

}  // namespace ganymede::singan
