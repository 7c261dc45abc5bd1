// Softmax, log-softmax and logsumexp of the cpu device against double.
#include "tests/kernels/cpu_check.h"

namespace ganymede::kernels::cpu {
namespace {

TEST(Softmax, MatchesReference) {
  for (int64_t rows : {0, 1, 7, 200}) {
    for (int64_t columns : {1, 2, 10, 63, 64, 1001}) {
      SCOPED_TRACE(testing::Message() << rows << 'x' << columns);
      const auto x = random_values(rows * columns, 1, 20, 3), dy = random_values(rows * columns, 2);
      std::vector<double> soft(x.size()), log_soft(x.size()), sums(rows), soft_dx(x.size()), log_dx(x.size());
      for (int64_t r = 0; r < rows; ++r) {
        double total = 0, dot = 0, sum = 0;
        for (int64_t c = 0; c < columns; ++c) total += std::exp(x[r * columns + c]);
        sums[r] = std::log(total);
        for (int64_t i = r * columns; i < (r + 1) * columns; ++i) {
          soft[i] = std::exp(x[i]) / total;
          log_soft[i] = x[i] - sums[r];
          dot += soft[i] * dy[i];
          sum += dy[i];
        }
        for (int64_t i = r * columns; i < (r + 1) * columns; ++i) {
          soft_dx[i] = soft[i] * (dy[i] - dot);
          log_dx[i] = dy[i] - soft[i] * sum;
        }
      }
      for_each_float_type([&](auto type) {
        using T = decltype(type);
        const auto tx = as<T>(x), tdy = as<T>(dy);
        for (const SoftmaxKind kind : {SoftmaxKind::softmax, SoftmaxKind::log_softmax}) {
          const Softmax problem{kind, rows, columns, dtype_of<T>()};
          const bool plain = kind == SoftmaxKind::softmax;
          Output<T> y(x.size()), dx(x.size()), lse(rows);
          softmax_kernels.forward(nullptr, problem, tx.data(), y.data());
          EXPECT_LT(relative_error(y.values(), plain ? soft : log_soft), tolerance<T>(2e-6));
          softmax_kernels.logsumexp(nullptr, problem, tx.data(), lse.data());
          EXPECT_LT(relative_error(lse.values(), sums), tolerance<T>(1e-6));
          if (columns > 1) {  // one column: the gradient is a rounding error
            const auto ty = as<T>(plain ? soft : log_soft);
            softmax_kernels.gradient(nullptr, problem, ty.data(), tdy.data(), dx.data());
            EXPECT_LT(relative_error(dx.values(), plain ? soft_dx : log_dx),
                      tolerance<T>(2e-6) * (std::is_same_v<T, Bf16> ? 6 : 1));
          }
        }
      });
    }
  }
}

TEST(Softmax, LargeAndInfiniteInputs) {
  const float x[] = {1000, 999, -INFINITY};
  float y[3], lse;
  softmax_kernels.forward(nullptr, {SoftmaxKind::softmax, 1, 3, DType::f32}, x, y);
  EXPECT_NEAR(y[0], 1 / (1 + std::exp(-1.0)), 1e-6);
  EXPECT_EQ(y[2], 0);
  softmax_kernels.logsumexp(nullptr, {SoftmaxKind::softmax, 1, 3, DType::f32}, x, &lse);
  EXPECT_NEAR(lse, 1000 + std::log1p(std::exp(-1.0)), 1e-4);
  softmax_kernels.logsumexp(nullptr, {SoftmaxKind::softmax, 1, 1, DType::f32}, x + 2, &lse);
  EXPECT_EQ(lse, -INFINITY);
  const float with_nan[] = {1, NAN};
  softmax_kernels.forward(nullptr, {SoftmaxKind::softmax, 1, 2, DType::f32}, with_nan, y);
  EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[1]));
}

}  // namespace
}  // namespace ganymede::kernels::cpu
