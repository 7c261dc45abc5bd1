// Distances between pictures and the scales they are counted in (Benaim & Wolf 2017).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/dataset.h"
#include "gan/facts.h"
#include "gan/losses/translation.h"
#include "gan/parts/distance_scale.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"
#include "tests/gan/model_fixture.h"

namespace ganymede {
namespace {

// Every two pictures once, whether their number is odd or even.
TEST(PairDistances, AreOfEveryTwoPictures) {
  ContextScope scope;
  context().dtype = DType::f64;
  seed(5);
  for (const int64_t n : {2, 3, 4, 5, 8}) {
    const Tensor x = randn({n, 2, 3, 2});
    std::vector<double> want, got = pair_distances(x).to_doubles();
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < i; ++j) want.push_back(mean(abs(x.rows(i, i + 1) - x.rows(j, j + 1))).item());
    std::sort(want.begin(), want.end()), std::sort(got.begin(), got.end());
    ASSERT_EQ(got.size(), want.size()) << n;
    for (size_t k = 0; k < want.size(); ++k) EXPECT_NEAR(got[k], want[k], 1e-14) << n;
  }
  EXPECT_THROW(pair_distances(randn({1, 2, 2, 1})), Error);
}

TEST(HalfDistances, AreOfTheUpperAndTheLowerHalf) {
  ContextScope scope;
  context().dtype = DType::f64;
  // Rows 0 1 | 2 3 of a picture two pixels wide: |0 - 2|, |1 - 3|, and a row that differs in one pixel.
  const Tensor x = tensor(std::vector<double>{0, 0, 1, 1, 2, 2, 3, 3, /**/ 0, 0, 0, 0, 0, 4, 0, 0}, Shape{2, 4, 2, 1}, DType::f64, Device{});
  EXPECT_EQ(half_distances(x).to_doubles(), (std::vector<double>{2, 1}));
  EXPECT_THROW(half_distances(zeros({1, 3, 2, 1})), Error);
}

// Side b of these data is side a with another contrast: 40 pictures, of which all are measured.
struct TwoSides {
  ContextScope scope;
  std::unique_ptr<data::Dataset> set = data::open_dataset("shapes:unpaired,a=hollow,b=blue,count=40", {.size = 16, .channels = 1, .seed = 2});
  Recipe recipe;
  Config config;
  Tensor a, b;
  TwoSides() {
    context().dtype = DType::f64;
    config = Config(facts_of_data(*set), {});
    std::vector<int64_t> rows(40);
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = int64_t(i);
    const Batch all = Trainer::read_batch(*set, rows);
    a = all["a"], b = all["b"];
  }
};

TEST(DistanceScale, MakesRealDistancesStandard) {
  TwoSides t;
  for (const double unit : {1.0, 0.5})
    for (const bool of_a : {true, false}) {
      Recipe r;
      const DistanceScales s = keep_distance_scales(r, t.config, of_a ? "a" : "b", 40, unit);
      const Tensor x = (of_a ? t.a : t.b) * unit;
      for (const Tensor& d : {s.pairs(pair_distances(x)), s.halves(half_distances(x))}) {
        EXPECT_NEAR(mean(d).item(), 0, 1e-5);
        EXPECT_NEAR(mean(square(d)).item(), 1, 1e-5);
      }
    }
}

// A map that changes the contrast alone costs nothing, a collapsed one what its constant distance is worth.
TEST(DistanceScale, ForgivesContrastAndNotCollapse) {
  TwoSides t;
  const DistanceScales of_a = keep_distance_scales(t.recipe, t.config, "a", 40, 1);
  DistanceScales of_b = of_a;
  of_b.pairs.mean = of_a.pairs.mean * 0.3, of_b.pairs.deviation = of_a.pairs.deviation * 0.3;
  const auto loss = [&](const Tensor& made) { return nn::l1(of_b.pairs(pair_distances(made)), of_a.pairs(pair_distances(t.a))).item(); };
  EXPECT_NEAR(loss(t.a * 0.3 + 0.1), 0, 1e-12);
  EXPECT_GT(loss(t.a), 1);
  const double collapsed = mean(abs(of_a.pairs(pair_distances(t.a)) + of_b.pairs.mean / of_b.pairs.deviation)).item();
  EXPECT_NEAR(loss(zeros_like(t.a)), collapsed, 1e-12);
  EXPECT_GT(collapsed, 1);
}

TEST(DistanceScale, SaysWhatDataItCannotMeasure) {
  TwoSides t;
  Recipe r;
  const auto flat = data::open_dataset("shapes:unpaired,count=1", {.size = 16});
  const Config one(facts_of_data(*flat), {});
  EXPECT_THROW(keep_distance_scales(r, one, "a", 40, 1), UsageError);
}

double spacing(const Tensor& x, const std::function<Tensor(const Tensor&)>& f) {
  Recipe r;
  add_unpaired_uses(r, {f}, {{}, 3}, {}, {});
  for (const Measure& m : r.measures)
    if (m.name == "spacing_b") return m.value({x.dim(0), [&](const std::function<void(const Batch&)>& look) { look({x.dim(0), {{"a", x}, {"b", x}}}); }});
  return -2;
}
TEST(TranslationMeasures, SpacingIsOfDistancesAlone) {
  seed(3);
  const Tensor levels = uniform({16, 1, 1, 1}, -0.5, 0.5), x = broadcast_to(levels, {16, 4, 4, 3}), other = broadcast_to(roll(levels, 5), {16, 4, 4, 3});
  EXPECT_NEAR(spacing(x, [](const Tensor& y) { return 1.0 - y * 0.5; }), 1, 1e-5);
  EXPECT_LT(std::abs(spacing(x, [&](const Tensor&) { return other; })), 0.5);
  EXPECT_EQ(spacing(x, [](const Tensor& y) { return zeros_like(y); }), 0);
}

// One way has no measures, columns or settings of a way back; both have.
TEST(DistanceGan, OneSideHasNoWayBack) {
  for (const bool both : {false, true}) {
    test::Tiny t({"distancegan", {{"sides", both ? "both" : "one"}}});
    const Recipe& r = t->recipe();
    const auto has = [&](const std::string& name) { return std::any_of(r.measures.begin(), r.measures.end(), [&](const Measure& m) { return m.name == name; }); };
    EXPECT_TRUE(has("spacing_b"));
    EXPECT_EQ(has("cycle_a"), both);
    EXPECT_EQ(has("turn_a"), both);
    EXPECT_EQ(r.nets.size(), both ? 4u : 2u);
    t->sampling(1, [&] { EXPECT_EQ(r.columns(t->batch()).size(), both ? 6u : 3u); });
  }
  EXPECT_THROW(test::Tiny({"distancegan", {{"cycle", "1"}}}), UsageError);
}

// On CycleGAN's networks too, with each of its terms; G moves before D looks.
TEST(DistanceGan, TrainsOnCycleGansNetworks) {
  test::TinyModel m{"distancegan", {{"networks", "cyclegan"}, {"blocks", "1"}, {"pool", "3"}, {"sides", "both"}, {"cycle", "10"}, {"halves", "1"}}};
  m.without = {"early_iterations"};
  test::Tiny t(m);
  for (int i = 0; i < 5; ++i) t->step();
  const auto values = t->values();
  for (const char* name : {"G/adv_B", "G/pairs_B", "G/halves_A", "G/cycle_B", "D/adv_A"})
    EXPECT_TRUE(std::any_of(values.begin(), values.end(), [&](const auto& v) { return v.first == name && std::isfinite(v.second); })) << name;
  EXPECT_EQ(t->recipe().stages[0].updates[0].name, "G");
}

}  // namespace
}  // namespace ganymede
