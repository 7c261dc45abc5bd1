// S2-GAN: normals and their words, who waits for whom, and what G1 follows when all learn together.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/balance.h"
#include "gan/normals.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

TEST(Normals, AreOfLengthOneAndDifferentiable) {
  ContextScope scope;
  for (const DType dtype : {DType::f32, DType::f64}) {
    context().dtype = dtype;
    seed(4);
    const Tensor n = unit_normals(tanh(randn({2, 9, 9, 3}) * 0.01)), up = resized_normals(n, 24);
    for (const Tensor& x : {n, up})
      for (const double length : norm(x, {-1}).to_doubles()) EXPECT_NEAR(length, 1, 1e-5);
  }
  EXPECT_EQ(gradcheck([](const Tensors& in) { return Tensors{unit_normals(in[0])}; }, {randn({2, 3, 3})}), "");
  EXPECT_EQ(gradcheck([](const Tensors& in) { return Tensors{resized_normals(in[0], 5)}; }, {unit_normals(randn({1, 3, 3, 3}))}), "");
  for (const double v : unit_normals(zeros({1, 3})).to_doubles()) EXPECT_EQ(v, 0);
}

TEST(Normals, WordsAreTheCentresOfClusters) {
  std::vector<float> vectors;
  for (int i = 0; i < 20; ++i) {   // around x, around -y and z itself, whatever their length
    const float e = 0.01f * float(i % 5 - 2);
    vectors.insert(vectors.end(), {2, e, -e, e, -0.5f, e, 0, 0, 1});
  }
  const std::vector<double> centres = cluster_normals(vectors, 3);
  ASSERT_EQ(centres.size(), 9u);
  const std::vector<std::vector<double>> wanted{{1, 0, 0}, {0, -1, 0}, {0, 0, 1}};
  for (const auto& w : wanted) {
    double best = -1;
    for (size_t k = 0; k < 3; ++k) best = std::max(best, w[0] * centres[3 * k] + w[1] * centres[3 * k + 1] + w[2] * centres[3 * k + 2]);
    EXPECT_GT(best, 0.9999);
  }
  const NormalWords words{tensor(std::vector<double>{1, 0, 0, 0, 1, 0}, {2, 3}, DType::f64, Device{})};
  EXPECT_EQ(words.nearest(tensor(std::vector<double>{0.2, 0.9, 0, 0.8, -1, 0.3}, {2, 3}, DType::f64, Device{})).to_integers(), (std::vector<int64_t>{1, 0}));
  const std::vector<double> meant = words.meant(tensor(std::vector<double>{30, 0, 0, 0}, {2, 2}, DType::f64, Device{})).to_doubles();
  EXPECT_NEAR(meant[0], 1, 1e-9);
  EXPECT_NEAR(meant[3], std::sqrt(0.5), 1e-9);
  EXPECT_THROW(cluster_normals(vectors, 16), Error);
}

TEST(Balance, WhoeverIsAheadWaitsButNeverBoth) {
  const Balance b{0.3, 0.7};
  const auto moves = [&](double real, double fake) {
    const Tensor r = full({}, real), f = full({}, fake);
    return std::pair{int(b.d_moves(r, f).item()), int(b.g_moves(r, f).item())};
  };
  EXPECT_EQ(moves(0.5, 0.6), (std::pair{1, 1}));
  EXPECT_EQ(moves(0.2, 0.6), (std::pair{0, 1}));
  EXPECT_EQ(moves(0.6, 0.2), (std::pair{0, 1}));
  EXPECT_EQ(moves(0.5, 0.8), (std::pair{1, 0}));
  EXPECT_EQ(moves(0.8, 0.5), (std::pair{1, 0}));
  EXPECT_EQ(moves(0.2, 0.8), (std::pair{1, 1}));
}

// Gradient of G1 in the first iteration of the last stage.
std::vector<double> joint_gradient(const std::string& weight) {
  TinyModel m{"ss-gan", {{"joint_weight", weight}}};
  m.dtype = DType::f64, m.capture = false;
  Tiny t(m);
  for (int i = 0; i < 3; ++i) t->step();
  nn::StepTrace trace;
  t->step();
  std::vector<double> all;
  for (const nn::TracedStep& s : trace.steps)
    if (s.net == "G1")
      for (const Tensor& g : s.gradients)
        for (const double v : g.to_doubles()) all.push_back(v);
  return all;
}

TEST(SsGan, StructureFollowsATenthOfTheStylesGradient) {
  const auto none = joint_gradient("0"), tenth = joint_gradient("0.1"), whole = joint_gradient("1");
  ASSERT_FALSE(none.empty());
  double size = 0, error = 0;
  for (size_t i = 0; i < none.size(); ++i) size += std::pow(whole[i] - none[i], 2), error += std::pow(tenth[i] - none[i] - 0.1 * (whole[i] - none[i]), 2);
  EXPECT_GT(size, 0);
  EXPECT_LT(std::sqrt(error / size), 1e-6);
}

TEST(SsGan, ItsFakesAreRenderedFromNormalsOfLengthOne) {
  Tiny t({"ss-gan", {{"width", "32"}, {"structure", "24"}}});   // wide, so that what untrained layers say is not nearly 0
  t->step();
  t->sampling(1, [&] {
    const auto columns = t->recipe().columns(t->batch());
    for (const size_t made : {0, 4})
      for (const double length : norm(columns.at(made).pictures, {-1}).to_doubles()) EXPECT_NEAR(length, 1, 1e-5);
  });
}

// What the generated test of settings does not reach in its three iterations.
TEST(SsGan, SettingsOfLaterIterationsChangeTheRun) {
  const auto after = [](const std::map<std::string, std::string>& settings) {
    Tiny t({"ss-gan", settings});
    for (int i = 0; i < 5; ++i) t->step();
    for (const auto& [name, v] : t->values()) EXPECT_TRUE(std::isfinite(v)) << name;
    return t.state();
  };
  const auto standard = after({});
  for (const auto& [name, value] : std::map<std::string, std::string>{{"structure", "24"}, {"joint_weight", "1"}, {"joint_rate", "1e-3"}, {"low", "0.9"}, {"style_steps", "2"}})
    EXPECT_NE(after({{name, value}}), standard) << name;
}

TEST(SsGan, RendersMapsInOneStyleAndReadsThemOffPictures) {
  Tiny t({"ss-gan", {{"width", "32"}}});
  t->step();
  for (const nn::Net& net : t->recipe().nets)   // so that what an untrained one draws differs in eight bits
    if (net.name() == "G2")
      for (const Tensor& p : net.leaves()) assign(p, (p * 5.0).constant());
  t->sampling(1, [&] {
    data::Picture slope(16, 16, 3), other(16, 16, 3), grey(20, 30, 1);
    for (size_t i = 0; i < slope.pixels.size(); ++i) slope.pixels[i] = i % 3 == 2 ? 255 : 128, other.pixels[i] = i % 3 == 1 ? 255 : 128;
    const Config none;
    const auto done = [&](const std::string& name, std::vector<NamedPicture> pictures, int64_t n) {
      for (const Task& task : t->recipe().tasks)
        if (task.name == name) return task.run({std::move(pictures), none, n});
      return std::vector<Result>{};
    };
    const auto made = done("render", {{"one", slope}, {"same", slope}, {"other", other}}, 2);
    ASSERT_EQ(made.size(), 6u);
    EXPECT_EQ(made[0].name, "one_1");
    EXPECT_EQ(made[0].frames[0].pixels, made[2].frames[0].pixels);
    EXPECT_NE(made[0].frames[0].pixels, made[1].frames[0].pixels) << "another z~";
    EXPECT_NE(made[0].frames[0].pixels, made[4].frames[0].pixels) << "other normals";
    const auto read = done("normals", {{"photo", grey}}, 1);
    ASSERT_EQ(read.size(), 1u);
    EXPECT_EQ(read[0].frames[0].channels, 3);
  });
}

std::string refusal(const TinyModel& m) {
  try {
    Tiny t(m);
  } catch (const UsageError& e) {
    return e.what();
  }
  return "";
}

TEST(SsGan, RefusesWhatDoesNotFit) {
  EXPECT_EQ(refusal({"ss-gan", {{"structure_steps", "8"}}}), "settings fcn_steps=1, structure_steps=8 and style_steps=1: the run has 10 iterations, so none remain for all together; set less or more --steps");
  EXPECT_EQ(refusal({"ss-gan", {{"structure", "20"}}}), "setting structure=20: normals are made in multiples of 8 px from 16");
  EXPECT_EQ(refusal({.model = "ss-gan", .size = 24}), "a picture size of 24: ss-gan takes multiples of 16; set --size");
  EXPECT_EQ(refusal({.model = "ss-gan", .data = "shapes:pairs,from=edges"}), "ss-gan takes pictures b with their normals a in three channels; in these data a has 1; try --data solids");
}

}  // namespace
}  // namespace ganymede::test
