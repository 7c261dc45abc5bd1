// Power iteration of the cpu device.
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
    all.push_back(C(-1));
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
    matrices.push_back({s.rows, s.columns, s.transposed, w, u, u + s.rows, u + s.rows + s.columns});
  }
  const int count = static_cast<int>(matrices.size());
  std::vector<uint64_t> workspace(
      spectral_kernels.workspace_bytes(dtype_of<C>(), matrices.data(), count) / 8 + 1, ~uint64_t{0});
  spectral_kernels.power_iteration(nullptr, dtype_of<C>(), matrices.data(), count, iterations, kEps,
                                   workspace.data());
  const double limit = std::is_same_v<C, double> ? 1e-11 : 1e-5;
  for (int i = 0; i < count; ++i) {
    SCOPED_TRACE(i);
    const SpectralMatrix& m = matrices[i];
    const C *u = static_cast<const C*>(m.u), *v = static_cast<const C*>(m.v);
    EXPECT_LT(relative_error(std::vector<double>(u, u + m.rows), want_u[i]), limit);
    EXPECT_LT(relative_error(std::vector<double>(v, v + m.columns), want_v[i]), limit);
    EXPECT_NEAR(static_cast<const C*>(m.sigma)[0], want_sigma[i], limit * std::abs(want_sigma[i]));
  }
}

TEST(Spectral, MatchesReference) {
  for (int iterations : {0, 1, 3}) {
    SCOPED_TRACE(iterations);
    expect_matches<float>(iterations);
    expect_matches<double>(iterations);
  }
}

TEST(Spectral, FindsTheLargestSingularValue) {
  double w[] = {3, 0, 0, 0, 0, -5}, u[] = {0.6, 0.8}, v[3], sigma;
  const SpectralMatrix matrix{2, 3, false, w, u, v, &sigma};
  double workspace[2];
  spectral_kernels.power_iteration(nullptr, DType::f64, &matrix, 1, 60, 1e-12, workspace);
  EXPECT_NEAR(sigma, 5, 1e-12);
  EXPECT_NEAR(std::abs(u[1]), 1, 1e-12);
}

TEST(Spectral, AZeroMatrixStaysFinite) {
  float w[6] = {}, u[] = {0.6f, 0.8f}, v[3], sigma, workspace[2];
  const SpectralMatrix matrix{2, 3, false, w, u, v, &sigma};
  spectral_kernels.power_iteration(nullptr, DType::f32, &matrix, 1, 1, 1e-12, workspace);
  EXPECT_EQ(sigma, 0);
  EXPECT_EQ(u[0], 0);
}

}  // namespace
}  // namespace ganymede::kernels::cpu
