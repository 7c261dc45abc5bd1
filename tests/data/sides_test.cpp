#include <set>

#include "engine/check.h"
#include "gan/data/dataset.h"
#include "tests/data/data_test_util.h"

namespace ganymede::data {
namespace {

std::vector<float> values(const HostBatch& one, const std::string& field) { return {one.real(field).begin(), one.real(field).end()}; }

// a has the attribute and b has it not, the sample's own picture stands on its side, and what is told of a picture belongs to it.
TEST(Sides, EachPictureIsOnItsSideBesideOneOfTheOther) {
  const Options options{.size = 16, .seed = 3};
  const auto set = open_dataset("sides:hat,shapes:faces,count=12", options), whole = open_dataset("shapes:faces,count=12", options);
  ASSERT_EQ(set->size(), 12);
  EXPECT_EQ(set->attribute_names(), std::vector<std::string>{"hat"});
  const size_t hat = 5;
  std::set<std::vector<float>> others;
  for (int64_t i = 0; i < 12; ++i) {
    const HostBatch truth = sample_of(*whole, i, 0);
    const bool with = truth.real("attributes")[hat] == 1;
    EXPECT_EQ(set->attributes(i), std::vector<float>{with ? 1.0f : 0.0f});
    for (uint64_t key = 0; key < 4; ++key) {
      const HostBatch one = sample_of(*set, i, key);
      EXPECT_EQ(values(one, "image"), values(truth, "image"));
      EXPECT_EQ(values(one, "attributes"), std::vector<float>{with ? 1.0f : 0.0f});
      EXPECT_EQ(one.integer("label")[0], truth.integer("label")[0]);
      EXPECT_GT(one.integer("label_a")[0], 0);   // a hat's colour
      EXPECT_EQ(one.integer("label_b")[0], 0);
      EXPECT_EQ(values(one, with ? "a" : "b"), values(truth, "image"));
      EXPECT_EQ(values(one, with ? "hat_a" : "hat_b"), values(truth, "hat"));
      if (i == 0) others.insert(values(one, with ? "b" : "a"));
    }
  }
  EXPECT_GT(others.size(), 1u);
  // In a test split always the same ones, though there are several to choose from.
  const auto test = open_dataset("sides:hat,shapes:faces,count=200", {.size = 16, .seed = 3, .split = Split::test});
  std::set<std::vector<float>> beside;
  for (int64_t i = 0; i < test->size(); ++i) {
    for (uint64_t key = 2; key < 8; ++key)
      for (const char* side : {"a", "b"}) EXPECT_EQ(values(sample_of(*test, i, 1), side), values(sample_of(*test, i, key), side));
    beside.insert(values(sample_of(*test, i, 1), "a"));
  }
  EXPECT_GT(beside.size(), 2u);
}

TEST(Sides, SayWhatIsWrong) {
  expect_mentions(error_of([] { open_dataset("sides:hat"); }), {"comma", "celeba"});
  expect_mentions(error_of([] { open_dataset("sides:cap,shapes:faces"); }), {"no attribute 'cap'", "hat"});
  expect_mentions(error_of([] { open_dataset("sides:frame,shapes:faces,count=9", {.size = 16}); }), {"no picture has frame"});
  expect_mentions(error_of([] { open_dataset("sides:large,shapes:faces,count=9", {.size = 16}); }), {"no picture is without large"});
  expect_mentions(error_of([] { open_dataset("sides:hat,shapes:pairs"); }), {"no field image"});
}

// Hats of any colour, which alone tells a face in a hat from one without: the rest of the scene is where it was.
TEST(Faces, AreDiscsInTheMiddleAndHatsLieWhereTheyAreSaidTo) {
  const auto set = open_dataset("shapes:faces,count=200", {.size = 32});
  EXPECT_EQ(set->class_names().at(3), "yellow hat");
  std::set<int64_t> labels;
  double with = 0, coloured = 0;
  for (int64_t i = 0; i < set->size(); ++i) {
    const HostBatch one = sample_of(*set, i, 0);
    labels.insert(one.integer("label")[0]);
    const auto place = one.real("hat"), image = one.real("image");
    EXPECT_EQ(place[31 * 32 + 16], 0);
    double inside = 0;
    for (size_t p = 0; p < place.size(); ++p) inside += place[p];
    EXPECT_GT(inside, 20);
    EXPECT_LT(inside, 260);
    // The ground's colour is that of the lower left corner; outside of a hat's place the upper rows are ground.
    double differs = 0;
    for (size_t p = 0; p < 5 * 32; ++p)
      for (size_t c = 0; c < 3; ++c) differs = std::max(differs, place[p] == 1 ? 0.0 : std::abs(double(image[3 * p + c] - image[3 * 31 * 32 + c])));
    EXPECT_LT(differs, 0.02) << i;
    with += one.real("attributes")[5], coloured += one.integer("label")[0] > 0;
  }
  EXPECT_EQ(labels.size(), 9u);
  EXPECT_EQ(with, coloured);
  EXPECT_NEAR(with / 200, 0.5, 0.12);
}

}  // namespace
}  // namespace ganymede::data
