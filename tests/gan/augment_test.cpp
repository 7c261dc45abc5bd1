// Augmentation of what a discriminator sees: nothing at p = 0, each change by itself as its words say, and its derivatives.
#include "gan/parts/augment.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "tests/support/difference.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

class Augment : public testing::Test {
 protected:
  void SetUp() override {
    context().dtype = DType::f64;
    seed(5);
  }
  ContextScope scope_;
};


TEST_F(Augment, LeavesPicturesWherePIsZero) {
  for (const int64_t channels : {1, 3}) {
    const Tensor x = random_tensor({4, 8, 8, channels}, 1);
    EXPECT_LT(furthest(augment(x, zeros({1})), x), 1e-9);
  }
}

// A picture of one colour shows colours alone: the share of changed ones is 1 - (1 - p)^k for k changes of colour.
TEST_F(Augment, ChangesColoursAsOftenAsPSays) {
  const int64_t n = 4000;
  for (const int64_t channels : {1, 3}) {
    const Tensor x = broadcast_to(tensor(std::vector<double>(size_t(channels), 0.25), {1, 1, 1, channels}, DType::f64, context().device), {n, 4, 4, channels}) *
                     (channels == 1 ? ones({1, 1, 1, 1}) : tensor(std::vector<double>{1, -2, 3}, {1, 1, 1, 3}, DType::f64, context().device));
    const auto y = max(abs(augment(x, full({1}, 0.2)) - x), {1, 2, 3}).to_doubles();
    double changed = 0;
    for (const double d : y) changed += d > 1e-6;
    // Brightness, contrast, half of the inversions; of colours hue and saturation as well.
    const double expected = 1 - std::pow(0.8, channels == 1 ? 2 : 4) * 0.9;
    EXPECT_NEAR(changed / double(n), expected, 4 * std::sqrt(expected * (1 - expected) / double(n))) << channels;
  }
}

// Hue, saturation and inversion keep what they say: with p = 1, the part across grey has its length times contrast and saturation, whose logarithms to base 2
// have variances 0.25 and 1, and the mean colour is plus or minus contrast times (mean + brightness).
TEST_F(Augment, ColoursAreOfTheirDistributions) {
  const int64_t n = 4000;
  const std::vector<double> colour{0.5, -0.2, 0.1};
  const Tensor x = broadcast_to(tensor(colour, {1, 1, 1, 3}, DType::f64, context().device), {n, 2, 2, 3});
  const auto y = slice(slice(augment(x, ones({1})), 1, 0, 1), 2, 0, 1).to_doubles();
  const auto across = [](const double* c) {
    const double m = (c[0] + c[1] + c[2]) / 3;
    return std::sqrt((c[0] - m) * (c[0] - m) + (c[1] - m) * (c[1] - m) + (c[2] - m) * (c[2] - m));
  };
  double mean_log = 0, square_log = 0, inverted = 0, towards = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double l = std::log2(across(&y[size_t(3 * i)]) / across(colour.data()));
    mean_log += l / double(n), square_log += l * l / double(n);
    inverted += (y[size_t(3 * i)] + y[size_t(3 * i + 1)] + y[size_t(3 * i + 2)]) < 0;
    towards += (y[size_t(3 * i)] - y[size_t(3 * i + 1)]) > 0;
  }
  EXPECT_NEAR(mean_log, 0, 4 * std::sqrt(1.25 / double(n)));
  EXPECT_NEAR(square_log, 1.25, 4 * std::sqrt(2 * 1.25 * 1.25 / double(n)));
  EXPECT_NEAR(inverted / double(n), 0.5, 4 * std::sqrt(0.25 / double(n)));
  EXPECT_NEAR(towards / double(n), 0.5, 4 * std::sqrt(0.25 / double(n)));   // hues turn all round
}

// A picture that is a ramp of its own coordinates tells where its pixels have come from.
TEST_F(Augment, PlacesAreMovedTurnedAndScaled) {
  const int64_t n = 12000, side = 33;
  const Tensor grid = identity_grid(side, side, false, DType::f64, context().device);   // [1, side, side, 2]
  const Tensor ramp = broadcast_to(concat({grid, zeros({1, side, side, 1})}, 3), {n, side, side, 3});
  const double p = 0.3;
  const Tensor y = augment(ramp, full({1}, p));
  const auto at = [&](int64_t i, int64_t j) { return slice(slice(y, 1, i, i + 1), 2, j, j + 1).to_doubles(); };
  // Colours change too; samples whose third channel does not stay 0 are left out.
  const auto centre = at(16, 16), right = at(16, 18), low = at(18, 16);
  double same = 0, quarter = 0, mirrored = 0, area = 0, plain = 0;
  const double step = 4.0 / double(side);
  for (int64_t i = 0; i < n; ++i) {
    const double *c = &centre[size_t(3 * i)], *r = &right[size_t(3 * i)], *l = &low[size_t(3 * i)];
    if (std::abs(c[2]) > 1e-9 || std::abs(r[2]) > 1e-9) continue;   // brightness, hue
    const double xx = (r[0] - c[0]) / step, yx = (r[1] - c[1]) / step, xy = (l[0] - c[0]) / step, yy = (l[1] - c[1]) / step;
    ++plain;
    same += std::abs(xx - 1) < 1e-9 && std::abs(yy - 1) < 1e-9 && std::abs(xy) < 1e-9 && std::abs(yx) < 1e-9;
    quarter += std::abs(xx) < 1e-9 && std::abs(yy) < 1e-9 && std::abs(std::abs(xy) - 1) < 1e-9 && std::abs(std::abs(yx) - 1) < 1e-9;
    area += std::abs(std::abs(xx * yy - xy * yx) - 1) < 1e-9;
    mirrored += std::abs(xx + 1) < 1e-9 && std::abs(yy - 1) < 1e-9;
  }
  // Brightness, hue, saturation and inversion are left out. No contrast, scale, stretching or turn; then mirrored in half of p and turned by each quarter in a quarter of p.
  const double still = std::pow(1 - p, 4);
  const double turned = p / 2, unmirrored = 1 - p / 2;
  const auto expect_share = [&](const char* what, double count, double share) { EXPECT_NEAR(count / plain, share, 4 * std::sqrt(share * (1 - share) / plain)) << what; };
  const double kept = std::pow(1 - p, 3) * (1 - p / 2);
  EXPECT_NEAR(plain / double(n), kept, 4 * std::sqrt(kept * (1 - kept) / double(n)));
  expect_share("same", same, still * (unmirrored * (1 - 0.75 * p)));
  expect_share("quarter", quarter, still * turned);
  expect_share("mirrored", mirrored, still * ((1 - unmirrored) * (1 - 0.75 * p)));
  expect_share("area", area, (1 - p) * (1 - p));   // contrast and scale change it; stretching does not
}

TEST_F(Augment, CanBeDifferentiatedTwice) {
  const auto f = [](const Tensors& in) {
    seed(9);
    return Tensors{augment(in[0], full({1}, 0.9))};
  };
  for (const int64_t channels : {1, 3}) {
    const Tensors x{random_tensor({2, 5, 5, channels}, 3)};
    EXPECT_EQ(gradcheck(f, x), "");
    EXPECT_EQ(gradgradcheck(f, x), "");
  }
}

TEST_F(Augment, RefusesWhatItCannotChange) {
  EXPECT_THROW(augment(zeros({1, 4, 5, 3}), ones({1})), Error);
  EXPECT_THROW(augment(zeros({1, 4, 4, 2}), ones({1})), Error);
}

}  // namespace
}  // namespace ganymede::test
