// Drawn landscapes: maps and pictures fit, the light is all of a picture's, samples come from the seed, the split and the index alone.
#include <set>

#include "engine/check.h"
#include "gan/data/landscape.h"
#include "tests/data/data_test_util.h"

namespace ganymede::data {
namespace {

constexpr int64_t kSize = 48;

struct Sample {
  std::vector<int64_t> semantic;
  std::vector<float> image;
};
Sample sample(const Dataset& set, int64_t index, uint64_t key = 0) {
  HostBatch batch(set.fields(), 1);
  Random random(key);
  set.read(index, random, batch, 0);
  EXPECT_EQ(set.palette().read(to_picture(batch.real("a").data(), kSize, kSize, 3)), std::vector<int64_t>(batch.integer("semantic").begin(), batch.integer("semantic").end()));
  return {{batch.integer("semantic").begin(), batch.integer("semantic").end()}, {batch.real("b").begin(), batch.real("b").end()}};
}

Landscape bare() {
  Landscape l;
  l.noise = 3, l.zenith = l.haze = {0.2f, 0.4f, 0.8f}, l.sun = {1, 1, 1};
  return l;
}
bool shows(const LandscapeRendering& r, Land land) { return std::count(r.semantic.begin(), r.semantic.end(), int64_t(land)) > 0; }

TEST(Landscapes, EveryKindOfLandIsThereWhenItIsAskedFor) {
  Landscape l = bare();
  const LandscapeRendering plain = render(l, kSize, {});
  EXPECT_EQ(std::set<int64_t>(plain.semantic.begin(), plain.semantic.end()), (std::set<int64_t>{int64_t(Land::sky), int64_t(Land::grass)}));
  EXPECT_EQ(plain.semantic.front(), int64_t(Land::sky));
  EXPECT_EQ(plain.semantic.back(), int64_t(Land::grass));
  l.peak = 0.3, l.wood = 0.1, l.shore = 0.8, l.clouds = {{0.5, 0.1, 0.2, 0.1}};
  const LandscapeRendering all = render(l, kSize, {});
  for (const Land land : {Land::sky, Land::cloud, Land::mountain, Land::forest, Land::grass, Land::water}) EXPECT_TRUE(shows(all, land)) << int(land);
  EXPECT_FALSE(shows(all, Land::sand));
  l.beach = 0.05;
  EXPECT_TRUE(shows(render(l, kSize, {}), Land::sand));
}

// What a place is does not follow from the light; how it looks does.
TEST(Landscapes, LightIsOfTheWholePicture) {
  Landscape day = bare(), night = bare();
  night.sun = {0.3f, 0.3f, 0.5f}, night.zenith = night.haze = {0.05f, 0.05f, 0.1f};
  const LandscapeRendering a = render(day, kSize, {}), b = render(night, kSize, {});
  EXPECT_EQ(a.semantic, b.semantic);
  for (size_t i = 0; i < a.image.size(); ++i) EXPECT_LT(b.image[i], a.image[i]) << i;
  day.autumn = 1;
  const LandscapeRendering late = render(day, kSize, {});
  EXPECT_EQ(late.image[0], a.image[0]);                       // the sky
  EXPECT_GT(late.image[late.image.size() - 3], a.image[a.image.size() - 3]);   // red of the grass
}

TEST(Landscapes, WindowsCutAndMirror) {
  Random random(5);
  const Landscape l = draw_landscape(true, random);
  const LandscapeRendering whole = render(l, kSize, {}), mirrored = render(l, kSize, {.mirrored = true}), part = render(l, kSize / 2, {0.5, 0.25, 0.5, false});
  for (int64_t y = 0; y < kSize; ++y)
    for (int64_t x = 0; x < kSize; ++x) {
      const size_t at = size_t(y * kSize + x), other = size_t(y * kSize + kSize - 1 - x);
      EXPECT_EQ(whole.semantic[at], mirrored.semantic[other]);
      for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(whole.image[3 * at + c], mirrored.image[3 * other + c], 1e-6);
    }
  for (int64_t y = 0; y < kSize / 2; ++y)
    for (int64_t x = 0; x < kSize / 2; ++x) EXPECT_EQ(part.semantic[size_t(y * kSize / 2 + x)], whole.semantic[size_t((y + kSize / 4) * kSize + x + kSize / 2)]);
}

TEST(Landscapes, AtNoonAKindOfLandHasItsColours) {
  const auto noon = open_dataset("landscapes:light=noon", {.size = kSize}), any = open_dataset("landscapes", {.size = kSize});
  const auto spread = [](const Dataset& set) {   // of the mean red of a picture's grass
    double least = 1, most = -1;
    for (int64_t i = 0; i < 40; ++i) {
      const Sample s = sample(set, i);
      double sum = 0, count = 0;
      for (size_t k = 0; k < s.semantic.size(); ++k)
        if (s.semantic[k] == int64_t(Land::grass)) sum += s.image[3 * k], ++count;
      if (count > 200) least = std::min(least, sum / count), most = std::max(most, sum / count);
    }
    return most - least;
  };
  EXPECT_LT(spread(*noon), 0.25);
  EXPECT_GT(spread(*any), 0.5);
}

TEST(Landscapes, SamplesFollowFromSeedSplitAndIndex) { expect_drawn_scenes("landscapes"); }

TEST(Landscapes, SaysWhatIsWrong) {
  expect_mentions(error_of([] { open_dataset("landscapes:hills"); }), {"count=N", "light=any or noon", "hills"});
  expect_mentions(error_of([] { open_dataset("landscapes:light=dusk"); }), {"light", "dusk", "noon"});
  expect_mentions(error_of([] { open_dataset("landscapes", {.size = 8}); }), {"16 to 512", "8"});
}

}  // namespace
}  // namespace ganymede::data
