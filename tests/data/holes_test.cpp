// Holes over pictures: what they look like, that samples follow from their keys alone, and what is refused.
#include <algorithm>

#include "engine/check.h"
#include "gan/data/dataset.h"
#include "gan/data/holes.h"
#include "tests/data/data_test_util.h"

namespace ganymede::data {
namespace {

double share(const std::vector<float>& mask) { return double(std::count(mask.begin(), mask.end(), 1.0f)) / double(mask.size()); }

// The smallest rectangle around the hole: height, width.
std::pair<int64_t, int64_t> extent(const std::vector<float>& mask, int64_t height, int64_t width) {
  int64_t top = height, bottom = 0, left = width, right = 0;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      if (mask[size_t(y * width + x)] == 1) top = std::min(top, y), bottom = std::max(bottom, y + 1), left = std::min(left, x), right = std::max(right, x + 1);
  return {bottom - top, right - left};
}

TEST(Holes, BoxesAreThreeEighthsToAHalfOfEachSide) {
  int64_t least = 64, most = 0;
  for (uint64_t key = 0; key < 300; ++key) {
    Random random(key);
    const auto mask = drawn_hole(Hole::box, 64, 32, random);
    const auto [h, w] = extent(mask, 64, 32);
    EXPECT_EQ(double(h * w), share(mask) * 64 * 32) << "a full rectangle";
    EXPECT_TRUE(h >= 24 && h <= 32 && w >= 12 && w <= 16) << h << "x" << w;
    least = std::min(least, h), most = std::max(most, h);
  }
  EXPECT_EQ(least, 24);
  EXPECT_EQ(most, 32);
}

// At 64 px the brush is 3 to 10 px wide; what strokes cover together and how high and wide they run says whether they are as wide as that and go back and forth.
TEST(Holes, StrokesAreAsWideAsTheBrushAndRunInEveryDirection) {
  double total = 0, left = 0, top = 0, height = 0, width = 0;
  for (uint64_t key = 0; key < 400; ++key) {
    Random random(key);
    const auto mask = drawn_hole(Hole::free, 64, 64, random);
    total += share(mask);
    const auto [h, w] = extent(mask, 64, 64);
    EXPECT_GE(std::max(h, w), 3);
    height += double(h) / 400, width += double(w) / 400;
    for (size_t i = 0; i < mask.size(); ++i) left += mask[i] * (i % 64 < 32), top += mask[i] * (i / 64 < 32);
  }
  EXPECT_NEAR(total / 400, 0.165, 0.03) << "a brush of 12 to 40 px for 256 px";
  EXPECT_LT(height / width, 1.2) << height << " " << width << ": back and forth, not straight on";
  EXPECT_NEAR(left / (total * 64 * 64), 0.5, 0.05);
  EXPECT_NEAR(top / (total * 64 * 64), 0.5, 0.05);
}

TEST(Holes, AreNeverEmptyNorEverything) {
  for (const Hole kind : {Hole::free, Hole::box, Hole::both})
    for (uint64_t key = 0; key < 500; ++key) {
      Random random(key);
      const double part = share(drawn_hole(kind, 8, 9, random));
      EXPECT_TRUE(part > 0 && part < 1);
    }
}

TEST(Holes, BothHoldsABoxAndStrokes) {
  double both = 0, free = 0, box = 0;
  for (uint64_t key = 0; key < 200; ++key) {
    Random a(key), b(key), c(key);
    both += share(drawn_hole(Hole::both, 32, 32, a)), free += share(drawn_hole(Hole::free, 32, 32, b)), box += share(drawn_hole(Hole::box, 32, 32, c));
  }
  EXPECT_GT(both, 1.2 * std::max(free, box));
  EXPECT_LT(both, free + box);
}

TEST(Holes, ComeBesideEverythingThatTheSetHas) {
  const Options o{.size = 16, .seed = 4};
  const auto set = open_dataset("holes:both,shapes:single,label=both", o), bare = open_dataset("shapes:single,label=both", o);
  ASSERT_EQ(set->fields().size(), bare->fields().size() + 1);
  EXPECT_EQ(set->field("mask")->shape, (std::vector<int64_t>{16, 16, 1}));
  EXPECT_EQ(set->class_names(), bare->class_names());
  HostBatch with(set->fields(), 1), without(bare->fields(), 1);
  Random a(1), b(1);
  set->read(3, a, with, 0), bare->read(3, b, without, 0);
  EXPECT_TRUE(std::ranges::equal(with.real("image"), without.real("image")));
  EXPECT_EQ(with.integer("label")[0], without.integer("label")[0]);
  for (const float v : with.real("mask")) EXPECT_TRUE(v == 0 || v == 1);
  EXPECT_EQ(sample_text(*set, 3, 1), sample_text(*set, 3, 1));
  EXPECT_NE(sample_text(*set, 3, 1), sample_text(*set, 3, 2)) << "another hole each time";
}

TEST(Holes, OfPairsThePictureIsSideB) {
  const Options o{.size = 16, .seed = 4};
  const auto set = open_dataset("holes:free,landscapes", o), pairs = open_dataset("landscapes", o);
  ASSERT_EQ(set->fields().size(), 2u);
  HostBatch with(set->fields(), 1), pair(pairs->fields(), 1);
  Random a(1), b(1);
  set->read(5, a, with, 0), pairs->read(5, b, pair, 0);
  EXPECT_TRUE(std::ranges::equal(with.real("image"), pair.real("b")));
}

TEST(Holes, SayWhatIsWrong) {
  expect_mentions(error_of([] { open_dataset("holes:shapes"); }), {"comma", "holes:both,folder:DIR"});
  expect_mentions(error_of([] { open_dataset("holes:round,shapes"); }), {"unknown kind of hole 'round'", "free, box, both"});
  expect_mentions(error_of([] { open_dataset("holes:free,mixture:ring8"); }), {"no pictures"});
}

}  // namespace
}  // namespace ganymede::data
