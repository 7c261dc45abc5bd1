#include "gan/points.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede {
namespace {

Tensor points(const std::vector<double>& v, int64_t d) { return tensor(v, Shape{int64_t(v.size()) / d, d}, DType::f32, Device{}); }

bool bluish(const uint8_t* p) { return p[2] > p[0] + 60; }
bool reddish(const uint8_t* p) { return p[0] > p[2] + 60; }

// Panels of 300 pixels below a line of text, 2 pixels apart: (x, y) in [-1.3, 1.3].
const uint8_t* at(const data::Picture& sheet, int panel, double x, double y) {
  const int64_t top = sheet.height - 302, left = 2 + panel * 302;
  return sheet.at(top + int64_t((1.3 - y) / 2.6 * 300), left + int64_t((x + 1.3) / 2.6 * 300));
}

TEST(PointsSheet, ShowsDensityAndField) {
  ContextScope scope;
  const Field right{"D(x)", [](const Tensor& x) { return greater(slice(x, 1, 0, 1), zeros_like(slice(x, 1, 0, 1))); }, true};
  const auto sheet = points_sheet(points({-0.65, 0.65}, 2), points({0.5, 0.5}, 2), right);
  EXPECT_EQ(sheet.width, 2 + 2 * 302);
  EXPECT_TRUE(bluish(at(sheet, 0, -0.65, 0.65)));
  EXPECT_FALSE(bluish(at(sheet, 0, 0.65, 0.65)));
  EXPECT_TRUE(reddish(at(sheet, 1, 0.9, -0.4)));   // 1
  EXPECT_TRUE(bluish(at(sheet, 1, -0.9, -0.4)));   // 0
}

TEST(PointsSheet, ShowsDataAlone) {
  ContextScope scope;
  EXPECT_EQ(points_sheet({}, points({0.5, 0.5}, 2), {}).width, 304);
  EXPECT_EQ(points_sheet({}, points({0.5, 0.4, 0.3}, 1), {}).width, 524);
}

TEST(PointsSheet, RefusesWhatIsNoPoint) {
  ContextScope scope;
  EXPECT_THROW(points_sheet(points({1, 2, 3}, 3), {}, {}), Error);
  EXPECT_THROW(points_sheet(points({1, 2}, 2), points({1, 2}, 1), {}), Error);
  EXPECT_THROW(points_sheet({}, {}, {}), Error);
}

// Points outside the world, and numbers that are none, are left out.
TEST(PointsSheet, LeavesOutWhatLiesOutside) {
  ContextScope scope;
  const auto sheet = points_sheet(points({1e30, -1e30, NAN, INFINITY, 0, 0}, 2), {}, {});
  EXPECT_TRUE(bluish(at(sheet, 0, 0, 0)));
}

}  // namespace
}  // namespace ganymede
