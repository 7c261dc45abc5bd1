// Norms of the cpu device against the formulas of kernels/api/norm.h in double.
#include "tests/kernels/cpu_check.h"
#include "tests/kernels/norm_second_reference.h"

namespace ganymede::kernels::cpu {
namespace {


struct NormCase {
  const char* name;
  int64_t outer, rows, groups, width;
  bool centred, conditional;
};
const NormCase kCases[] = {
    {"batch", 1, 35, 7, 1, true, false},           {"batch, wide", 1, 301, 300, 1, true, false},
    {"batch, long", 1, 9001, 5, 1, true, false},   {"batch, one row", 1, 1, 9, 1, true, false},
    {"instance", 3, 49, 33, 1, true, false},       {"instance, one channel", 2, 1001, 1, 1, true, false},
    {"conditional", 3, 49, 33, 1, true, true},     {"layer, element", 3, 1, 1, 5003, true, false},
    {"layer, channel", 3, 49, 1, 19, true, false}, {"group", 2, 35, 3, 5, true, false},
    {"group, wide", 2, 35, 2, 150, true, true},    {"pixel", 101, 1, 1, 37, false, false},
    {"pixel, 3", 101, 1, 1, 3, false, false},      {"rms, rows", 2, 50, 2, 3, false, false},
    {"batch, 64", 1, 4096, 64, 1, true, false},
};

struct Reference {
  std::vector<double> mean, rstd, y, dgamma, dbeta, dx;
};

double slope(const UnaryOp& f, double v) {
  switch (f.op) {
    case Unary::relu: return v > 0 ? 1 : 0;
    case Unary::leaky_relu: return v > 0 ? 1 : f.alpha;
    case Unary::tanh: return 1 - std::tanh(v) * std::tanh(v);
    default: return 1;
  }
}

Reference reference(const Norm& p, const std::vector<double>& x, const std::vector<double>& dy,
                    const std::vector<double>& gamma, const std::vector<double>& beta, const UnaryOp& behind = {}) {
  const int64_t channels = p.groups * p.width, n = p.rows * p.width;
  Reference r;
  std::vector<double> gradient(x.size());  // dy times the slope of the activation behind the norm
  r.mean.resize(p.outer * p.groups);
  r.rstd.resize(p.outer * p.groups);
  r.y.resize(x.size());
  r.dx.resize(x.size());
  r.dgamma.resize(p.outer * channels);
  r.dbeta.resize(p.outer * channels);
  for (int64_t o = 0; o < p.outer; ++o) {
    for (int64_t g = 0; g < p.groups; ++g) {
      const auto each = [&](auto body) {
        for (int64_t row = 0; row < p.rows; ++row) {
          for (int64_t w = 0; w < p.width; ++w) {
            const int64_t channel = g * p.width + w;
            body((o * p.rows + row) * channels + channel, o * p.affine_stride + channel,
                 o * channels + channel);
          }
        }
      };
      double sum = 0, squares = 0, m1 = 0, m2 = 0;
      each([&](int64_t i, int64_t, int64_t) { sum += x[i]; });
      const double mean = p.centred ? sum / n : 0;
      each([&](int64_t i, int64_t, int64_t) { squares += (x[i] - mean) * (x[i] - mean); });
      const double rstd = 1 / std::sqrt(squares / n + p.eps);
      r.mean[o * p.groups + g] = mean;
      r.rstd[o * p.groups + g] = rstd;
      each([&](int64_t i, int64_t affine, int64_t c) {
        const double xhat = (x[i] - mean) * rstd, scale = gamma.empty() ? 1 : gamma[affine];
        const double v = xhat * scale + (beta.empty() ? 0 : beta[affine]);
        r.y[i] = v > 0 ? v : 0.25 * v;
        gradient[i] = dy[i] * slope(behind, v);
        r.dgamma[c] += gradient[i] * xhat;
        r.dbeta[c] += gradient[i];
        m1 += gradient[i] * scale / n;
        m2 += gradient[i] * scale * xhat / n;
      });
      if (!p.centred) m1 = 0;
      each([&](int64_t i, int64_t affine, int64_t) {
        r.dx[i] = rstd * (gradient[i] * (gamma.empty() ? 1 : gamma[affine]) - m1 - (x[i] - mean) * rstd * m2);
      });
    }
  }
  return r;
}

template <typename T>
void expect_matches(const NormCase& c, bool affine, double mean_of_x, const UnaryOp& behind = {}) {
  using C = Compute<T>;
  const int64_t channels = c.groups * c.width, count = c.outer * c.rows * channels;
  const Norm p{c.outer,      c.rows, c.groups, c.width, 1e-3, c.centred, c.conditional ? channels : 0,
               dtype_of<T>()};
  const auto x = random_values(count, 1, mean_of_x), dy = random_values(count, 2, 0.25);
  const int64_t affine_count = affine ? (c.conditional ? c.outer : 1) * channels : 0;
  const auto gamma = random_values(affine_count, 3, 1), beta = random_values(affine_count, 4);
  const Reference want = reference(p, x, dy, gamma, beta, behind);
  const auto tx = as<T>(x), tdy = as<T>(dy);
  const auto tgamma = as<C>(gamma), tbeta = as<C>(beta);
  const C *pgamma = affine ? tgamma.data() : nullptr, *pbeta = affine ? tbeta.data() : nullptr;
  std::vector<uint64_t> workspace(norm_kernels.workspace_bytes(p) / 8 + 1, ~uint64_t{0});
  Output<C> mean(want.mean.size()), rstd(want.rstd.size()), dgamma(want.dgamma.size()),
      dbeta(want.dbeta.size());
  const auto residual = random_values(count, 8);
  const auto tresidual = as<T>(residual);
  std::vector<double> want_sum(count);  // leaky relu of norm and residual
  for (int64_t i = 0; i < count; ++i) {
    const double v = (want.y[i] > 0 ? want.y[i] : want.y[i] / 0.25) + residual[i];
    want_sum[i] = v > 0 ? v : 0.25 * v;
  }
  Output<T> y(count), sum(count), dx(count);
  norm_kernels.statistics(nullptr, p, tx.data(), mean.data(), rstd.data(), {}, workspace.data());
  norm_kernels.apply(nullptr, p, tx.data(), nullptr, mean.data(), rstd.data(), pgamma, pbeta, Unary::leaky_relu, 0.25f,
                y.data());
  norm_kernels.apply(nullptr, p, tx.data(), tresidual.data(), mean.data(), rstd.data(), pgamma, pbeta, Unary::leaky_relu,
                0.25f, sum.data());
  std::fill(workspace.begin(), workspace.end(), ~uint64_t{0});
  const NormActivation activation{behind.op, behind.alpha, pgamma, pbeta};
  norm_kernels.parameter_gradient(nullptr, p, activation, tx.data(), tdy.data(), mean.data(), rstd.data(), dgamma.data(),
                             dbeta.data(), workspace.data());
  norm_kernels.data_gradient(nullptr, p, activation, tx.data(), tdy.data(), mean.data(), rstd.data(), pgamma, dgamma.data(),
                        dbeta.data(), dx.data());
  const double exact = std::is_same_v<T, double> ? 1e-11 : 1e-5;  // of f32 and f64 results
  EXPECT_LT(relative_error(mean.values(), want.mean), exact);
  EXPECT_LT(relative_error(rstd.values(), want.rstd), exact);
  EXPECT_LT(relative_error(y.values(), want.y), std::max(exact, tolerance<T>(1e-5)));
  EXPECT_LT(relative_error(sum.values(), want_sum), std::max(exact, tolerance<T>(1e-5)));
  EXPECT_LT(relative_error(dbeta.values(), want.dbeta), exact);
  if (c.rows > 1 || c.width > 1) {  // one element: xhat and dx are rounding errors
    EXPECT_LT(relative_error(dgamma.values(), want.dgamma), 5 * exact);
    EXPECT_LT(relative_error(dx.values(), want.dx), std::max(5 * exact, tolerance<T>(5e-5)));
  }
}

TEST(Norm, MatchesReference) {
  for (const NormCase& c : kCases) {
    SCOPED_TRACE(c.name);
    for_each_float_type([&](auto type) {
      expect_matches<decltype(type)>(c, true, 0.5);
      expect_matches<decltype(type)>(c, false, -1);
    });
  }
}

TEST(Norm, GradientsTakeTheActivationBehind) {
  for (const NormCase& c : kCases) {
    SCOPED_TRACE(c.name);
    for_each_float_type([&](auto type) {
      for (const UnaryOp& f : {UnaryOp{Unary::relu, 0.5, 0}, UnaryOp{Unary::leaky_relu, 0.25, 0}, UnaryOp{Unary::tanh, 0, 0}})
        expect_matches<decltype(type)>(c, true, 0.5, f);
    });
  }
  expect_matches<float>(kCases[0], false, 0.5, {Unary::relu, 0, 0});
  const Norm p{1, 1, 1, 1, 0, true, 0, DType::f32};
  float one = 1;
  EXPECT_THROW(norm_kernels.parameter_gradient(nullptr, p, {Unary::gelu}, &one, &one, &one, &one, &one, &one, nullptr),
               std::runtime_error);
}

template <typename T>
void expect_second_matches(const NormCase& c, bool affine) {
  using C = Compute<T>;
  const int64_t channels = c.groups * c.width, count = c.outer * c.rows * channels;
  const Norm p{c.outer, c.rows, c.groups, c.width, 1e-3, c.centred, c.conditional ? channels : 0, dtype_of<T>()};
  const auto x = random_values(count, 1, 0.5), dy = random_values(count, 2, 0.25), v = random_values(count, 5, 0.25);
  const int64_t affine_count = affine ? (c.conditional ? c.outer : 1) * channels : 0;
  const auto gamma = random_values(affine_count, 3, 1), u = random_values(affine_count, 6), w = random_values(affine_count, 7);
  const Reference first = reference(p, x, dy, gamma, {});
  const SecondReference want = second_reference(p, x, dy, v, first.mean, first.rstd, gamma, u, w);
  const auto tx = as<T>(x), tdy = as<T>(dy), tv = as<T>(v);
  const auto mean = as<C>(first.mean), rstd = as<C>(first.rstd), dgamma = as<C>(first.dgamma), dbeta = as<C>(first.dbeta);
  const auto tgamma = as<C>(gamma), tu = as<C>(u), tw = as<C>(w);
  const auto maybe = [&](const auto& values) { return affine ? values.data() : nullptr; };
  std::vector<uint64_t> workspace(norm_kernels.second_workspace_bytes(p) / 8 + 1, ~uint64_t{0});
  Output<T> to_dy(count), to_x(count);
  Output<C> to_gamma(want.to_gamma.size());
  norm_kernels.second_gradient(nullptr, p,
                          {tx.data(), tdy.data(), mean.data(), rstd.data(), maybe(tgamma), dgamma.data(), dbeta.data(),
                           tv.data(), maybe(tu), maybe(tw), to_dy.data(), to_x.data(), to_gamma.data()},
                          workspace.data());
  const double exact = std::is_same_v<T, double> ? 1e-11 : 5e-5;
  EXPECT_LT(relative_error(to_dy.values(), want.to_dy), std::max(exact, tolerance<T>(5e-5)));
  if (c.rows == 1 && c.width == 1) return;  // one element: the others are rounding errors
  EXPECT_LT(relative_error(to_x.values(), want.to_x), std::max(exact, tolerance<T>(5e-5)));
  EXPECT_LT(relative_error(to_gamma.values(), want.to_gamma), exact);
}

TEST(Norm, SecondGradientMatchesReference) {
  for (const NormCase& c : kCases) {
    SCOPED_TRACE(c.name);
    for_each_float_type([&](auto type) {
      expect_second_matches<decltype(type)>(c, true);
      expect_second_matches<decltype(type)>(c, false);
    });
  }
}

TEST(Norm, MeanFarFromZeroLosesNothing) {
  // E[x^2] - E[x]^2 in f32 would leave no digit of the variance here.
  const auto error = [](const Norm& p, float mean_of_x) {
    const auto noise = random_values(p.outer * p.rows * p.groups * p.width, 1);
    std::vector<float> x(noise.size());
    std::vector<double> wide(noise.size());
    for (size_t i = 0; i < x.size(); ++i) wide[i] = x[i] = static_cast<float>(mean_of_x + noise[i]);
    const Reference want = reference(p, wide, wide, {}, {});
    std::vector<uint64_t> workspace(norm_kernels.workspace_bytes(p) / 8 + 1);
    Output<float> mean(want.mean.size()), rstd(want.rstd.size());
    norm_kernels.statistics(nullptr, p, x.data(), mean.data(), rstd.data(), {}, workspace.data());
    return relative_error(rstd.values(), want.rstd);
  };
  EXPECT_LT(error({1, 5001, 3, 1, 0, true, 0, DType::f32}, 4096), 3e-6);
  EXPECT_LT(error({1, 1, 1, 15003, 0, true, 0, DType::f32}, 100000),
            1e-6);  // the rounded mean alone would be off by more
}

TEST(Norm, AppliesEveryActivation) {
  const float x[] = {-2, -0.5, 0, 0.5, 3}, mean = 0.25, rstd = 2, gamma = 0.5, beta = 0.125;
  const Norm p{1, 5, 1, 1, 0, true, 0, DType::f32};
  for (const Unary f : {Unary::identity, Unary::relu, Unary::leaky_relu, Unary::tanh}) {
    float y[5];
    norm_kernels.apply(nullptr, p, x, nullptr, &mean, &rstd, &gamma, &beta, f, 0.1f, y);
    for (int i = 0; i < 5; ++i) {
      const double v = (x[i] - 0.25) + 0.125;
      const double want = f == Unary::identity ? v
                          : f == Unary::tanh   ? std::tanh(v)
                          : v > 0              ? v
                          : f == Unary::relu   ? 0
                                               : 0.1 * v;
      EXPECT_NEAR(y[i], want, 1e-6);
    }
  }
  float y[5];
  EXPECT_THROW(norm_kernels.apply(nullptr, p, x, nullptr, &mean, &rstd, &gamma, &beta, Unary::gelu, 0, y),
               std::runtime_error);
}

TEST(Norm, RunningStatistics) {
  const Norm p{1, 10, 2, 1, 1e-5, true, 0, DType::f64};
  double x[20], mean[2], rstd[2], running_mean[] = {0.5, 0.5}, running_var[] = {1, 2}, restored[2];
  for (int i = 0; i < 10; ++i) {
    x[2 * i] = i % 2 ? 3 : -1;  // mean 1, variance 4
    x[2 * i + 1] = i % 2 ? -2.5 : -1.5;
  }
  std::vector<uint64_t> workspace(norm_kernels.workspace_bytes(p) / 8 + 1);
  norm_kernels.statistics(nullptr, p, x, mean, rstd, {0.1, running_mean, running_var}, workspace.data());
  EXPECT_NEAR(rstd[0], 1 / std::sqrt(4 + 1e-5), 1e-15);
  EXPECT_NEAR(running_mean[0], 0.9 * 0.5 + 0.1, 1e-15);
  EXPECT_NEAR(running_mean[1], 0.9 * 0.5 - 0.2, 1e-15);
  EXPECT_NEAR(running_var[0], 0.9 + 0.1 * 4 * 10 / 9, 1e-13);
  EXPECT_NEAR(running_var[1], 1.8 + 0.1 * 0.25 * 10 / 9, 1e-13);
  norm_kernels.rstd_of(nullptr, DType::f64, 2, running_var, 0, restored);
  EXPECT_NEAR(restored[1], 1 / std::sqrt(running_var[1]), 1e-15);
}

TEST(Norm, NaNStaysInItsChannel) {
  std::vector<float> x(60, 1.0f), y(60);
  for (int i = 0; i < 60; ++i) x[i] = static_cast<float>(i % 7);
  x[4] = NAN;
  const Norm p{1, 20, 3, 1, 1e-5, true, 0, DType::f32};
  std::vector<uint64_t> workspace(norm_kernels.workspace_bytes(p) / 8 + 1);
  float mean[3], rstd[3];
  norm_kernels.statistics(nullptr, p, x.data(), mean, rstd, {}, workspace.data());
  norm_kernels.apply(nullptr, p, x.data(), nullptr, mean, rstd, nullptr, nullptr, Unary::relu, 0, y.data());
  for (int i = 0; i < 60; ++i) EXPECT_EQ(std::isnan(y[i]), i % 3 == 1);
}

}  // namespace
}  // namespace ganymede::kernels::cpu
