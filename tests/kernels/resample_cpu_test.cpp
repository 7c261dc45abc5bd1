// Axis maps against the numbers that PyTorch and MATLAB give, and the kernel that applies them.
#include "tests/kernels/axis_table.h"
#include "tests/kernels/cpu_check.h"

namespace ganymede::kernels::cpu {
namespace {

std::vector<double> applied(const AxisMap& map, const std::vector<double>& x) {
  const auto matrix = dense(map);
  std::vector<double> y(map.out, 0.0);
  for (int o = 0; o < map.out; ++o) {
    for (int i = 0; i < map.in; ++i) y[o] += matrix[o * map.in + i] * x[i];
  }
  return y;
}

void expect_near(const std::vector<double>& got, const std::vector<double>& want, double limit = 1e-12) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], limit) << i;
}

TEST(AxisMap, NearestTakesTheFloor) {
  const auto nearest = [](int in, int out) {
    return resize_axis(in, out, Interpolation::nearest, false, false).index;
  };
  EXPECT_EQ(nearest(3, 6), (std::vector<int32_t>{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(nearest(5, 3), (std::vector<int32_t>{0, 1, 3}));
  EXPECT_EQ(nearest(2, 5), (std::vector<int32_t>{0, 0, 0, 1, 1}));
  // scale 2.5 on 3 pixels gives 7: floor(o / 2.5), not floor(o * 3 / 7)
  EXPECT_EQ(resize_axis(3, 7, Interpolation::nearest, false, false, 2.5).index,
            (std::vector<int32_t>{0, 0, 0, 1, 1, 2, 2}));
}

TEST(AxisMap, LinearAsPyTorch) {
  expect_near(applied(resize_axis(2, 4, Interpolation::linear, false, false), {1, 2}), {1, 1.25, 1.75, 2});
  expect_near(applied(resize_axis(2, 4, Interpolation::linear, true, false), {1, 2}),
              {1, 4.0 / 3, 5.0 / 3, 2});
  expect_near(applied(resize_axis(5, 3, Interpolation::linear, true, false), {1, 2, 3, 4, 5}), {1, 3, 5});
  expect_near(applied(resize_axis(5, 1, Interpolation::linear, true, false), {1, 2, 3, 4, 5}), {1});
  expect_near(applied(resize_axis(4, 2, Interpolation::linear, false, false), {1, 2, 3, 5}), {1.5, 4});
  // Antialiased by 2: the tent spans four pixels, 1 3 3 1 / 8, cut and normalised at the border.
  expect_near(applied(resize_axis(6, 3, Interpolation::linear, false, true), {1, 0, 0, 0, 0, 0}),
              {3.0 / 7, 0, 0});
  expect_near(applied(resize_axis(6, 3, Interpolation::linear, false, true), {0, 1, 0, 0, 0, 0}),
              {3.0 / 7, 1.0 / 8, 0});
}

TEST(AxisMap, CubicAsPyTorch) {
  // a = -0.75 at a quarter: weights of pixels -1, 0, 1, 2
  const double near[] = {-0.10546875, 0.87890625, 0.26171875, -0.03515625};
  const auto matrix = dense(resize_axis(8, 16, Interpolation::cubic, false, false));
  for (int k = 0; k < 4; ++k)
    EXPECT_NEAR(matrix[7 * 8 + 2 + k], near[k], 1e-12) << k;  // output 7 lies at 3.25
  // Output 0 lies at -0.25: everything beyond the border is the border pixel.
  EXPECT_NEAR(matrix[0], near[3] + near[2] + near[1], 1e-12);
  EXPECT_NEAR(matrix[1], near[0], 1e-12);
  const auto sharp = dense(resize_axis(8, 8, Interpolation::cubic, true, false));
  for (int i = 0; i < 64; ++i) EXPECT_EQ(sharp[i], i / 8 == i % 8);
}

TEST(AxisMap, MatlabHalvesWithEightTaps) {
  const AxisMap map = matlab_axis(16, 0.5);
  ASSERT_EQ(map.out, 8);
  const double side[] = {0.43359375, 0.11328125, -0.03515625, -0.01171875};  // imresize's own, cubic a = -0.5
  const auto matrix = dense(map);
  for (int k = 0; k < 4; ++k) {
    EXPECT_NEAR(matrix[4 * 16 + 9 + k], side[k], 1e-12);
    EXPECT_NEAR(matrix[4 * 16 + 8 - k], side[k], 1e-12);
  }
  EXPECT_NEAR(matrix[0], side[0] + side[1], 1e-12);  // mirrored, border pixel included
  EXPECT_NEAR(matrix[1], side[0] + side[2], 1e-12);
  EXPECT_EQ(matlab_axis(7, 0.5).out, 4);
  EXPECT_EQ(matlab_axis(21, 1.0 / 3).out, 7);
  EXPECT_EQ(matlab_axis(5, 4).out, 20);
}

TEST(AxisMap, EveryRowOfAResizeSumsToOne) {
  for (int in : {1, 2, 3, 7, 16}) {
    for (int out : {1, 2, 5, 7, 33}) {
      for (Interpolation interpolation :
           {Interpolation::nearest, Interpolation::linear, Interpolation::cubic}) {
        for (int flags = 0; flags < 4; ++flags) {
          for (double v : applied(resize_axis(in, out, interpolation, flags & 1, flags & 2),
                                  std::vector<double>(in, 1.0)))
            EXPECT_NEAR(v, 1, 1e-12);
        }
        for (double v : applied(matlab_axis(in, static_cast<double>(out) / 4, interpolation),
                                std::vector<double>(in, 1.0)))
          EXPECT_NEAR(v, 1, 1e-12);
      }
    }
  }
}

TEST(AxisMap, Padding) {
  expect_near(applied(pad_axis(3, 2, 1, Padding::zero), {1, 2, 3}), {0, 0, 1, 2, 3, 0});
  expect_near(applied(pad_axis(3, 2, 1, Padding::reflect), {1, 2, 3}), {3, 2, 1, 2, 3, 2});
  expect_near(applied(pad_axis(3, 2, 1, Padding::replicate), {1, 2, 3}), {1, 1, 1, 2, 3, 3});
  expect_near(applied(pad_axis(4, -1, -2, Padding::zero), {1, 2, 3, 4}), {2});
  expect_near(applied(pad_axis(4, -1, 1, Padding::reflect), {1, 2, 3, 4}), {2, 3, 4, 3});
  EXPECT_THROW(pad_axis(3, 3, 0, Padding::reflect), std::runtime_error);
  EXPECT_THROW(pad_axis(3, -2, -1, Padding::zero), std::runtime_error);
}

TEST(AxisMap, PoolsAsPyTorch) {
  expect_near(applied(pool_axis(5, 2, 2, 0, false, true), {1, 2, 3, 4, 5}), {1.5, 3.5});
  expect_near(applied(pool_axis(5, 2, 2, 0, true, true), {1, 2, 3, 4, 5}), {1.5, 3.5, 5});
  expect_near(applied(pool_axis(5, 1, 5, 0, true, true), {1, 2, 3, 4, 5}),
              {1});  // no window begins behind the end
  expect_near(applied(pool_axis(5, 3, 2, 1, false, true), {1, 2, 3, 4, 5}), {1, 3, 3});
  expect_near(applied(pool_axis(5, 3, 2, 1, false, false), {1, 2, 3, 4, 5}), {1.5, 3, 4.5});
  expect_near(applied(adaptive_axis(5, 3), {1, 2, 3, 4, 5}), {1.5, 3, 4.5});
  expect_near(applied(adaptive_axis(2, 3), {1, 2}), {1, 1.5, 2});
  EXPECT_THROW(pool_axis(2, 3, 1, 0, false, true), std::runtime_error);
  EXPECT_THROW(pool_axis(5, 3, 1, 2, false, true), std::runtime_error);
}

// Against the words of filter_axis, step by step: zeros between, padding, convolution, every down-th value.
TEST(AxisMap, FiltersBetweenChangesOfScale) {
  const std::vector<double> taps{1, 2, 4, 7};
  for (const int in : {1, 3, 6})
    for (const int up : {1, 2, 3})
      for (const int down : {1, 2, 3})
        for (const auto& [before, after] : {std::pair{2, 1}, {3, 3}, {4, -1}}) {
          std::vector<double> x(size_t(in), 0);
          for (int i = 0; i < in; ++i) x[size_t(i)] = i * i + 1;
          std::vector<double> wide(size_t(before), 0);
          for (const double v : x) {
            wide.push_back(v);
            wide.insert(wide.end(), size_t(up - 1), 0);
          }
          wide.resize(wide.size() + size_t(after));
          std::vector<double> expected;
          for (size_t o = 0; o + taps.size() <= wide.size(); o += size_t(down)) {
            double sum = 0;
            for (size_t t = 0; t < taps.size(); ++t) sum += taps[taps.size() - 1 - t] * wide[o + t];
            expected.push_back(sum);
          }
          if (expected.empty()) {
            EXPECT_THROW(filter_axis(in, taps, up, down, before, after), std::runtime_error);
            continue;
          }
          const AxisMap map = filter_axis(in, taps, up, down, before, after);
          ASSERT_EQ(map.out, int(expected.size()));
          for (int o = 0; o < map.out; ++o) {
            double sum = 0;
            for (int k = map.start[size_t(o)]; k < map.start[size_t(o) + 1]; ++k) sum += map.weight[size_t(k)] * x[size_t(map.index[size_t(k)])];
            EXPECT_DOUBLE_EQ(sum, expected[size_t(o)]) << in << " x" << up << " /" << down << " " << before << " " << after << " at " << o;
          }
        }
}

TEST(AxisMap, TransposeIsTheTranspose) {
  for (const AxisMap& map : {resize_axis(7, 12, Interpolation::cubic, false, false),
                             pad_axis(5, 2, 3, Padding::reflect), adaptive_axis(9, 4)}) {
    const auto a = dense(map), b = dense(transpose(map));
    for (int o = 0; o < map.out; ++o) {
      for (int i = 0; i < map.in; ++i) EXPECT_EQ(a[o * map.in + i], b[i * map.out + o]);
    }
  }
}

TEST(Resample, MatchesReference) {
  struct Case {
    AxisMap rows, columns;
    int64_t n, c;
  };
  const Case cases[] = {
      {resize_axis(5, 9, Interpolation::cubic, false, false),
       resize_axis(7, 4, Interpolation::linear, false, true), 2, 3},
      {resize_axis(1, 3, Interpolation::linear, false, false),
       resize_axis(1, 1, Interpolation::nearest, false, false), 3, 1},
      {pad_axis(5, 2, 1, Padding::zero), pad_axis(6, 1, 3, Padding::zero), 2, 7},
      {resize_axis(6, 12, Interpolation::nearest, false, false),
       resize_axis(5, 10, Interpolation::nearest, false, false), 2, 130},
      {adaptive_axis(40, 7), adaptive_axis(33, 5), 3, 65},
      {pad_axis(9, 3, 3, Padding::reflect), pad_axis(8, 3, 3, Padding::reflect), 1, 1},
      {transpose(pad_axis(9, 3, 3, Padding::reflect)),
       transpose(resize_axis(7, 30, Interpolation::cubic, true, false)), 2, 3},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(testing::Message() << c.rows.in << 'x' << c.columns.in << " to " << c.rows.out << 'x'
                                    << c.columns.out << " by " << c.c);
    const auto a = dense(c.rows), b = dense(c.columns);
    const auto x = random_values(c.n * c.rows.in * c.columns.in * c.c, 1);
    std::vector<double> want(c.n * c.rows.out * c.columns.out * c.c, 0.0);
    for (int64_t n = 0; n < c.n; ++n)
      for (int p = 0; p < c.rows.out; ++p)
        for (int q = 0; q < c.columns.out; ++q)
          for (int i = 0; i < c.rows.in; ++i)
            for (int j = 0; j < c.columns.in; ++j) {
              const double weight = a[p * c.rows.in + i] * b[q * c.columns.in + j];
              if (weight == 0) continue;
              for (int64_t k = 0; k < c.c; ++k)
                want[((n * c.rows.out + p) * c.columns.out + q) * c.c + k] +=
                    weight * x[((n * c.rows.in + i) * c.columns.in + j) * c.c + k];
            }
    for_each_float_type([&](auto type) {
      using T = decltype(type);
      const AxisTable<Compute<T>> rows(c.rows), columns(c.columns);
      const auto tx = as<T>(x);
      Output<T> y(want.size());
      resample_kernels.apply(nullptr, {c.n, c.c, rows.axis(), columns.axis(), dtype_of<T>()}, tx.data(),
                             y.data());
      EXPECT_LT(relative_error(y.values(), want), tolerance<T>(1e-6));
    });
  }
}

TEST(Resample, AnAxisMayBeTheIdentityOrHaveNoWeights) {
  const auto x = random_values(4 * 5 * 3, 1);
  const AxisTable<double> twice(resize_axis(4, 8, Interpolation::nearest, false, false)),
      same(identity_axis(5));
  const Axis identity{5, 5, nullptr, nullptr, nullptr};
  Axis unweighted = twice.axis();
  unweighted.weight = nullptr;
  Output<double> a(8 * 5 * 3), b(8 * 5 * 3);
  resample_kernels.apply(nullptr, {1, 3, twice.axis(), same.axis(), DType::f64}, x.data(), a.data());
  resample_kernels.apply(nullptr, {1, 3, unweighted, identity, DType::f64}, x.data(), b.data());
  EXPECT_EQ(a.values(), b.values());
}

TEST(Resample, EmptyBatchIsNothing) {
  const AxisTable<float> rows(identity_axis(4)), columns(identity_axis(4));
  float y = 7;
  resample_kernels.apply(nullptr, {0, 3, rows.axis(), columns.axis(), DType::f32}, &y, &y);
  EXPECT_EQ(y, 7);
}

}  // namespace
}  // namespace ganymede::kernels::cpu
