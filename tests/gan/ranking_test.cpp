#include "gan/metrics/ranking.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace ganymede::metrics {
namespace {

TEST(Ranking, AurocIsTheShareOfPairsInOrder) {
  std::mt19937 random(3);
  std::vector<double> below, above;
  for (int i = 0; i < 40; ++i) below.push_back(double(random() % 12));
  for (int i = 0; i < 25; ++i) above.push_back(double(random() % 15));
  double won = 0;
  for (const double a : above)
    for (const double b : below) won += a > b ? 1 : a == b ? 0.5 : 0;
  EXPECT_NEAR(auroc(below, above), won / 1000, 1e-12);
  EXPECT_NEAR(auroc(above, below), 1 - won / 1000, 1e-12);
  EXPECT_EQ(auroc({1, 2}, {3}), 1);
  EXPECT_EQ(auroc({5, 5}, {5}), 0.5);
  EXPECT_TRUE(std::isnan(auroc({}, {1})));
  EXPECT_TRUE(std::isnan(auroc({1}, {})));
}

TEST(Ranking, AThresholdIsExceededByItsShare) {
  std::vector<double> scores;
  for (int i = 1; i <= 100; ++i) scores.push_back(101 - i);
  EXPECT_EQ(exceeded_by(scores, 0.05), 95);    // 96 to 100 do
  EXPECT_EQ(exceeded_by(scores, 0), 100);
  EXPECT_EQ(exceeded_by(scores, 1), 1);
  EXPECT_EQ(exceeded_by({7}, 0.05), 7);
  EXPECT_TRUE(std::isnan(exceeded_by({}, 0.05)));
}

}  // namespace
}  // namespace ganymede::metrics
