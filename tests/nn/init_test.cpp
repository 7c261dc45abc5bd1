// First values of parameters.
#include "nn/init.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "tests/support/gradcheck.h"

namespace ganymede::nn {
namespace {

TEST(Initialisers, HaveTheSpreadTheyPromise) {
  ContextScope scope;
  seed_parameters(1);
  const auto deviation = [](const Init& i) {
    const auto v = parameter({200, 200}, i).to_doubles();
    double s = 0, q = 0;
    for (double x : v) s += x, q += x * x;
    s /= double(v.size());
    return std::sqrt(q / double(v.size()) - s * s);
  };
  EXPECT_NEAR(deviation(init::dcgan()), 0.02, 2e-4);
  EXPECT_NEAR(deviation(init::xavier_uniform(100, 300)), std::sqrt(2.0 / 400), 1e-3);
  EXPECT_NEAR(deviation(init::xavier_normal(100, 300)), std::sqrt(2.0 / 400), 1e-3);
  EXPECT_NEAR(deviation(init::he_uniform(50)), std::sqrt(2.0 / 50), 3e-3);
  EXPECT_NEAR(deviation(init::he_normal(50)), std::sqrt(2.0 / 50), 3e-3);
  EXPECT_NEAR(deviation(init::uniform(-1, 1)), std::sqrt(1.0 / 3), 5e-3);
}

TEST(Initialisers, AreTheSameOnEveryDevice) {
  ContextScope scope;
  seed_parameters(9);
  const auto cpu = parameter({33}, init::normal(0, 1)).to_floats();
  context().device = {DeviceType::sim, 0};
  seed_parameters(9);
  EXPECT_EQ(parameter({33}, init::normal(0, 1)).to_floats(), cpu);
}

// Rows of the smaller side are orthonormal, times the gain; columns of the larger one cannot be.
TEST(Initialisers, OrthogonalIsOrthogonal) {
  ContextScope scope;
  context().dtype = DType::f64;
  seed_parameters(5);
  for (const Shape& shape : {Shape{7, 7}, Shape{5, 20}, Shape{20, 5}, Shape{40, 3, 3, 8}, Shape{6, 3, 3, 1}, Shape{1, 9}, Shape{70, 70}}) {
    const int64_t rows = shape[0], columns = shape.count() / rows, few = std::min(rows, columns);
    const auto m = parameter(shape, init::orthogonal(1.5)).to_doubles();
    const int64_t along = rows <= columns ? 1 : columns, across = rows <= columns ? columns : 1;
    for (int64_t i = 0; i < few; ++i)
      for (int64_t j = 0; j <= i; ++j) {
        double product = 0;
        for (int64_t k = 0; k < std::max(rows, columns); ++k) product += m[size_t(i * across + k * along)] * m[size_t(j * across + k * along)];
        EXPECT_NEAR(product, i == j ? 2.25 : 0, 1e-12) << shape << " " << i << " " << j;
      }
  }
  EXPECT_THROW(parameter({9}, init::orthogonal()), Error);
}

// Over rotations all directions are alike: no sign and no place is preferred.
TEST(Initialisers, OrthogonalHasNoPreferredDirection) {
  ContextScope scope;
  double sum = 0, diagonal = 0;
  for (int seed = 1; seed <= 400; ++seed) {
    seed_parameters(uint64_t(seed));
    const auto m = parameter({3, 3}, init::orthogonal()).to_doubles();
    for (int i = 0; i < 9; ++i) sum += m[size_t(i)];
    diagonal += m[0] * m[0] + m[4] * m[4] + m[8] * m[8];
  }
  EXPECT_NEAR(sum / 3600, 0, 0.04);          // deviation of the mean: sqrt(1/3) / 60 = 0.01
  EXPECT_NEAR(diagonal / 1200, 1.0 / 3, 0.05);
}

TEST(Initialisers, TruncatedNormalStaysWithinTwoDeviations) {
  ContextScope scope;
  context().dtype = DType::f64;
  seed_parameters(3);
  const auto v = parameter({300, 300}, init::truncated_normal(1, 0.5)).to_doubles();
  double s = 0, q = 0, inner = 0;
  for (double x : v) {
    EXPECT_LT(std::abs(x - 1), 1);
    s += x - 1, q += (x - 1) * (x - 1), inner += std::abs(x - 1) < 0.5;
  }
  const double n = double(v.size());
  EXPECT_NEAR(s / n, 0, 0.005);
  EXPECT_NEAR(std::sqrt(q / n), 0.5 * 0.87963, 0.003);     // deviation of the normal distribution cut at 2
  EXPECT_NEAR(inner / n, 0.682689 / 0.954500, 0.006);
}

TEST(Initialisers, IcnrStartsAsNearestNeighbourEnlargement) {
  ContextScope scope;
  context().dtype = DType::f64;
  seed_parameters(8);
  const Tensor w = parameter({2 * 9, 3, 3, 4}, init::icnr(init::normal(0, 1), 3)), x = test::random_tensor({1, 5, 4, 4}, 2);
  const Tensor small = conv2d(x, w, {}, {{1, 1}, {1, 1}}), big = pixel_shuffle(small, 3);
  const auto rows = w.to_doubles();
  const Tensor one = tensor(std::vector<double>(rows.begin(), rows.begin() + 36), {1, 3, 3, 4}, DType::f64, Device{});
  EXPECT_LE(test::relative_error(slice(big, 3, 0, 1).to_doubles(), upsample_nearest(conv2d(x, one, {}, {{1, 1}, {1, 1}}), 3).to_doubles()), 1e-14);
  EXPECT_NE(rows[0], rows[9 * 36]);
  EXPECT_THROW(parameter({17, 3, 3, 4}, init::icnr(init::normal(0, 1), 3)), Error);
}

}  // namespace
}  // namespace ganymede::nn
