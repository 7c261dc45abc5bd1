#include <cmath>
#include <set>

#include "engine/check.h"
#include "gan/data/png.h"
#include "gan/data/transform.h"
#include "tests/data/data_test_util.h"

namespace ganymede::data {
namespace {

namespace fs = std::filesystem;

std::vector<float> floats_of(const Picture& picture) {
  std::vector<float> values(picture.pixels.size());
  to_float(picture, values.data());
  return values;
}

std::vector<float> field_of(const Dataset& dataset, const char* name, int64_t index, uint64_t key = 0) {
  HostBatch batch(dataset.fields(), 1);
  Random random(key);
  dataset.read(index, random, batch, 0);
  return {batch.real(name).begin(), batch.real(name).end()};
}

Image flat_image(int64_t height, int64_t width, std::vector<float> colour) {
  Image image{height, width, static_cast<int64_t>(colour.size()), {}};
  for (int64_t i = 0; i < height * width; ++i) {
    image.values.insert(image.values.end(), colour.begin(), colour.end());
  }
  return image;
}

}  // namespace

TEST(Pairs, CutsPicturesSideBySide) {
  TemporaryFolder folder;
  const Picture wide = sample_picture(4, 8, 3);
  write(folder / "train" / "1.png", wide);
  write(folder / "val" / "1.png", sample_picture(4, 8, 3, 9));
  const std::string spec = "pairs:" + folder.path().string();
  const auto data = open_dataset(spec);
  EXPECT_EQ(field_of(*data, "a", 0), floats_of(cropped(wide, 0, 0, 4, 4)));
  EXPECT_EQ(field_of(*data, "b", 0), floats_of(cropped(wide, 0, 4, 4, 4)));
  const auto held_out = open_dataset(spec, {.split = Split::test});
  EXPECT_NE(field_of(*held_out, "a", 0), field_of(*data, "a", 0));
  write(folder / "train" / "2.png", sample_picture(4, 7, 3));
  expect_mentions(open_error(spec), {"2.png", "even width", "7"});
}

TEST(Pairs, MatchesNamesInAAndB) {
  TemporaryFolder folder;
  for (int i = 0; i < 3; ++i) {
    const std::string name = std::to_string(i) + ".png";
    write(folder / "A" / name, sample_picture(6, 6, 1, i));
    write(folder / "B" / name, sample_picture(6, 6, 3, i));
  }
  const std::string spec = "pairs:" + folder.path().string();
  const auto data = open_dataset(spec);
  EXPECT_EQ(data->field("a")->shape, (std::vector<int64_t>{6, 6, 1}));
  EXPECT_EQ(field_of(*data, "b", 2), floats_of(sample_picture(6, 6, 3, 2)));

  write(folder / "B" / "2.png", sample_picture(6, 5, 3));
  expect_mentions(open_error(spec, {.size = 4}), {"unequal size", "A/2.png is 6x6", "B/2.png is 5x6"});
  fs::remove(folder / "B" / "2.png");
  expect_mentions(open_error(spec), {"A/2.png", "no partner 2.*"});
  fs::rename(folder / "A" / "2.png", folder / "B" / "3.png");
  expect_mentions(open_error(spec), {"B/3.png", "no partner"});
  fs::copy(folder / "B" / "1.png", folder / "B" / "1.jpg");
  expect_mentions(open_error(spec), {"1.png", "1.jpg", "same name"});
  fs::remove_all(folder / "B");
  expect_mentions(open_error(spec), {"A, but no B"});
}

TEST(Pairs, BothSidesAreCutAndFlippedAlike) {
  TemporaryFolder folder;
  write(folder / "A" / "1.png", sample_picture(16, 16, 3));
  write(folder / "B" / "1.png", sample_picture(16, 16, 3));
  const auto data =
      open_dataset("pairs:" + folder.path().string(), {.size = 12, .flip = true, .load_size = 16});
  std::set<std::vector<float>> views;
  for (uint64_t key = 0; key < 50; ++key) {
    EXPECT_EQ(field_of(*data, "a", 0, key), field_of(*data, "b", 0, key));
    views.insert(field_of(*data, "a", 0, key));
  }
  EXPECT_GT(views.size(), 20u);
}

TEST(MakePairs, GivesThePictureAndWhatTheTaskMakesOfIt) {
  TemporaryFolder folder;
  const Picture picture = sample_picture(8, 8, 3);
  write(folder / "1.png", picture);
  const std::string spec = "make-pairs:" + folder.path().string();
  for (const std::string& task : transform_names()) {
    const auto data = open_dataset(spec + "," + task);
    EXPECT_EQ(field_of(*data, "b", 0), floats_of(picture)) << task;
    EXPECT_NE(field_of(*data, "a", 0), floats_of(picture)) << task;
  }
  expect_mentions(open_error(spec), {"a task", "colourise"});
  expect_mentions(open_error(spec + ",paint"), {"unknown task 'paint'", "gradients"});
  write(folder / "1.png", sample_picture(8, 8, 1));
  expect_mentions(open_error(spec + ",colourise"), {"grey"});
}

TEST(Transform, IsWhatItsNameSays) {
  Random random(1);
  const Image red = flat_image(8, 8, {1, -1, -1});
  // The grey of red's luminance, 0.2126729: 1.055 y^(1/2.4) - 0.055 = 0.498519 of the range.
  EXPECT_NEAR(transformed(red, Transform::colourise, random).values[5], 2 * 0.498519 - 1, 1e-5);
  for (float value : transformed(red, Transform::edges, random).values) EXPECT_EQ(value, 1);
  for (float value : transformed(red, Transform::gradients, random).values) EXPECT_EQ(value, 0);
  for (size_t i = 0; i < 6; ++i)
    EXPECT_NEAR(transformed(red, Transform::blur, random).values[i], red.values[i], 1e-6);

  Image half = flat_image(16, 16, {-1});
  for (size_t i = 0; i < 256; ++i) half.values[i] = i % 16 < 8 ? -1.0f : 1.0f;
  const Image slope = transformed(half, Transform::gradients, random);
  EXPECT_EQ(slope.values[2 * 7], 1);  // from column 7 to column 8, by half the range
  EXPECT_EQ(slope.values[2 * 8], 0);
  EXPECT_EQ(slope.values[2 * 7 + 1], 0);
  const Image lines = transformed(half, Transform::edges, random);
  EXPECT_LT(lines.values[7], -0.9f);
  EXPECT_EQ(lines.values[2], 1);

  std::set<int64_t> sizes;
  for (int i = 0; i < 50; ++i) {
    const Image hole = transformed(red, Transform::inpaint, random);
    const int64_t zeros = std::count(hole.values.begin(), hole.values.end(), 0.0f) / 3;
    EXPECT_GE(zeros, 2 * 2);
    EXPECT_LE(zeros, 4 * 4);
    sizes.insert(zeros);
  }
  EXPECT_GT(sizes.size(), 3u);
}

TEST(Unpaired, GoesThroughTheLargerSideAndDrawsFromTheOther) {
  TemporaryFolder folder;
  for (int i = 0; i < 5; ++i)
    write(folder / "trainA" / (std::to_string(i) + ".png"), sample_picture(4, 4, 3, i));
  for (int i = 0; i < 3; ++i)
    write(folder / "trainB" / (std::to_string(i) + ".png"), sample_picture(4, 4, 3, 5 + i));
  write(folder / "testA" / "0.png", sample_picture(4, 4, 3, 8));
  write(folder / "testB" / "0.png", sample_picture(4, 4, 3, 9));
  const std::string spec = "unpaired:" + folder.path().string();
  const auto data = open_dataset(spec);
  EXPECT_EQ(data->size(), 5);
  std::set<std::vector<float>> partners;
  for (uint64_t key = 0; key < 30; ++key) {
    EXPECT_EQ(field_of(*data, "a", 3, key), floats_of(sample_picture(4, 4, 3, 3)));
    partners.insert(field_of(*data, "b", 3, key));
  }
  EXPECT_EQ(partners.size(), 3u);
  const auto held_out = open_dataset(spec, {.split = Split::test});
  EXPECT_EQ(field_of(*held_out, "b", 0), floats_of(sample_picture(4, 4, 3, 9)));
  fs::remove_all(folder / "trainB");
  expect_mentions(open_error(spec), {"trainB"});
  fs::create_directory(folder / "trainB");
  expect_mentions(open_error(spec), {"trainB", "empty"});
}

}  // namespace ganymede::data
