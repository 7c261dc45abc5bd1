// The sets made of drawn shapes: tasks, settings, augmentation, the store.
#include <time.h>

#include <cmath>
#include <set>

#include "engine/check.h"
#include "gan/data/drawn_store.h"
#include "gan/data/shape_text.h"
#include "tests/data/data_test_util.h"

namespace ganymede::data {
namespace {

}  // namespace

// Labels of both are the caption's colour and shape.
TEST(Shapes, LabelsNameShapesColoursOrBoth) {
  const auto shape = open_dataset("shapes:single", {.size = 16}), colour = open_dataset("shapes:single,label=colour", {.size = 16}), both = open_dataset("shapes:single,label=both", {.size = 16});
  EXPECT_EQ(both->classes(), 64);
  for (int64_t i = 0; i < 20; ++i) {
    const auto name_of = [i](const Dataset& set) {
      HostBatch batch(set.fields(), 1);
      Random random(5);
      set.read(i, random, batch, 0);
      return std::pair{set.class_names().at(static_cast<size_t>(batch.integer("label")[0])), " " + batch.text("caption")[0] + " "};
    };
    const auto [name, caption] = name_of(*both);
    EXPECT_EQ(name, name_of(*colour).first + " " + name_of(*shape).first);
    for (const auto& word : {name_of(*colour).first, name_of(*shape).first}) EXPECT_NE(caption.find(" " + word + " "), std::string::npos) << caption << word;
  }
}

TEST(Shapes, TasksGiveTheirFields) {
  const auto scene = open_dataset("shapes:scene,with=semantic+normals+pose", {.size = 16});
  for (const char* name : {"image", "label", "attributes", "count", "caption", "tokens", "length", "boxes",
                           "keypoints", "edges", "semantic", "normals", "pose"}) {
    EXPECT_NE(scene->field(name), nullptr) << name;
  }
  const auto grey = open_dataset("shapes:single,count=7", {.size = 16, .channels = 1});
  EXPECT_EQ(grey->size(), 7);
  EXPECT_EQ(grey->fields()[0].shape, (std::vector<int64_t>{16, 16, 1}));

  HostBatch batch(scene->fields(), 1);
  Random random(1);
  scene->read(3, random, batch, 0);
  std::vector<int64_t> tokens = tokens_of(batch.text("caption")[0]);
  EXPECT_EQ(batch.integer("length")[0], static_cast<int64_t>(tokens.size()));
  tokens.resize(kMostTokens);
  EXPECT_TRUE(std::equal(tokens.begin(), tokens.end(), batch.integer("tokens").begin()));

  const auto pairs = open_dataset("shapes:pairs,from=gradients", {.size = 32});
  EXPECT_EQ(pairs->field("a")->shape, (std::vector<int64_t>{32, 32, 2}));
  EXPECT_EQ(pairs->field("b")->shape, (std::vector<int64_t>{32, 32, 3}));
}

TEST(Shapes, ClipsAndReductionsBeginWithThePicture) {
  const auto clips = open_dataset("shapes:clips,frames=3,with=image", {.size = 16});
  EXPECT_EQ(clips->field("flow")->shape, (std::vector<int64_t>{2, 16, 16, 2}));
  HostBatch batch(clips->fields(), 1);
  Random random(1);
  clips->read(2, random, batch, 0);
  const auto image = batch.real("image"), clip = batch.real("clip");
  EXPECT_TRUE(std::equal(image.begin(), image.end(), clip.begin()));
  EXPECT_FALSE(std::equal(image.begin(), image.end(), clip.begin() + 2 * 16 * 16 * 3));

  const auto sr = open_dataset("shapes:sr,scale=2,degradation=area", {.size = 16});
  HostBatch pair(sr->fields(), 1);
  sr->read(2, random, pair, 0);
  const auto high = pair.real("high");
  const float mean = (high[0] + high[3] + high[16 * 3] + high[17 * 3]) / 4;
  EXPECT_NEAR(pair.real("low")[0], mean, 1e-5);
  expect_mentions(open_error("shapes:sr,scale=3", {.size = 16}), {"16", "multiple of the scale 3"});
}

TEST(Shapes, KindsAreThoseAskedFor) {
  const auto seen = [](const char* spec) {
    const auto data = open_dataset(spec, {.size = 16});
    HostBatch batch(data->fields(), 1);
    std::set<int64_t> labels;
    Random random(1);
    for (int64_t i = 0; i < 200; ++i) data->read(i, random, batch, 0), labels.insert(batch.integer("label")[0]);
    return labels;
  };
  EXPECT_EQ(seen("shapes:single,kinds=heart+triangle"), (std::set<int64_t>{2, 7}));
  EXPECT_EQ(seen("shapes:single").size(), 8u);
  expect_mentions(open_error("shapes:single,kinds=heart+line"), {"unknown kind 'line'", "hexagon"});
}

TEST(Shapes, UnpairedLooksShareTheirPlaces) {
  const auto data = open_dataset("shapes:unpaired,a=edges,b=edges,truth=1", {.size = 32});
  HostBatch batch(data->fields(), 1);
  Random random(1);
  data->read(5, random, batch, 0);
  const auto same = [&](const char* a, const char* b) {
    return std::equal(batch.real(a).begin(), batch.real(a).end(), batch.real(b).begin());
  };
  EXPECT_TRUE(same("a", "a_in_b"));
  EXPECT_TRUE(same("b", "b_in_a"));
  EXPECT_FALSE(same("a", "b"));
}

// Blue lines on light where the same scene is filled with red on dark.
TEST(Shapes, OutlinedIsTheRimOfTheSameScene) {
  const auto data = open_dataset("shapes:unpaired,b=outlined,kinds=circle+square,truth=1", {.size = 64});
  HostBatch batch(data->fields(), 1);
  int filled = 0, rim = 0, beside = 0;
  for (int64_t index = 0; index < 8; ++index) {
    Random random(1);
    data->read(index, random, batch, 0);
    const auto a = batch.real("a"), b = batch.real("a_in_b");
    EXPECT_LT(a[0] + a[1] + a[2], 0);
    EXPECT_GT(b[0] + b[1] + b[2], 0);
    for (size_t i = 0; i < a.size(); i += 3) {
      const bool red = a[i] - a[i + 2] > 0.8, blue = b[i + 2] - b[i] > 0.8;
      filled += red, rim += red && blue, beside += blue && !red;
    }
  }
  EXPECT_GT(rim, 0);
  EXPECT_LT(rim, filled * 3 / 4);
  EXPECT_LT(beside, rim);
}

TEST(Shapes, FlipsAndCutsMoveTheTruthAlong) {
  const auto data = open_dataset("shapes:single,with=semantic", {.size = 32, .flip = true, .load_size = 40});
  std::set<float> places;
  for (uint64_t key = 0; key < 30; ++key) {
    HostBatch batch(data->fields(), 1);
    Random random(key);
    data->read(2, random, batch, 0);
    const float x = batch.real("keypoints")[0], y = batch.real("keypoints")[1];
    places.insert(x);
    const auto box = batch.real("boxes");
    EXPECT_GT(x, box[1]);
    EXPECT_LT(x, box[3]);
    EXPECT_GT(y, box[2]);
    EXPECT_LT(y, box[4]);
  }
  EXPECT_GT(places.size(), 20u);
}

double own_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Samples that are read again come from memory, all of them, some, or none, and are the same.
TEST(Shapes, WhatWasDrawnIsKept) {
  for (const char* spec : {"shapes", "shapes:pairs,from=inpaint,with=semantic", "shapes:pairs,from=rain", "shapes:unpaired,truth=1", "shapes:clips,frames=2"}) {
    for (const bool flip : {false, true}) {
      const auto drawn = open_dataset(spec, {.size = 32, .flip = flip, .cache_bytes = 0});
      const auto kept = open_dataset(spec, {.size = 32, .flip = flip}), few = open_dataset(spec, {.size = 32, .flip = flip, .cache_bytes = 50000});
      for (uint64_t epoch = 0; epoch < 4; ++epoch)
        for (int64_t i = 0; i < 5; ++i) {
          const std::string expected = sample_text(*drawn, i, epoch);
          EXPECT_EQ(sample_text(*kept, i, epoch), expected) << spec << " " << i << " in epoch " << epoch;
          EXPECT_EQ(sample_text(*few, i, epoch), expected) << spec << " " << i << " in epoch " << epoch;
        }
    }
  }
  const auto data = open_dataset("shapes", {.size = 64});
  double seconds[2];
  for (double& s : seconds) {
    const double begin = own_seconds();
    for (int64_t i = 0; i < 30; ++i) sample_text(*data, i);
    s = own_seconds() - begin;
  }
  EXPECT_LT(seconds[1], seconds[0] / 3);
}

TEST(DrawnStore, StaysWithinItsBytes) {
  DrawnStore store(100);
  const DrawnStore::Drawn drawn{{1, 2, 3}, {4}};  // 20 bytes
  for (int64_t key = 0; key < 9; ++key) store.keep(key, drawn), store.keep(key, drawn);
  EXPECT_EQ(store.free_bytes(), 0);
  for (int64_t key = 0; key < 9; ++key) EXPECT_EQ(store.find(key) != nullptr, key < 5) << key;
  EXPECT_EQ(store.find(4)->real, drawn.real);
}

TEST(Shapes, AttributesCanBeLeftOut) {
  const auto set = open_dataset("shapes:attributes,without=hat+dark,count=40", {.size = 16});
  double large = 0;
  for (int64_t i = 0; i < set->size(); ++i) {
    HostBatch sample(set->fields(), 1);
    Random random(0, 0);
    set->read(i, random, sample, 0);
    const auto bits = sample.real("attributes");
    EXPECT_EQ(bits[5] + bits[7], 0) << i;  // hat, dark
    large += bits[4];
  }
  EXPECT_GT(large, 5);
  EXPECT_LT(large, 35);
}

TEST(Shapes, PlainOnesAreLargeUnlessAShareIsAskedFor) {
  const auto large = [](const std::string& share) {
    const auto data = open_dataset("shapes:objects=1,plain=1" + share, {.size = 16});
    float sum = 0;
    for (int64_t i = 0; i < 200; ++i) sum += data->attributes(i).at(4);
    return sum / 200;
  };
  EXPECT_EQ(large(""), 1);
  EXPECT_EQ(large(",large=0"), 0);
  EXPECT_NEAR(large(",large=0.3"), 0.3, 0.1);
}

TEST(Shapes, WrongSettingsAreNamed) {
  expect_mentions(open_error("shapes:circus"), {"unknown task 'circus'", "attributes"});
  expect_mentions(open_error("shapes", {.size = 8}), {"16 to 256", "8"});
  expect_mentions(open_error("shapes:attributes,correlation=2"), {"correlation is '2'", "0", "1"});
  expect_mentions(open_error("shapes:attributes,without=hat+nose"), {"unknown attribute 'nose'", "frame, hat"});
  expect_mentions(open_error("shapes:attributes,without=hat,correlation=0.5"), {"none can be left out"});
  expect_mentions(open_error("shapes:scene,correlation=0.5"), {"unknown setting 'correlation'"});
  expect_mentions(open_error("shapes:pairs,from=nowhere"), {"nowhere", "edges"});
  expect_mentions(open_error("shapes:scene,with=smell"), {"smell", "normals"});
  expect_mentions(open_error("shapes:scene,count=ten"), {"count is 'ten'"});
  expect_mentions(open_error("shapes:scene,count=1,count=2"), {"given twice"});
  expect_mentions(open_error("shapes:count=1,scene"), {"words come first"});
}

}  // namespace ganymede::data
