// Spectral normalisation of the cpu device.
#include "tests/kernels/cpu_check.h"

namespace ganymede::kernels::cpu {
namespace {

constexpr double kEps = 1e-12;

template <typename C>
void expect_matches(int iterations) {
  struct Shape {
    int64_t rows, columns;
    bool transposed;
  };
  const Shape shapes[] = {{1, 1, false}, {3, 50, false}, {65, 7, true}, {64, 1025, false}, {33, 900, true}};
  std::vector<std::vector<C>> storage;
  std::vector<SpectralMatrix> matrices;
  std::vector<std::vector<double>> want_u, want_v;
  std::vector<double> want_sigma;

  for (const Shape& s : shapes) {
    const int seed = static_cast<int>(storage.size());
    const auto w = random_values(s.rows * s.columns, seed + 1);
    std::vector<double> u = random_values(s.rows, seed + 100, 1), v = random_values(s.columns, seed + 200, 1),
                        product(s.rows);
    const auto normalise = [](std::vector<double>& x) {
      double squares = 0;
      for (double e : x) squares += e * e;
      for (double& e : x) e /= std::max(std::sqrt(squares), kEps);
    };
    normalise(u);
    normalise(v);
    std::vector<C> all(w.begin(), w.end());
    for (const auto* part : {&u, &v}) {
      for (double e : *part) all.push_back(static_cast<C>(e));
    }
    all.resize(all.size() + 1 + w.size(), C(-1));  // sigma, y
    storage.push_back(all);
    const auto at = [&](int64_t r, int64_t c) {
      return s.transposed ? w[c * s.rows + r] : w[r * s.columns + c];
    };
    const auto times = [&] {
      for (int64_t r = 0; r < s.rows; ++r) {
        product[r] = 0;
        for (int64_t c = 0; c < s.columns; ++c) product[r] += at(r, c) * v[c];
      }
    };
    for (int i = 0; i < iterations; ++i) {
      std::fill(v.begin(), v.end(), 0.0);
      for (int64_t r = 0; r < s.rows; ++r) {
        for (int64_t c = 0; c < s.columns; ++c) v[c] += at(r, c) * u[r];
      }
      normalise(v);
      times();
      u = product;
      normalise(u);
    }
    times();
    double sigma = 0;
    for (int64_t r = 0; r < s.rows; ++r) sigma += u[r] * product[r];
    want_u.push_back(u);
    want_v.push_back(v);
    want_sigma.push_back(sigma);
  }
  for (size_t i = 0; i < storage.size(); ++i) {
    const Shape& s = shapes[i];
    C* w = storage[i].data();
    C* u = w + s.rows * s.columns;
    C* sigma = u + s.rows + s.columns;
    matrices.push_back({s.rows, s.columns, s.transposed, w, u, u + s.rows, sigma, sigma + 1});
  }
  const int count = static_cast<int>(matrices.size());
  std::vector<uint64_t> workspace(
      spectral_kernels.workspace_bytes(dtype_of<C>(), matrices.data(), count) / 8 + 1, ~uint64_t{0});
  spectral_kernels.normalise(nullptr, dtype_of<C>(), matrices.data(), count, iterations, kEps,
                             workspace.data());
  const double limit = std::is_same_v<C, double> ? 1e-11 : 1e-5;
  for (int i = 0; i < count; ++i) {
    SCOPED_TRACE(i);
    const SpectralMatrix& m = matrices[i];
    const C *u = static_cast<const C*>(m.u), *v = static_cast<const C*>(m.v);
    EXPECT_LT(relative_error(std::vector<double>(u, u + m.rows), want_u[i]), limit);
    EXPECT_LT(relative_error(std::vector<double>(v, v + m.columns), want_v[i]), limit);
    EXPECT_NEAR(static_cast<const C*>(m.sigma)[0], want_sigma[i], limit * std::abs(want_sigma[i]));
    const C *w = static_cast<const C*>(m.w), *y = static_cast<const C*>(m.y);
    for (int64_t k = 0; k < m.rows * m.columns; ++k)
      ASSERT_NEAR(y[k] * want_sigma[i], w[k], 2 * limit * std::abs(want_sigma[i])) << k;
  }
}

TEST(Spectral, MatchesReference) {
  for (int iterations : {0, 1, 3}) {
    SCOPED_TRACE(iterations);
    expect_matches<float>(iterations);
    expect_matches<double>(iterations);
  }
}

template <typename C>
void expect_gradient() {
  struct Shape {
    int64_t rows, columns;
    bool transposed;
  };
  for (const Shape& s : {Shape{1, 1, false}, Shape{3, 50, false}, Shape{65, 7, true}, Shape{64, 1025, false}, Shape{33, 900, true}}) {
    const int64_t size = s.rows * s.columns;
    const double sigma = 1.75;
    const auto round = [](const std::vector<double>& x) { return std::vector<C>(x.begin(), x.end()); };
    auto w = round(random_values(size, 1)), dy = round(random_values(size, 2)), u = round(random_values(s.rows, 3)),
         v = round(random_values(s.columns, 4));
    double along = 0;
    for (int64_t k = 0; k < size; ++k) along += double(dy[k]) * double(w[k]) / sigma;
    std::vector<double> want(size);
    for (int64_t r = 0; r < s.rows; ++r) {
      for (int64_t c = 0; c < s.columns; ++c) {
        const int64_t at = s.transposed ? c * s.rows + r : r * s.columns + c;
        want[at] = (double(dy[at]) - along * double(u[r]) * double(v[c])) / sigma;
      }
    }
    C kept = C(sigma);
    std::vector<C> dw(size, C(-1));
    const SpectralGradient matrix{{s.rows, s.columns, s.transposed, w.data(), u.data(), v.data(), &kept, nullptr}, dy.data(), dw.data()};
    std::vector<uint64_t> workspace(spectral_kernels.gradient_workspace(dtype_of<C>(), &matrix, 1) / 8 + 1);
    spectral_kernels.gradient(nullptr, dtype_of<C>(), &matrix, 1, workspace.data());
    EXPECT_LT(relative_error(std::vector<double>(dw.begin(), dw.end()), want), (std::is_same_v<C, double> ? 1e-11 : 1e-5)) << s.rows << "x" << s.columns;
  }
}

TEST(Spectral, GradientMatchesReference) {
  expect_gradient<float>();
  expect_gradient<double>();
}

TEST(Spectral, FindsTheLargestSingularValue) {
  double w[] = {3, 0, 0, 0, 0, -5}, u[] = {0.6, 0.8}, v[3], sigma, y[6];
  const SpectralMatrix matrix{2, 3, false, w, u, v, &sigma, y};
  double workspace[2];
  spectral_kernels.normalise(nullptr, DType::f64, &matrix, 1, 60, 1e-12, workspace);
  EXPECT_NEAR(sigma, 5, 1e-12);
  EXPECT_NEAR(std::abs(u[1]), 1, 1e-12);
}

TEST(Spectral, AZeroMatrixStaysFinite) {
  float w[6] = {}, u[] = {0.6f, 0.8f}, v[3], sigma, y[6], workspace[2];
  const SpectralMatrix matrix{2, 3, false, w, u, v, &sigma, y};
  spectral_kernels.normalise(nullptr, DType::f32, &matrix, 1, 1, 1e-12, workspace);
  EXPECT_EQ(sigma, 0);
  EXPECT_EQ(u[0], 0);
}

}  // namespace
}  // namespace ganymede::kernels::cpu
