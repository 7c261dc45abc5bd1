// Losses of the cpu device against loops in double.
#include <omp.h>

#include "tests/kernels/cpu_check.h"

namespace ganymede::kernels::cpu {
namespace {

double value_of(Unary f, double u) {
  switch (f) {
    case Unary::abs: return std::fabs(u);
    case Unary::square: return u * u;
    case Unary::relu: return std::max(u, 0.0);
    case Unary::softplus: return std::max(u, 0.0) + std::log1p(std::exp(-std::fabs(u)));
    case Unary::sigmoid: return 1 / (1 + std::exp(-u));
    default: return u;
  }
}
double slope_of(Unary f, double u) {
  const double s = value_of(Unary::sigmoid, u);
  switch (f) {
    case Unary::abs: return u > 0 ? 1 : u < 0 ? -1 : 0;
    case Unary::square: return 2 * u;
    case Unary::relu: return u > 0 ? 1 : 0;
    case Unary::softplus: return s;
    case Unary::sigmoid: return s * (1 - s);
    default: return 1;
  }
}

template <typename X, typename T>
void check(Unary f, int64_t count, bool has_t) {
  SCOPED_TRACE(testing::Message() << static_cast<int>(f) << ' ' << count << ' ' << has_t);
  const auto x = random_values(count, 1), t = random_values(count, 2);
  const auto tx = as<X>(x);
  const auto tt = as<T>(t);
  const Loss p{f, -0.5, 0.25, 0.125, count, dtype_of<X>(), dtype_of<T>()};
  double sum = 0;
  std::vector<double> dx, dt;
  for (int64_t i = 0; i < count; ++i) {
    const double u = p.sign * x[i] + p.shift - (has_t ? t[i] : 0);
    sum += value_of(f, u);
    dx.push_back(2 * p.factor * p.sign * slope_of(f, u));
    dt.push_back(-2 * p.factor * slope_of(f, u));
  }
  std::vector<uint64_t> workspace(loss_kernels.workspace_bytes(p) / 8 + 1, ~uint64_t{0});
  Compute<X> y;
  loss_kernels.value(nullptr, p, tx.data(), has_t ? tt.data() : nullptr, &y, workspace.data());
  EXPECT_NEAR(y, p.factor * sum, 1e-6 * (1 + static_cast<double>(count)));
  const Compute<X> g = 2;
  Output<X> to_x(count);
  Output<T> to_t(count);
  loss_kernels.gradient(nullptr, p, &g, tx.data(), has_t ? tt.data() : nullptr, to_x.data(), has_t ? to_t.data() : nullptr);
  EXPECT_LE(relative_error(to_x.values(), dx), tolerance<X>(1e-6));
  if (has_t) {
    EXPECT_LE(relative_error(to_t.values(), dt), tolerance<T>(1e-6));
  }
}

TEST(Loss, MatchesReference) {
  for (const Unary f : {Unary::identity, Unary::abs, Unary::square, Unary::relu, Unary::softplus, Unary::sigmoid}) {
    for (const int64_t count : {1, 100, 70001}) {
      for (const bool has_t : {false, true}) {
        check<float, float>(f, count, has_t);
        check<Bf16, Bf16>(f, count, has_t);
        check<float, Bf16>(f, count, has_t);
        check<Bf16, float>(f, count, has_t);
        check<double, double>(f, count, has_t);
      }
    }
  }
}

TEST(Loss, SumsDoNotDependOnTheThreads) {
  const auto x = as<float>(random_values(70001, 1));
  const Loss p{Unary::square, 1, 0, 1, 70001, DType::f32, DType::f32};
  std::vector<double> workspace(loss_kernels.workspace_bytes(p) / 8);
  const int threads = omp_get_max_threads();
  float all, one;
  loss_kernels.value(nullptr, p, x.data(), nullptr, &all, workspace.data());
  omp_set_num_threads(1);
  loss_kernels.value(nullptr, p, x.data(), nullptr, &one, workspace.data());
  omp_set_num_threads(threads);
  EXPECT_EQ(one, all);
}

TEST(Elementwise, MixesRows) {
  const auto a = random_values(6, 1), b = random_values(6, 2);
  const auto ta = as<Bf16>(a);
  const auto tb = as<float>(b);
  const float weight[] = {0.25f, 0.75f};
  Output<float> out(6);
  elementwise_kernels.mix(nullptr, DType::bf16, DType::f32, 2, 3, weight, ta.data(), tb.data(), out.data());
  const auto found = out.values();
  for (int i = 0; i < 6; ++i) EXPECT_FLOAT_EQ(static_cast<float>(found[i]), static_cast<float>(b[i] + weight[i / 3] * (a[i] - b[i])));
}

TEST(Elementwise, BiasGradients) {
  for (const int64_t rows : {1, 70, 40000}) {
    const auto y = random_values(rows * 3, 1), g = random_values(rows * 3, 2);
    const auto ty = as<float>(y), tg = as<float>(g);
    std::vector<double> dx, sums(3, 0.0);
    for (int64_t i = 0; i < rows * 3; ++i) sums[i % 3] += dx.emplace_back(g[i] * (y[i] > 0 ? 1 : 0.25));
    std::vector<double> workspace(elementwise_kernels.bias_gradient_workspace(DType::f32, rows, 3) / 8 + 1);
    Output<float> to(rows * 3), bias(3);
    elementwise_kernels.bias_gradient(nullptr, {Unary::leaky_relu, 0.25, 0}, DType::f32, rows, 3, ty.data(), tg.data(), to.data(), bias.data(), workspace.data());
    EXPECT_LT(relative_error(to.values(), dx), 1e-6);
    EXPECT_LT(relative_error(bias.values(), sums), 1e-5);
  }
}

}  // namespace
}  // namespace ganymede::kernels::cpu
