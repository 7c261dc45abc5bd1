#include <cmath>
#include <set>

#include "engine/check.h"
#include "gan/data/mixture.h"
#include "gan/data/png.h"
#include "gan/data/resize.h"
#include "gan/data/transform.h"
#include "tests/data/data_test_util.h"

namespace ganymede::data {
namespace {

namespace fs = std::filesystem;

}  // namespace

TEST(Degradation, KeepsConstantsAndPlaces) {
  Random random(1);
  for (const std::string& name : degradation_names()) {
    const Degradation degradation = degradation_named(name);
    if (is_chance(degradation)) continue;
    const Image flat{12, 12, 1, std::vector<float>(144, 0.25f)};
    const Image small = degraded(flat, 3, degradation, random);
    EXPECT_EQ(small.height, 4);
    for (float value : small.values) EXPECT_NEAR(value, 0.25f, 1e-6) << name;
    Image left{12, 12, 1, std::vector<float>(144, -1)};
    for (size_t i = 0; i < 144; ++i) left.values[i] = i % 12 < 6 ? 1.0f : -1.0f;
    const Image half = degraded(left, 3, degradation, random);
    EXPECT_GT(half.values[0], 0.9f) << name;
    EXPECT_LT(half.values[3], -0.9f) << name;
  }
  const Image odd{9, 12, 1, std::vector<float>(108)};
  expect_mentions(error_of([&] { degraded(odd, 4, Degradation::area, random); }), {"12x9", "4 times"});
}

// Files and drawn scenes alike: the high picture stays, the low one is drawn anew with each key.
TEST(SuperResolution, RealReductionsAreDrawnAnew) {
  TemporaryFolder folder;
  write(folder / "1.png", sample_picture(32, 32, 3));
  for (const std::string& spec : {"sr:" + folder.path().string() + ",4,real", std::string("shapes:sr,scale=4,count=2,degradation=real")}) {
    const auto data = open_dataset(spec, {.size = 32});
    const HostBatch first = sample_of(*data, 0, 1), again = sample_of(*data, 0, 1), other = sample_of(*data, 0, 2);
    const auto values = [](const HostBatch& b, const char* field) { const auto v = b.real(field); return std::vector<float>(v.begin(), v.end()); };
    EXPECT_EQ(values(first, "high"), values(other, "high")) << spec;
    EXPECT_EQ(values(first, "low"), values(again, "low")) << spec;
    EXPECT_NE(values(first, "low"), values(other, "low")) << spec;
  }
}

TEST(SuperResolution, CutsPartsAndReducesThem) {
  TemporaryFolder folder;
  write(folder / "1.png", sample_picture(20, 30, 3));
  const std::string spec = "sr:" + folder.path().string();
  const auto data = open_dataset(spec + ",4,area", {.size = 8});
  EXPECT_EQ(data->field("high")->shape, (std::vector<int64_t>{8, 8, 3}));
  EXPECT_EQ(data->field("low")->shape, (std::vector<int64_t>{2, 2, 3}));
  const HostBatch batch = sample_of(*data, 0);
  double mean = 0;
  for (size_t y = 0; y < 4; ++y) {
    for (size_t x = 0; x < 4; ++x) mean += batch.real("high")[(y * 8 + x) * 3 + 1] / 16;
  }
  EXPECT_NEAR(batch.real("low")[1], mean, 1e-5);
  EXPECT_NE(sample_of(*data, 0, 1).real("high")[0], sample_of(*data, 0, 2).real("high")[0]);

  for (const std::string& data : {spec + ",3", std::string("shapes:sr,scale=3")}) {  // a standard size gives way to the scale, one that was asked for does not
    EXPECT_EQ(open_dataset(data, {.size = 20, .size_asked_for = false})->field("high")->shape[0], 18) << data;
    expect_mentions(open_error(data, {.size = 20}), {"20", "multiple of the scale 3"});
  }
  const auto whole = open_dataset(spec + ",8");  // the rest beyond a multiple of the scale goes
  EXPECT_EQ(whole->field("high")->shape, (std::vector<int64_t>{16, 24, 3}));
  expect_mentions(whole->describe(), {"reduced 8 times (bicubic)"});
}

TEST(SuperResolution, WrongSettingsAreNamed) {
  TemporaryFolder folder;
  write(folder / "1.png", sample_picture(20, 30, 3));
  const std::string spec = "sr:" + folder.path().string();
  expect_mentions(open_error(spec), {"a scale from 2 to 16", "sr:DIR,4"});
  expect_mentions(open_error(spec + ",1"), {"2 to 16"});
  expect_mentions(open_error(spec + ",4,cubist"), {"unknown degradation 'cubist'", "bicubic"});
  expect_mentions(open_error(spec + ",3", {.size = 8}), {"size is 8", "multiple of the scale 3"});
  expect_mentions(open_error(spec + ",4", {.size = 24}), {"1.png", "30x20", "24x24", "--size"});
  expect_mentions(open_error(spec + ",4", {.size = 8, .load_size = 9}), {"not scaled"});
}

TEST(SuperResolution, PartnersStayAligned) {
  TemporaryFolder folder;
  Picture low(7, 9, 1);
  for (size_t i = 0; i < low.pixels.size(); ++i) low.pixels[i] = static_cast<uint8_t>(4 * i);
  write(folder / "low" / "1.png", low);
  write(folder / "high" / "1.png", resized(low, 21, 27, Filter::box));  // every pixel nine times
  const std::string spec = "sr-pairs:" + folder.path().string() + ",3";
  const auto data = open_dataset(spec, {.size = 12, .flip = true});
  std::set<float> corners;
  for (uint64_t key = 0; key < 60; ++key) {
    const HostBatch batch = sample_of(*data, 0, key);
    for (size_t y = 0; y < 12; ++y) {
      for (size_t x = 0; x < 12; ++x)
        EXPECT_EQ(batch.real("high")[y * 12 + x], batch.real("low")[y / 3 * 4 + x / 3]);
    }
    corners.insert(batch.real("low")[0]);
  }
  EXPECT_GT(corners.size(), 20u);  // of 4 * 6 * 2
  write(folder / "high" / "1.png", Picture(21, 26, 1));
  expect_mentions(open_error(spec, {.size = 12}), {"low/1.png", "9x7", "8x7"});
  write(folder / "high" / "2.png", Picture(21, 27, 1));
  expect_mentions(open_error(spec, {.size = 12}), {"2 pictures in high", "1 in low"});
  expect_mentions(open_dataset("sr-unpaired:" + folder.path().string() + ",3", {.size = 12})->describe(),
                  {"2 pictures and 1 other 3 times smaller"});
}

TEST(SingleImage, KeepsItsProportions) {
  TemporaryFolder folder;
  write(folder / "a.png", sample_picture(20, 30, 4));
  const std::string spec = "image:" + (folder / "a.png").string();
  EXPECT_EQ(open_dataset(spec)->fields()[0].shape, (std::vector<int64_t>{20, 30, 3}));
  const auto small = open_dataset(spec, {.size = 12});
  EXPECT_EQ(small->fields()[0].shape, (std::vector<int64_t>{8, 12, 3}));
  EXPECT_EQ(small->size(), 1);
  expect_mentions(small->describe(), {"20x30 scaled to 8x12"});
  expect_mentions(open_error("image:" + (folder / "b.png").string()), {"b.png", "No such file"});
}

TEST(Mixture, PointsLieRoundTheirCentres) {
  for (const char* name : {"gaussian", "two", "five", "ring8", "grid25", "spiral", "ring5", "arc10"}) {
    const Mixture& mixture = mixture_named(name);
    const auto data = open_dataset(std::string("mixture:") + name + ",count=20000", {.seed = 3});
    EXPECT_EQ(data->classes(), static_cast<int64_t>(mixture.centres.size()));
    double squares = 0;
    std::vector<int> counts(mixture.centres.size());
    constexpr int kCount = 4000;
    for (int i = 0; i < kCount; ++i) {
      const HostBatch batch = sample_of(*data, i);
      const size_t mode = static_cast<size_t>(batch.integer("label")[0]);
      counts[mode]++;
      for (size_t d = 0; d < mixture.dimensions(); ++d) {
        squares += std::pow(batch.real("point")[d] - mixture.centres[mode][d], 2);
        EXPECT_LT(std::abs(batch.real("point")[d]), 1.2);
      }
    }
    const double deviation = std::sqrt(squares / (kCount * static_cast<double>(mixture.dimensions())));
    EXPECT_NEAR(deviation / mixture.deviation, 1, 0.05) << name;
    const double expected = kCount / static_cast<double>(counts.size());
    for (int count : counts) EXPECT_NEAR(count, expected, 5 * std::sqrt(expected)) << name;
    EXPECT_EQ(sample_text(*data, 5), sample_text(*data, 5, 99));  // nothing to augment
  }
  const auto moons = open_dataset("mixture:moons,deviation=0.001");
  EXPECT_EQ(moons->classes(), 2);
  EXPECT_EQ(mixture_of("mixture:moons,count=9,deviation=0.001").deviation, 0.001);
  for (int i = 0; i < 100; ++i) {  // both halves of a circle of 0.6 round (-0.3, -0.15), or round (0.3, 0.15)
    const HostBatch batch = sample_of(*moons, i);
    const double side = batch.integer("label")[0] ? -1 : 1;
    EXPECT_NEAR(std::hypot(batch.real("point")[0] + 0.3 * side, batch.real("point")[1] + 0.15 * side), 0.6, 0.01);
  }
  expect_mentions(open_error("mixture:ring8,deviation=0"), {"deviation"});
  expect_mentions(open_error("mixture:ring9"), {"unknown mixture 'ring9'", "ring8"});
  expect_mentions(open_error("mixture:ring8,modes=3"), {"unknown setting 'modes'"});
  expect_mentions(open_error("mixture:ring8", {.size = 32}), {"not for points"});
}

TEST(Mixture, UnpairedSidesAreDrawnApart) {
  const auto data = open_dataset("mixture:unpaired,a=ring5,b=arc10,count=20000", {.seed = 3});
  EXPECT_EQ(data->classes(), 5);
  std::vector<std::vector<double>> together(5, std::vector<double>(10));
  constexpr int kCount = 5000;
  for (int i = 0; i < kCount; ++i) {
    const HostBatch batch = sample_of(*data, i);
    for (const auto& [side, name, label] : {std::tuple{"a", "ring5", "label"}, std::tuple{"b", "arc10", "label_b"}}) {
      const Mixture& mixture = mixture_named(name);
      const auto& centre = mixture.centres[size_t(batch.integer(label)[0])];
      for (size_t d = 0; d < 2; ++d) EXPECT_LT(std::abs(batch.real(side)[d] - centre[d]), 6 * mixture.deviation);
    }
    ++together[size_t(batch.integer("label")[0])][size_t(batch.integer("label_b")[0])];
  }
  for (const auto& row : together)
    for (const double n : row) EXPECT_NEAR(n, kCount / 50.0, 5 * std::sqrt(kCount / 50.0));
  expect_mentions(open_error("mixture:unpaired,a=five"), {"a=five is in 1-D and b=arc10 in 2-D"});
  expect_mentions(open_error("mixture:unpaired,a=ring9"), {"unknown mixture 'ring9'"});
  expect_mentions(open_error("mixture:unpaired,deviation=1"), {"unknown setting 'deviation'"});
}

}  // namespace ganymede::data
