// Drawn rooms: normals are those of what is seen, light follows them, and samples come from the seed, the split and the index alone.
#include <cmath>
#include <set>

#include "engine/check.h"
#include "gan/data/solid_scene.h"
#include "tests/data/data_test_util.h"

namespace ganymede::data {
namespace {

constexpr double kFocal = 1.3;

Surface white() { return {Texture::plain, {1, 1, 1}, {1, 1, 1}, 1, 0}; }
Room empty_room() {
  Room room;
  room.walls = {{{0, -1, 0}, 1, white()}, {{0, 0, 1}, 4, white()}};
  room.light = {0, -0.6, 0.8}, room.tint = {1, 1, 1}, room.ambient = 0.3, room.pitch = 0;
  return room;
}
Vector pixel(const RoomRendering& r, int64_t size, int64_t row, int64_t column) {
  const size_t at = static_cast<size_t>(3 * (row * size + column));
  return {r.normals[at], r.normals[at + 1], r.normals[at + 2]};
}
Vector ray(int64_t size, int64_t row, int64_t column) {
  const auto at = [size](int64_t i) { return (2 * static_cast<double>(i) + 1) / static_cast<double>(size) - 1; };
  return {at(column), at(row), -kFocal};
}

TEST(Solids, AFloorLooksUpAndAWallLooksBack) {
  Room room = empty_room();
  room.pitch = 0.3;
  const RoomRendering r = render(room, 16, {});
  const Vector floor = pixel(r, 16, 15, 8), wall = pixel(r, 16, 0, 8);
  EXPECT_NEAR(floor[1], -std::cos(0.3), 1e-6);
  EXPECT_NEAR(floor[2], std::sin(0.3), 1e-6);
  EXPECT_NEAR(wall[1], std::sin(0.3), 1e-6);
  EXPECT_NEAR(wall[2], std::cos(0.3), 1e-6);
}

// The point of a sphere with that normal lies on the pixel's ray, on the near side.
TEST(Solids, NormalsOfASphereBelongToThePointThatIsSeen) {
  Room room = empty_room();
  room.solids = {{true, {0.4, 0.3, -2.5}, {0.7, 0.7, 0.7}, 0, white()}};
  const RoomRendering r = render(room, 32, {});
  int seen = 0;
  for (int64_t row = 0; row < 32; ++row)
    for (int64_t column = 0; column < 32; ++column) {
      const Vector n = pixel(r, 32, row, column), d = ray(32, row, column);
      if (n == Vector{0, -1, 0} || n == Vector{0, 0, 1}) continue;
      ++seen;
      Vector p;
      for (size_t i = 0; i < 3; ++i) p[i] = room.solids[0].centre[i] + 0.7 * n[i];
      const double t = p[2] / d[2];
      EXPECT_NEAR(p[0], t * d[0], 1e-5);
      EXPECT_NEAR(p[1], t * d[1], 1e-5);
      EXPECT_LT(n[0] * d[0] + n[1] * d[1] + n[2] * d[2], 0);
    }
  EXPECT_GT(seen, 100);
}

TEST(Solids, ABoxShowsThreeOfItsFaces) {
  Room room = empty_room();
  room.walls.resize(2);
  room.solids = {{false, {0, 0.6, -2}, {0.4, 0.4, 0.4}, 0.6, white()}};
  const RoomRendering r = render(room, 64, {});
  std::set<std::vector<int>> found;
  for (int64_t i = 0; i < 64 * 64; ++i) {
    const Vector n = pixel(r, 64, i / 64, i % 64);
    found.insert({int(std::lround(1000 * n[0])), int(std::lround(1000 * n[1])), int(std::lround(1000 * n[2]))});
  }
  const int c = int(std::lround(1000 * std::cos(0.6))), s = int(std::lround(1000 * std::sin(0.6)));
  EXPECT_EQ(found, (std::set<std::vector<int>>{{0, -1000, 0}, {0, 0, 1000}, {s, 0, c}, {-c, 0, s}}));  // its top looks up like the floor
}

TEST(Solids, LightFollowsTheNormals) {
  const Room room = empty_room();
  const RoomRendering r = render(room, 16, {});
  for (const int64_t row : {2, 13}) {
    const Vector n = pixel(r, 16, row, 5);
    const double facing = std::max(0.0, -0.6 * n[1] + 0.8 * n[2]);
    EXPECT_NEAR(r.image[static_cast<size_t>(3 * (row * 16 + 5))], 2 * (0.3 + 0.7 * facing) - 1, 1e-6) << row;
  }
}

TEST(Solids, NormalsAreUnitVectorsThatFaceTheEye) {
  const auto set = open_dataset("solids:objects=4", {.size = 24});
  HostBatch batch(set->fields(), 1);
  for (int64_t i = 0; i < 30; ++i) {
    Random random(1);
    set->read(i, random, batch, 0);
    const auto n = batch.real("a");
    for (int64_t p = 0; p < 24 * 24; ++p) {
      const size_t at = static_cast<size_t>(3 * p);
      const Vector d = ray(24, p / 24, p % 24);
      EXPECT_NEAR(std::hypot(n[at], n[at + 1], n[at + 2]), 1, 1e-6);
      EXPECT_LT(n[at] * d[0] + n[at + 1] * d[1] + n[at + 2] * d[2], 0);
    }
    for (const float v : batch.real("b")) ASSERT_TRUE(v >= -1 && v <= 1);
  }
}

TEST(Solids, MirroringTurnsPictureAndNormalsRound) {
  Random random(5);
  const Room room = draw_room(3, random);
  const RoomRendering plain = render(room, 16, {}), mirrored = render(room, 16, {.mirrored = true});
  for (int64_t row = 0; row < 16; ++row)
    for (int64_t column = 0; column < 16; ++column) {
      const Vector n = pixel(plain, 16, row, column), m = pixel(mirrored, 16, row, 15 - column);
      EXPECT_EQ(m, (Vector{n[0] == 0 ? m[0] : -n[0], n[1], n[2]}));
      EXPECT_EQ(plain.image[static_cast<size_t>(3 * (row * 16 + column))], mirrored.image[static_cast<size_t>(3 * (row * 16 + 15 - column))]);
    }
}

TEST(Solids, SamplesFollowFromSeedSplitAndIndex) { expect_drawn_scenes("solids"); }

TEST(Solids, SaysWhatIsWrong) {
  expect_mentions(error_of([] { open_dataset("solids:rooms"); }), {"count=N", "rooms"});
  expect_mentions(error_of([] { open_dataset("solids:objects=9"); }), {"objects", "9", "8"});
  expect_mentions(error_of([] { open_dataset("solids", {.size = 8}); }), {"16 to 256", "8"});
}

}  // namespace
}  // namespace ganymede::data
