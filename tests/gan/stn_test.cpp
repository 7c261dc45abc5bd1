// Spatial transformer networks: their sizes, what distortions do, how turns are measured, the task, and what is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "engine/ops.h"
#include "gan/nets/stn.h"
#include "gan/pictures.h"
#include "gan/uses/straighten.h"
#include "tests/gan/model_fixture.h"

namespace ganymede::test {
namespace {

constexpr double kPi = std::numbers::pi;

class Stn : public testing::Test {
 protected:
  void SetUp() override { context().device = Device{}, context().dtype = DType::f64, seed(6); }
  static Distortion distortion(const std::map<std::string, std::string>& settings, int64_t side, bool corners = true, SampleBorder border = SampleBorder::zeros) {
    DataFacts data;
    data.size = data.width = side;
    const Config c(data, settings);
    const Distortion d(c, border, corners);
    c.check_all_read();
    return d;
  }
  static Tensor pictures(int64_t n, int64_t side) { return uniform({n, side, side, 2}, -1, 1); }
  static double difference(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }
  ContextScope scope_;
};

TEST_F(Stn, NetworksHaveThePlansSizes) {
  context().device = {DeviceType::plan, 0};
  const nets::Localisation l = nets::stn_convolutional_localisation({32, 32, 1}, 20);
  const nn::Net T("T", nn::spatial_transformer(l.layers, l.features, {nn::Transform::affine, 32, 32}));
  EXPECT_EQ(T.parameter_count(), (25 * 20 + 20) + (25 * 20 * 20 + 20) + (80 * 20 + 20) + (20 * 6 + 6));
  nn::LayerTrace trace;
  T(zeros({2, 32, 32, 1}));
  std::vector<Shape> shapes;
  for (const nn::TracedLayer& t : trace.layers) shapes.push_back(t.output);
  for (const Shape& s : {Shape{2, 16, 16, 1}, Shape{2, 12, 12, 20}, Shape{2, 6, 6, 20}, Shape{2, 2, 2, 20}, Shape{2, 80}, Shape{2, 20}}) EXPECT_NE(std::find(shapes.begin(), shapes.end(), s), shapes.end()) << s;
  const nn::Net C("C", nets::stn_convolutional_classifier({28, 28, 1}, 32, 100, 10));
  EXPECT_NEAR(double(C.parameter_count()), 4e5, 4e4);
  const nets::Localisation flat = nets::stn_linear_localisation({28, 28, 1}, 32);
  EXPECT_EQ(nn::Net("T", flat.layers).parameter_count(), 784 * 32 + 32 + 2 * (32 * 32 + 32));
  EXPECT_EQ(nn::Net("C", nets::stn_linear_classifier({28, 28, 1}, 128, 10)).parameter_count(), 784 * 128 + 128 + 128 * 128 + 128 + 1290);
}

// The upper right corner comes to the lower right: clockwise.
TEST_F(Stn, ADistortionTurnsClockwise) {
  const Tensor x = pictures(1, 7);
  const Tensor wanted = flip(permute(x, {0, 2, 1, 3}), 2);
  for (const bool corners : {true, false}) {
    const Distortion d = distortion({{"rotation", "180"}}, 7, corners);
    const GivenDraws draws({{{1, 1}, {-kPi / 2}}});   // by which it is turned back
    const Distorted y = d(x);
    EXPECT_LE(difference(y.pictures, wanted), 1e-9);
    EXPECT_NEAR(turn_of(linear_parts(y.places, corners).data()), 90, 1e-3);
  }
  EXPECT_EQ(x.to_doubles()[6 * 2], wanted.to_doubles()[(6 * 7 + 6) * 2]);
}

// A picture of its own size goes to the place that was drawn, whole pixels here, and all around it is black.
TEST_F(Stn, ADistortionMovesOverTheCanvas) {
  const Tensor x = pictures(2, 6);
  const Distortion d = distortion({{"distortion", "RTS"}, {"canvas", "10"}}, 6, false);
  EXPECT_EQ(d.canvas(), 10);
  const GivenDraws draws({{{2, 1}, {0, 0}}, {{2, 1}, {1, 1}}, {{2, 1}, {-1, 0.5}}, {{2, 1}, {1, 0}}});   // turn, scale, right, down
  const Tensor y = d(x).pictures;
  ASSERT_EQ(y.shape(), Shape({2, 10, 10, 2}));
  EXPECT_LE(difference(y.rows(0, 1), pad(x.rows(0, 1) + 1.0, {0, 4, 4, 0}, Padding::zero) - 1.0), 1e-9);   // left below
  EXPECT_LE(difference(y.rows(1, 2), pad(x.rows(1, 2) + 1.0, {3, 1, 2, 2}, Padding::zero) - 1.0), 1e-9);
}

TEST_F(Stn, DistortionsStayInTheirRanges) {
  const Tensor x = pictures(400, 8);
  const auto parts = [&](const std::map<std::string, std::string>& settings) {
    const Distortion d = distortion(settings, 8);
    return std::pair{d(x), linear_parts(d(x).places, true)};
  };
  const auto turns = [](const std::vector<double>& m) {
    std::vector<double> all;
    for (size_t i = 0; i < m.size(); i += 4) all.push_back(turn_of(&m[i]));
    return all;
  };
  const auto most = [](const std::vector<double>& v) { return std::max(*std::max_element(v.begin(), v.end()), -*std::min_element(v.begin(), v.end())); };
  EXPECT_LE(most(turns(parts({}).second)), 90);
  EXPECT_GE(most(turns(parts({}).second)), 88);
  EXPECT_NEAR(spread_of(turns(parts({}).second)), 45, 4);
  EXPECT_NEAR(spread_of(turns(parts({{"rotation", "60"}}).second)), 30, 3);
  const auto [moved, m] = parts({{"distortion", "RTS"}});
  EXPECT_EQ(moved.pictures.dim(1), 12);
  EXPECT_LE(most(turns(m)), 45);
  double low = 9, high = 0;
  for (size_t i = 0; i < m.size(); i += 4) {
    const double scale = 1.5 / std::sqrt(m[i] * m[i + 3] - m[i + 1] * m[i + 2]);
    low = std::min(low, scale), high = std::max(high, scale);
  }
  EXPECT_NEAR(low, 0.7, 0.01);
  EXPECT_NEAR(high, 1.2, 0.01);
  EXPECT_GE(low, 0.7 - 1e-4);
  EXPECT_LE(high, 1.2 + 1e-4);
  EXPECT_EQ(parts({{"distortion", "P"}, {"projection", "0"}}).first.pictures.to_doubles().size(), x.to_doubles().size());
  for (const char* kind : {"P", "E"}) {
    const auto reach = kind == std::string("P") ? "projection" : "bend";
    EXPECT_LE(difference(parts({{"distortion", kind}, {reach, "0"}}).first.pictures, x), 1e-9) << kind;
    EXPECT_GE(difference(parts({{"distortion", kind}, {reach, "0.1"}}).first.pictures, x), 0.1) << kind;
  }
  // Points of the spline move by at most that along an axis, so its corners, which are places of the grid, do.
  const auto corner = slice(slice(parts({{"distortion", "E"}, {"bend", "0.2"}}).first.places, 1, 0, 1), 2, 0, 1);
  const double moves = max(abs(corner + 1.0)).item();
  EXPECT_LE(moves, 0.2 + 1e-9);
  EXPECT_GE(moves, 0.19);
  EXPECT_LE(difference(parts({{"distortion", "none"}}).first.pictures, x), 1e-9);
}

TEST_F(Stn, DistortionsAreTheSeedsOwn) {
  const Tensor x = pictures(2, 8);
  for (const char* kind : {"R", "RTS", "P", "E"}) {
    const Distortion d = distortion({{"distortion", kind}}, 8);
    const auto with = [&](uint64_t s) { seed(s); return d(x).pictures.to_doubles(); };
    EXPECT_EQ(with(1), with(1)) << kind;
    EXPECT_NE(with(1), with(2)) << kind;
  }
}

TEST_F(Stn, TurnsAreMeasuredFromTheirCommonAngle) {
  EXPECT_NEAR(spread_of({10, 30}), 10, 1e-9);
  EXPECT_NEAR(spread_of({170, -170}), 10, 1e-9);   // across 180
  EXPECT_NEAR(spread_of({-55, -55, -55}), 0, 1e-9);
  const nn::TransformGrid grid(nn::Transform::similarity, 5, 9, false);
  const auto m = linear_parts(grid(tensor(std::vector<double>{1.5, 0.3, 0.2, -0.1}, {1, 4}, DType::f64, Device{})), false);
  EXPECT_NEAR(m[0], 1.5 * std::cos(0.3), 1e-6);
  EXPECT_NEAR(m[1], -1.5 * std::sin(0.3), 1e-6);
  EXPECT_NEAR(m[2], 1.5 * std::sin(0.3), 1e-6);
  EXPECT_NEAR(turn_of(m.data()), -0.3 * 180 / kPi, 1e-4);
}

double measure_of(Tiny& t, const std::string& name) {
  double value = -1;
  t->sampling(1, [&] {
    const Evaluation all{40, [&](const std::function<void(const Batch&)>& f) {
      for (int i = 0; i < 20; ++i) f(t->batch());
    }};
    for (const Measure& m : t->recipe().measures)
      if (m.name == name) value = m.value(all);
  });
  return value;
}

// A transformer that has learnt nothing, or none, leaves what was applied; one that turns all alike too; one that undoes each turn leaves nothing.
TEST_F(Stn, RotationLeftIsThatOfBothMapsTogether) {
  for (const char* transform : {"affine", "none"}) {
    Tiny t({.model = "stn", .settings = {{"transform", transform}}, .without = transform == std::string("none") ? std::set<std::string>{"localisation_width", "seen"} : std::set<std::string>{}});
    EXPECT_GT(measure_of(t, "rotation_applied"), 20);
    EXPECT_NEAR(measure_of(t, "rotation_left"), measure_of(t, "rotation_applied"), 1e-3);
    EXPECT_EQ(measure_of(t, "rotation_left"), measure_of(t, "rotation_left"));   // test pictures are distorted alike each time
  }
  // One that sees how much each picture was turned, which the draws tell.
  seed(1);
  const Distortion distort = distortion({}, 8);
  Tensor undone;
  const Straightener s{"rst", 2, [&](const Tensor&) -> Straightened {
                         const nn::TransformGrid grid(nn::Transform::similarity, 8, 8, true);
                         return {undone, grid(undone), undone, zeros({undone.dim(0), 3})};
                       }, distort};
  Recipe r;
  add_straightening_uses(r, s, true);
  Batch b;
  b.size = 5;
  b.fields = {{"image", pictures(5, 8)}, {"label", tensor(std::vector<int64_t>(5, 1), {5}, Device{})}};
  const std::vector<double> angles{-1, -0.4, 0.1, 0.7, 1.2};
  const auto left = [&](double factor) {
    std::vector<double> theta;
    for (const double a : angles) theta.insert(theta.end(), {1, -factor * a, 0, 0});
    undone = tensor(theta, {5, 4}, DType::f64, Device{});
    const GivenDraws draws({{{5, 1}, angles}});
    const Evaluation once{5, [&](const std::function<void(const Batch&)>& f) { f(b); }};
    const auto m = std::find_if(r.measures.begin(), r.measures.end(), [](const Measure& each) { return each.name == "rotation_left"; });
    return m->value(once);
  };
  EXPECT_NEAR(left(1), 0, 1e-3);
  EXPECT_NEAR(left(0.5), left(0) / 2, 0.1);   // the common angle is no mean of angles
  EXPECT_NEAR(left(-1), 2 * left(0), 3);   // the wrong way
}

TEST_F(Stn, TheTransformersRateIsAPartOfTheClassifiers) {
  const auto moves = [](const std::string& part) {
    Tiny t({.model = "stn", .settings = {{"localisation_rate", part}, {"optimizer", "sgd"}}, .dtype = DType::f64});
    const auto before = t.state();
    t->step();
    double transformer = 0, classifier = 0;
    for (const auto& [name, v] : t.state())
      for (size_t i = 0; i < v.size(); ++i) {
        if (name == "T.theta.bias") transformer += std::abs(v[i] - before.at(name)[i]);
        if (name == "C.linear2.bias") classifier += std::abs(v[i] - before.at(name)[i]);
      }
    return std::pair{transformer, classifier};
  };
  const auto slow = moves("0.1"), quick = moves("1");
  EXPECT_GT(slow.first, 0);
  EXPECT_NEAR(quick.first / slow.first, 10, 1e-6);
  EXPECT_EQ(quick.second, slow.second);
}

TEST_F(Stn, StraightensPicturesOfAnySize) {
  Tiny t({.model = "stn", .settings = {{"seen", "30"}}});
  const Recipe& r = t->recipe();
  ASSERT_EQ(r.tasks.size(), 1u);
  const Config settings({}, {});
  const auto pictures = to_pictures(uniform({1, 40, 33, 1}, -1, 1));
  std::vector<Result> results;
  t->sampling(1, [&] { results = r.tasks[0].run({{{"one", pictures[0]}, {"two", pictures[0]}}, settings}); });
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].frames.at(0).height, 30);
  EXPECT_EQ(results[1].name, "two");
  const auto json = nlohmann::json::parse(results[2].json);
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0]["picture"], "one");
  EXPECT_GT(double(json[0]["probability"]), 0);
  EXPECT_NEAR(double(json[0]["turned"]), 0, 1e-3);
  EXPECT_EQ(json[0]["theta"].size(), 4u);
}

TEST_F(Stn, WhatCannotBeIsRefused) {
  EXPECT_NE(refusal({.model = "stn", .size = 16}).find("at least 28"), std::string::npos);
  EXPECT_EQ(refusal({.model = "stn", .settings = {{"localisation", "fcn"}}, .without = {"localisation_width"}, .size = 16}), "");
  EXPECT_NE(refusal({.model = "stn", .settings = {{"canvas", "20"}}}).find("canvas"), std::string::npos);
  EXPECT_NE(refusal({.model = "stn", .settings = {{"rotation", "40"}, {"distortion", "P"}}}).find("rotation"), std::string::npos);
  EXPECT_NE(refusal({.model = "stn", .settings = {{"seen", "3"}, {"classifier", "cnn"}}}).find("at least 4"), std::string::npos);
  EXPECT_NE(refusal({.model = "stn", .data = "solids:count=4"}).find("these data have none"), std::string::npos);
}

}  // namespace
}  // namespace ganymede::test
