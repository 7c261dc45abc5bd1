// Spectral normalisation of all weights in one launch, and its gradient, in the simulator, against plain loops in double.
#include "tests/kernels/sim_check.h"

namespace ganymede::kernels::sim::family_check {
namespace {

struct Weight {
  int64_t rows, columns;
  bool transposed;
};

// u, v, sigma after the iterations, and w / sigma.
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
  Values y = w;
  for (double& e : y) e /= sigma;
  return {u, v, {sigma}, y};
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
    outputs.insert(outputs.end(), {{dtype, m.rows, u}, {dtype, m.columns, v}, {dtype, 1}, {dtype, m.rows * m.columns}});
    wanted.push_back(reference(m, w, u, v, iterations, 1e-12));
  }
  const auto found = run_in_orders(outputs, [&](const auto& out) {
    std::vector<SpectralMatrix> problem;
    for (size_t i = 0; i < weights.size(); ++i)
      problem.push_back({weights[i].rows, weights[i].columns, weights[i].transposed, matrices[i]->data(),
                         out[4 * i], out[4 * i + 1], out[4 * i + 2], out[4 * i + 3]});
    const int count = static_cast<int>(problem.size());
    Buffer workspace(DType::u8,
                     static_cast<int64_t>(kernels().spectral.workspace_bytes(dtype, problem.data(), count)),
                     0, 64);
    kernels().spectral.normalise(nullptr, dtype, problem.data(), count, iterations, 1e-12, workspace.data());
    EXPECT_TRUE(workspace.guarded());
  });
  for (size_t i = 0; i < weights.size(); ++i) {
    for (size_t k = 0; k < 3; ++k)
      EXPECT_LT(relative_error(found[4 * i + k], wanted[i][k]), dtype == DType::f64 ? 1e-11 : 2e-5)
          << i << " " << k;
    if (i != 1) {  // nothing divided by nothing
      EXPECT_LT(relative_error(found[4 * i + 3], wanted[i][3]), dtype == DType::f64 ? 1e-11 : 2e-5) << i;
    }
  }
}

void check_gradient(const std::vector<Weight>& weights, DType dtype) {
  SCOPED_TRACE(text(dtype));
  std::vector<std::unique_ptr<Buffer>> inputs;  // w, u, v, sigma, dy of each
  std::vector<Output> outputs;
  std::vector<Values> wanted;
  for (size_t i = 0; i < weights.size(); ++i) {
    const Weight& m = weights[i];
    const int seed = 40 + static_cast<int>(i);
    const int64_t size = m.rows * m.columns;
    const Values w = random_values(size, seed), dy = random_values(size, seed + 500);
    const Values u = unit_vector(m.rows, seed), v = unit_vector(m.columns, seed + 1);
    const double sigma = 1.5 + static_cast<double>(i);
    double along = 0;
    for (int64_t k = 0; k < size; ++k) along += dy[k] * w[k] / sigma;
    Values dw(size);
    for (int64_t r = 0; r < m.rows; ++r) {
      for (int64_t c = 0; c < m.columns; ++c) {
        const int64_t at = m.transposed ? c * m.rows + r : r * m.columns + c;
        dw[at] = (dy[at] - along * u[r] * v[c]) / sigma;
      }
    }
    for (const Values& values : {w, u, v, Values{sigma}, dy})
      inputs.push_back(std::make_unique<Buffer>(dtype, values));
    outputs.push_back({dtype, size});
    wanted.push_back(dw);
  }
  const auto found = run_in_orders(outputs, [&](const auto& out) {
    std::vector<SpectralGradient> problem;
    for (size_t i = 0; i < weights.size(); ++i) {
      const auto in = [&](size_t k) { return inputs[5 * i + k]->data(); };
      problem.push_back({{weights[i].rows, weights[i].columns, weights[i].transposed, in(0), in(1), in(2), in(3), nullptr},
                         in(4), out[i]});
    }
    const int count = static_cast<int>(problem.size());
    Buffer workspace(DType::u8, static_cast<int64_t>(kernels().spectral.gradient_workspace(dtype, problem.data(), count)), 0, 64);
    kernels().spectral.gradient(nullptr, dtype, problem.data(), count, workspace.data());
    EXPECT_TRUE(workspace.guarded());
  });
  for (size_t i = 0; i < weights.size(); ++i)
    EXPECT_LT(relative_error(found[i], wanted[i]), dtype == DType::f64 ? 1e-11 : 2e-5) << i;
}

TEST(SpectralSim, GradientMatchesReference) {
  // Less than a block's share, one and several, of one weight and of more than a launch holds.
  const std::vector<Weight> weights = {{16, 27, false}, {3, 5, false}, {1, 70, false}, {33, 1, false},
                                       {9, 40, true},   {64, 75, false}, {75, 64, true}, {32, 64, false}, {130, 170, true}};
  for (const DType dtype : {DType::f32, DType::f64}) check_gradient(weights, dtype);
  check_gradient(std::vector<Weight>(60, Weight{3, 7, true}), DType::f32);
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
