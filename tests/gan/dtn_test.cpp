// DTN: f stays as it was trained, gradients go through it, pictures made are smoothed and measured; what its data and networks are.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/losses/translation.h"
#include "gan/metrics/trained_classifier.h"
#include "gan/nets/dtn.h"
#include "nn/net.h"
#include "tests/data/data_test_util.h"
#include "tests/gan/model_fixture.h"

namespace ganymede::test {
namespace {

constexpr const char* kWorld = "shapes:unpaired,a=textured,b=chalk,labels=1,central=1,kinds=circle+heart,count=60";

double measured(Tiny& t, const std::string& name) {
  double value = NAN;
  t->sampling(1, [&] {
    const Evaluation e{2, [&](const std::function<void(const Batch&)>& look) { look(t->batch()); }};
    for (const Measure& m : t->recipe().measures)
      if (m.name == name) value = m.value(e);
  });
  return value;
}

TEST(Dtn, FeaturesAreFixedBitByBitBehindTheirStage) {
  for (const char* encoder : {"f", "own"}) expect_frozen({"dtn", {{"f_steps", "2"}, {"encoder", encoder}}}, 2, 3, {"f", "who"});
}

TEST(Dtn, StagesReplayLikeEager) {
  for (const char* steps : {"1", "2"}) expect_replayed({"dtn", {{"f_steps", "4"}, {"g_steps", steps}}});
}

// With the distance of features alone, they come nearer: its gradient reaches g through f.
TEST(Dtn, TheDistanceOfFeaturesIsLearnedThroughThem) {
  Tiny t({"dtn", {{"f_steps", "0"}, {"alpha", "1000"}, {"beta", "0"}, {"rate", "0.01"}}});
  t->step();
  const auto far = [&] { return value_of(t->terms(1), "const").item(); };
  const double first = far();
  for (int i = 0; i < 60; ++i) t->step();
  EXPECT_LT(far(), 0.5 * first);
}

TEST(Dtn, VariationIsTheLengthOfSteps) {
  ContextScope scope;
  context().dtype = DType::f64;
  // Steps right and down from the upper left pixel: 3 and 4; two pictures.
  const Tensor x = tensor(std::vector<double>{0, 3, 4, 9, 1, 1, 1, 1}, {2, 2, 2, 1}, DType::f64, Device{});
  EXPECT_NEAR(isotropic_variation(x).item(), (5 + 1e-4) / 2, 1e-6);
  EXPECT_NEAR(isotropic_variation(concat({x, x}, 3)).item(), 5 + 1e-4, 1e-6);
  // Rows 0 0 0 / 0 0 1: the last column and row begin no step.
  EXPECT_NEAR(isotropic_variation(tensor(std::vector<double>{0, 0, 0, 0, 0, 1}, {1, 2, 3, 1}, DType::f64, Device{})).item(), 2e-4, 1e-9);
}

TEST(Dtn, HasTheLayersOfItsSource) {
  ContextScope scope;
  seed(1);
  const nn::Net f("f", nets::dtn_features({.width = 64})), g("g", nets::dtn_generator({})), D("D", nets::dtn_discriminator({}));
  // Convolutions, of them the one after no norm with biases, and two numbers a channel of each norm.
  EXPECT_EQ(f.parameter_count(), 9 * (3 * 64 + 64 * 128 + 128 * 256) + 16 * 256 * 128 + 2 * (64 + 128 + 256 + 128));
  EXPECT_EQ(g.parameter_count(), 16 * 128 * 512 + 9 * (512 * 256 + 256 * 128 + 128) + 1 + 2 * (512 + 256 + 128));
  EXPECT_EQ(D.parameter_count(), 9 * (128 + 128 * 256 + 256 * 512) + 128 + 16 * 512 * 3 + 3 + 2 * (128 + 256 + 512));
  EXPECT_EQ(f(zeros({2, 32, 32, 3})).shape(), Shape({2, 128}));
  EXPECT_EQ(g(zeros({2, 128})).shape(), Shape({2, 32, 32, 1}));
  EXPECT_EQ(D(zeros({2, 32, 32, 1})).shape(), Shape({2, 3}));
  const nn::Net pooling("f", nets::dtn_features({.size = 64, .pooling = true}));
  EXPECT_EQ(pooling(uniform({2, 64, 64, 3}, -1, 1)).shape(), Shape({2, 128}));
  EXPECT_GE(min(pooling(uniform({2, 64, 64, 3}, -1, 1)), {0, 1}).item(), 0);
}

TEST(Dtn, TranslatesPicturesOfAnySizeAndOfEitherSidesChannels) {
  Tiny t({"dtn", {{"f_steps", "0"}}, {}, 0, {}, DType::f32, Precision::f32, true, 1, 3, "shapes:unpaired,a=filled,b=edges,labels=1"});
  t->step();
  t->sampling(1, [&] {
    const auto& map = t->recipe().maps.at(0).map;
    EXPECT_EQ(map(zeros({1, 40, 24, 3}), {}).shape(), Shape({1, 16, 16, 1}));
    const Tensor grey = uniform({1, 16, 16, 1}, -1, 1);
    EXPECT_EQ(map(grey, {}).to_doubles(), map(concat({grey, grey, grey}, 3), {}).to_doubles());
  });
  EXPECT_GT(measured(t, "same_b"), 0);
  EXPECT_GT(measured(t, "variation"), 0);
}

// Of pictures of b that are what was made of a, in another order, each is nearest to itself.
TEST(Dtn, AdaptationIsByTheNearestPicture) {
  Tiny t({"dtn", {{"f_steps", "0"}}});
  t->step();
  double share = -1, wrong = -1;
  t->sampling(1, [&] {
    Batch b = t->batch();
    const Tensor a = uniform(b["a"].shape(), -1, 1);
    b.fields["a"] = a;
    b.fields["b"] = roll(t->recipe().maps.at(0).map(a, {}), 1, 0);
    b.fields["label"] = tensor(std::vector<int64_t>{0, 1}, {2}, Device{});
    const auto of = [&](std::vector<int64_t> labels) {
      b.fields["label_b"] = tensor(labels, {2}, Device{});
      for (const Measure& m : t->recipe().measures)
        if (m.name == "adaptation") return m.value({2, [&](const std::function<void(const Batch&)>& look) { look(b); }});
      return -1.0;
    };
    share = of({1, 0}), wrong = of({0, 0});
  });
  EXPECT_EQ(share, 1);
  EXPECT_EQ(wrong, 0.5);
}

TEST(Dtn, SaysWhatItsDataAndSettingsLack) {
  EXPECT_EQ(refusal({"dtn", {{"f_steps", "10"}}}), "setting f_steps=10: the run has 10 iterations, so none remain for g; set more --steps");
  EXPECT_NE(refusal({"dtn", {}, {}, 24}).find("DTN takes 8, 16, 32"), std::string::npos);
}

TEST(Shapes, ChalkIsWhiteOnBlackAndLabelsAreOfTheirSides) {
  const auto set = data::open_dataset(kWorld, {.size = 32});
  data::HostBatch one(set->fields(), 1);
  int differ = 0;
  for (int64_t i = 0; i < 20; ++i) {
    data::Random random(1);
    set->read(i, random, one, 0);
    const auto b = one.real("b");
    EXPECT_EQ(b[0], -1);                                        // a corner
    EXPECT_LT(*std::max_element(one.real("a").begin(), one.real("a").begin() + 3), 1);
    for (size_t p = 0; p < b.size(); p += 3) EXPECT_NEAR(b[p], b[p + 2], 0.05);   // grey; shadows have a tint
    EXPECT_GT(*std::max_element(b.begin(), b.end()), 0.8);
    const int64_t label = one.integer("label")[0], label_b = one.integer("label_b")[0];
    EXPECT_TRUE((label == 0 || label == 7) && (label_b == 0 || label_b == 7));
    differ += label != label_b;
  }
  EXPECT_GT(differ, 3);
}

// A classifier that knows side b: it names the kinds of chalk shapes.
TEST(TrainedClassifier, KnowsTheOtherSideOfTwo) {
  const auto c = metrics::trained_classifier({.data = kWorld, .size = 16, .cache = false});
  EXPECT_EQ(c.network.classes, 8);
  EXPECT_GT(c.accuracy, 0.9);
}

}  // namespace
}  // namespace ganymede::test
