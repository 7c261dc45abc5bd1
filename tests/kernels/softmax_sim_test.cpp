// Softmax, gather and one-hot kernels in the simulator against plain loops in double.
#include "tests/kernels/sim_check.h"

namespace ganymede::kernels::sim::family_check {
namespace {

TEST(SoftmaxSim, MatchesReference) {
  for (const auto& [rows, columns] :
       {std::pair<int64_t, int64_t>{1, 1}, {5, 3}, {9, 40}, {2, 1024}, {3, 1500}}) {
    const Values x = random_values(rows * columns, 71, 30, 4), g = random_values(rows * columns, 72);
    for (const DType dtype : kFloats) {
      for (const SoftmaxKind kind : {SoftmaxKind::softmax, SoftmaxKind::log_softmax}) {
        SCOPED_TRACE(std::string(text(dtype)) + " " + std::to_string(rows) + " x " + std::to_string(columns));
        Values y(x), dx(x), total(static_cast<size_t>(rows));
        for (int64_t r = 0; r < rows; ++r) {
          double sum = 0;
          for (int64_t i = 0; i < columns; ++i) sum += std::exp(x[r * columns + i]);
          total[r] = std::log(sum);
          for (int64_t i = 0; i < columns; ++i) {
            const double log_y = x[r * columns + i] - total[r];
            y[r * columns + i] = kind == SoftmaxKind::softmax ? std::exp(log_y) : log_y;
          }
        }
        Buffer in(dtype, x), result(dtype, y), gradient(dtype, g);
        const Values kept = result.values();  // the gradient's reference is y as stored
        for (int64_t r = 0; r < rows; ++r) {
          double sum = 0;
          for (int64_t i = r * columns; i < (r + 1) * columns; ++i)
            sum += kind == SoftmaxKind::softmax ? g[i] * kept[i] : g[i];
          for (int64_t i = r * columns; i < (r + 1) * columns; ++i)
            dx[i] = kind == SoftmaxKind::softmax ? kept[i] * (g[i] - sum) : g[i] - std::exp(kept[i]) * sum;
        }
        const Softmax s{kind, rows, columns, dtype};
        const int64_t count = rows * columns;
        const auto found =
            run_in_orders({{dtype, count}, {dtype, count, g}, {dtype, rows}}, [&](const auto& out) {
              kernels().softmax.forward(nullptr, s, in.data(), out[0]);
              kernels().softmax.gradient(nullptr, s, result.data(), out[1], out[1]);  // in place
              kernels().softmax.logsumexp(nullptr, s, in.data(), out[2]);
            });
        EXPECT_LT(relative_error(found[0], y), tolerance(dtype, 1e-5));
        // f32: y * (g - sum) cancels where one element has all the weight.
        EXPECT_LT(relative_error(found[1], dx), columns == 1 ? 1e-6 : tolerance(dtype, 1e-5));
        EXPECT_LT(relative_error(found[2], total), tolerance(dtype, 1e-5));
      }
    }
  }
}

TEST(SoftmaxSim, InfinitiesAndNotANumber) {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  Buffer in(DType::f32, Values{-inf, -inf, 0, -inf, nan, 1, inf, 0});
  const auto found = run_in_orders({{DType::f32, 8}, {DType::f32, 4}}, [&](const auto& out) {
    kernels().softmax.forward(nullptr, {SoftmaxKind::softmax, 4, 2, DType::f32}, in.data(), out[0]);
    kernels().softmax.logsumexp(nullptr, {SoftmaxKind::softmax, 4, 2, DType::f32}, in.data(), out[1]);
  });
  EXPECT_EQ(found[0][2], 1);
  EXPECT_EQ(found[0][3], 0);
  EXPECT_TRUE(std::isnan(found[0][4]) && std::isnan(found[0][5]));
  EXPECT_EQ(found[1][0], -inf);
  EXPECT_EQ(found[1][1], 0);
  EXPECT_TRUE(std::isnan(found[1][2]));
  EXPECT_EQ(found[1][3], inf);
}

TEST(GatherSim, MatchesReference) {
  struct Shape {
    int64_t rows, count, width;
  };
  for (const Shape& s : {Shape{1, 1, 1}, {7, 13, 3}, {5, 70, 40}, {300, 33, 8}, {4, 0, 5}}) {
    const Values table = random_values(s.rows * s.width, 73), g = random_values(s.count * s.width, 74);
    Values index(static_cast<size_t>(s.count)), y(g.size(), 0.0), dx(table.size(), 0.0), one_hot(y);
    std::mt19937 generator(75);
    for (int64_t i = 0; i < s.count; ++i) {
      index[i] =
          static_cast<double>(generator() % (s.rows + 2)) - 1;  // one below and one above the table too
      const int64_t row = static_cast<int64_t>(index[i]);
      for (int64_t k = 0; k < s.width; ++k) {
        one_hot[i * s.width + k] = row == k ? 0.75 : -0.25;
        if (row < 0 || row >= s.rows) continue;
        y[i * s.width + k] = table[row * s.width + k];
        dx[row * s.width + k] += g[i * s.width + k];
      }
    }
    Buffer at(DType::i64, index);
    for (const DType dtype : kFloats) {
      Buffer in(dtype, table), gradient(dtype, g);
      const Gather problem{s.rows, s.count, s.width, dtype};
      Buffer workspace(DType::u8, static_cast<int64_t>(kernels().gather.workspace_bytes(problem)));
      const int64_t picked = s.count * s.width;
      const auto found =
          run_in_orders({{dtype, picked}, {dtype, s.rows * s.width}, {dtype, picked}}, [&](const auto& out) {
            kernels().gather.gather(nullptr, problem, in.data(), at.as<int64_t>(), out[0]);
            kernels().gather.scatter_add(nullptr, problem, gradient.data(), at.as<int64_t>(), out[1],
                                         workspace.data());
            kernels().gather.one_hot(nullptr, problem, at.as<int64_t>(), 0.75, -0.25, out[2]);
          });
      EXPECT_EQ(found[0], y) << text(dtype) << " " << s.rows;
      EXPECT_LT(relative_error(found[1], dx), tolerance(dtype, 1e-6)) << text(dtype) << " " << s.rows;
      EXPECT_EQ(found[2], one_hot) << text(dtype) << " " << s.rows;
    }
  }
}

}  // namespace
}  // namespace ganymede::kernels::sim::family_check
