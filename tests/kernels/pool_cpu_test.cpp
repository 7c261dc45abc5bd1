// Max pooling of the cpu device: values, positions, the adjoint, and the adjoint's adjoint.
#include "tests/kernels/axis_table.h"
#include "tests/kernels/cpu_check.h"

namespace ganymede::kernels::cpu {
namespace {

struct PoolCase {
  AxisMap rows, columns;
  int64_t n, c;
};

std::vector<PoolCase> pool_cases() {
  return {{pool_axis(5, 2, 2, 0, false, true), pool_axis(7, 2, 2, 0, true, true), 2, 3},
          {pool_axis(9, 3, 2, 1, false, true), pool_axis(8, 3, 2, 1, false, true), 2, 65},
          {pool_axis(6, 3, 1, 1, false, true), pool_axis(5, 5, 1, 2, false, true), 1, 1},  // overlapping
          {adaptive_axis(7, 3), adaptive_axis(10, 4), 3, 130},
          {identity_axis(40), pool_axis(41, 2, 2, 0, false, true), 2, 33}};
}

TEST(MaxPool, MatchesReference) {
  for (const PoolCase& c : pool_cases()) {
    SCOPED_TRACE(testing::Message() << c.rows.in << 'x' << c.columns.in << " to " << c.rows.out << 'x'
                                    << c.columns.out << " by " << c.c);
    const int64_t inputs = c.n * c.rows.in * c.columns.in * c.c,
                  outputs = c.n * c.rows.out * c.columns.out * c.c;
    const auto x = random_values(inputs, 1), dy = random_values(outputs, 2), ddx = random_values(inputs, 3);
    std::vector<double> want(outputs), want_at(outputs), want_dx(inputs, 0.0), want_pick(outputs);
    for (int64_t i = 0; i < outputs; ++i) {
      const int64_t k = i % c.c, q = i / c.c % c.columns.out, p = i / c.c / c.columns.out % c.rows.out,
                    n = i / c.c / c.columns.out / c.rows.out;
      int64_t best = -1;
      for (int32_t a = c.rows.start[p]; a < c.rows.start[p + 1]; ++a)
        for (int32_t b = c.columns.start[q]; b < c.columns.start[q + 1]; ++b) {
          const int64_t at =
              ((n * c.rows.in + c.rows.index[a]) * c.columns.in + c.columns.index[b]) * c.c + k;
          if (best < 0 || x[at] > x[best]) best = at;
        }
      want[i] = x[best];
      want_at[i] = static_cast<double>(best / c.c % (int64_t{c.rows.in} * c.columns.in));
      want_dx[best] += dy[i];
      want_pick[i] = ddx[best];
    }
    for_each_float_type([&](auto type) {
      using T = decltype(type);
      const AxisTable<Compute<T>> rows(c.rows), columns(c.columns), back_rows(transpose(c.rows)),
          back_columns(transpose(c.columns));
      const Resample problem{c.n, c.c, rows.axis(), columns.axis(), dtype_of<T>()};
      const auto tx = as<T>(x), tdy = as<T>(dy), tddx = as<T>(ddx);
      Output<T> y(outputs), dx(inputs), picked(outputs);
      Output<int32_t> position(outputs);
      max_pool_kernels.forward(nullptr, problem, tx.data(), y.data(), position.data());
      max_pool_kernels.gradient(nullptr, {c.n, c.c, back_rows.axis(), back_columns.axis(), dtype_of<T>()},
                                tdy.data(), position.data(), dx.data());
      max_pool_kernels.pick(nullptr, problem, tddx.data(), position.data(), picked.data());
      EXPECT_EQ(y.values(), want);
      EXPECT_EQ(position.values(), want_at);
      EXPECT_LT(relative_error(dx.values(), want_dx), tolerance<T>(1e-6));
      EXPECT_EQ(picked.values(), want_pick);
    });
  }
}

TEST(MaxPool, FirstOfEqualsAndNaN) {
  const AxisTable<float> rows(identity_axis(1)), columns(pool_axis(8, 4, 4, 0, false, true));
  const float x[] = {1, 2, 2, 0, 3, NAN, 4, NAN};
  float y[2];
  int32_t position[2];
  max_pool_kernels.forward(nullptr, {1, 1, rows.axis(), columns.axis(), DType::f32}, x, y, position);
  EXPECT_EQ(y[0], 2);
  EXPECT_EQ(position[0], 1);
  EXPECT_TRUE(std::isnan(y[1]));
  EXPECT_EQ(position[1], 5);
}

TEST(MaxPool, MinusInfinityHasAPosition) {
  const AxisTable<float> rows(identity_axis(1)), columns(pool_axis(2, 2, 2, 0, false, true));
  const float x[] = {-INFINITY, -INFINITY};
  float y;
  int32_t position;
  max_pool_kernels.forward(nullptr, {1, 1, rows.axis(), columns.axis(), DType::f32}, x, &y, &position);
  EXPECT_EQ(position, 0);
}

}  // namespace
}  // namespace ganymede::kernels::cpu
