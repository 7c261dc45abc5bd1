// The power iteration of all weights in one launch, in the simulator, against plain loops in double.
#include "tests/kernels/sim_check.h"

namespace ganymede::kernels::sim::family_check {
namespace {

struct Weight {
  int64_t rows, columns;
  bool transposed;
};

// u, v, sigma after the iterations.
std::vector<Values> reference(const Weight& m, const Values& w, Values u, Values v, int iterations,
                              double eps) {
  const auto at = [&](int64_t r, int64_t c) {
    return m.transposed ? w[c * m.rows + r] : w[r * m.columns + c];
  };
  const auto normalise = [&](Values& x) {
    double squares = 0;
    for (const double e : x) squares += e * e;
    for (double& e : x) e /= std::max(std::sqrt(squares), eps);
  };
  double sigma = 0;
  Values product(u);
  for (int n = 0; n < std::max(iterations, 1); ++n) {
    if (iterations > 0) {
      for (int64_t c = 0; c < m.columns; ++c) {
        v[c] = 0;
        for (int64_t r = 0; r < m.rows; ++r) v[c] += at(r, c) * u[r];
      }
      normalise(v);
    }
    for (int64_t r = 0; r < m.rows; ++r) {
      product[r] = 0;
      for (int64_t c = 0; c < m.columns; ++c) product[r] += at(r, c) * v[c];
    }
    if (iterations > 0) {
      u = product;
      normalise(u);
    }
  }
  for (int64_t r = 0; r < m.rows; ++r) sigma += u[r] * product[r];
  return {u, v, {sigma}};
}

Values unit_vector(int64_t size, int seed) {
  Values x = random_values(size, seed);
  double squares = 0;
  for (const double e : x) squares += e * e;
  for (double& e : x) e /= std::sqrt(squares);
  return x;
}

void check(const std::vector<Weight>& weights, DType dtype, int iterations) {
  SCOPED_TRACE(std::string(text(dtype)) + ", " + std::to_string(iterations) + " iterations");
  std::vector<std::unique_ptr<Buffer>> matrices;
  std::vector<Output> outputs;
  std::vector<std::vector<Values>> wanted;
  for (size_t i = 0; i < weights.size(); ++i) {
    const Weight& m = weights[i];
    const int seed = 90 + static_cast<int>(i);
    Values w = random_values(m.rows * m.columns, seed);
    if (i == 1) w.assign(w.size(), 0.0);  // norms below eps
    const Values u = unit_vector(m.rows, seed), v = unit_vector(m.columns, seed + 1);
    matrices.push_back(std::make_unique<Buffer>(dtype, w));
    outputs.insert(outputs.end(), {{dtype, m.rows, u}, {dtype, m.columns, v}, {dtype, 1}});
    wanted.push_back(reference(m, w, u, v, iterations, 1e-12));
  }
  const auto found = run_in_orders(outputs, [&](const auto& out) {
    std::vector<SpectralMatrix> problem;
    for (size_t i = 0; i < weights.size(); ++i)
      problem.push_back({weights[i].rows, weights[i].columns, weights[i].transposed, matrices[i]->data(),
                         out[3 * i], out[3 * i + 1], out[3 * i + 2]});
    const int count = static_cast<int>(problem.size());
    Buffer workspace(DType::u8,
                     static_cast<int64_t>(kernels().spectral.workspace_bytes(dtype, problem.data(), count)),
                     0, 64);
    kernels().spectral.power_iteration(nullptr, dtype, problem.data(), count, iterations, 1e-12,
                                       workspace.data());
    EXPECT_TRUE(workspace.guarded());
  });
  for (size_t i = 0; i < weights.size(); ++i) {
    for (size_t k = 0; k < 3; ++k)
      EXPECT_LT(relative_error(found[3 * i + k], wanted[i][k]), dtype == DType::f64 ? 1e-11 : 2e-5)
          << i << " " << k;
  }
}

TEST(SpectralSim, MatchesReference) {
  const std::vector<Weight> weights = {{16, 27, false}, {3, 5, false}, {1, 70, false}, {33, 1, false},
                                       {9, 40, true},   {40, 9, true}, {64, 75, false}};
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const int iterations : {0, 1, 3}) check(weights, dtype, iterations);
  }
}

TEST(SpectralSim, MoreWeightsThanOneLaunchHolds) {
  check(std::vector<Weight>(60, Weight{3, 7, false}), DType::f32, 1);
}

}  // namespace
}  // namespace ganymede::kernels::sim::family_check
