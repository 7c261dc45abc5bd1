// PAN: rain over pictures, its networks, when D's features are trained to differ, and how restored pictures are measured.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "engine/ops.h"
#include "gan/data/transform.h"
#include "gan/nets/pan.h"
#include "gan/uses/translate.h"
#include "nn/net.h"
#include "tests/gan/model_fixture.h"

namespace ganymede {
namespace {

data::Image dark(int64_t height, int64_t width) { return {height, width, 3, std::vector<float>(size_t(height * width * 3), -1.0f)}; }
double light(const data::Image& image) {   // 0 black, 1 white
  double sum = 0;
  for (float v : image.values) sum += (double(v) + 1) / 2;
  return sum / double(image.values.size());
}

TEST(Rain, IsWhiteStreaksOfAsMuchAtAnySize) {
  for (const auto& [height, width] : {std::pair<int64_t, int64_t>{64, 64}, {256, 256}, {64, 160}}) {
    double share = 0, brightest = -1;
    for (uint64_t key = 0; key < 20; ++key) {
      data::Random random(key);
      const data::Image wet = transformed(dark(height, width), data::Transform::rain, random);
      share += light(wet) / 20;
      for (size_t i = 0; i < wet.values.size(); i += 3) {
        EXPECT_EQ(wet.values[i], wet.values[i + 1]);
        EXPECT_LE(wet.values[i], 1);
        brightest = std::max(brightest, double(wet.values[i]));
      }
    }
    EXPECT_NEAR(share, 0.165, 0.01) << height;
    EXPECT_GT(brightest, 0.5) << height;
  }
}

// Upright to half a radian from it, all streaks of a picture alike: shifted along them it differs least, clearly less than by other shifts (with angles of their own: 0.82 and more).
TEST(Rain, HasOneWind) {
  std::set<int64_t> winds;
  for (uint64_t key = 0; key < 12; ++key) {
    data::Random random(key);
    const data::Image wet = transformed(dark(96, 96), data::Transform::rain, random);
    double least = 1e300, all = 0;
    int64_t wind = 99;
    for (int64_t shift = -9; shift <= 9; ++shift) {   // over 6 rows; tan 0.5 * 6 = 3.3
      double apart = 0;
      for (int64_t y = 0; y < 90; ++y)
        for (int64_t x = 9; x < 87; ++x) apart += std::abs(wet.values[size_t((y * 96 + x) * 3)] - wet.values[size_t(((y + 6) * 96 + x + shift) * 3)]);
      all += apart / 19;
      if (apart < least) least = apart, wind = shift;
    }
    EXPECT_LE(std::abs(wind), 4);
    EXPECT_LT(least, 0.7 * all);
    winds.insert(wind);
  }
  EXPECT_GT(winds.size(), 2u);
}

TEST(Rain, IsDrawnAnewAndTheSameFromTheSameNumbers) {
  data::Random one(1), again(1), other(2);
  const data::Image a = transformed(dark(32, 32), data::Transform::rain, one);
  EXPECT_EQ(a.values, transformed(dark(32, 32), data::Transform::rain, again).values);
  EXPECT_NE(a.values, transformed(dark(32, 32), data::Transform::rain, other).values);
}

TEST(PanNetworks, AreThoseOfThePaper) {
  std::map<std::string, Shape> found;
  nn::Visit v;
  v.parameter = [&](const std::string& name, Tensor& p) { found[name] = p.shape(); };
  nets::pan_transformation({.width = 8})->visit(v);
  const std::vector<std::pair<int64_t, int64_t>> down{{3, 8}, {8, 16}, {16, 32}, {32, 64}, {64, 64}, {64, 64}}, up{{64, 64}, {128, 32}, {96, 16}, {48, 8}, {24, 8}, {8, 3}};
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(found.at(text("e", i + 1, ".weight")), Shape({down[i].second, 3, 3, down[i].first})) << i;
    EXPECT_EQ(found.at(text("d", i + 1, ".weight")), Shape({up[i].first, 4, 4, up[i].second})) << i;
    EXPECT_EQ(found.count(text("e", i + 1, ".bias")), i == 0) << i;
    EXPECT_EQ(found.count(text("d", i + 1, "_norm.weight")), i != 5) << i;
  }
  const nn::Net D("D", nets::pan_discriminator({.height = 64, .width = 32, .channels = 2}));
  const Tensors said = D(Tensors{zeros({1, 64, 32, 3})});
  const std::vector<Shape> shapes{{1, 1}, {1, 64, 32, 2}, {1, 16, 8, 8}, {1, 8, 4, 16}, {1, 4, 2, 16}};
  ASSERT_EQ(said.size(), shapes.size());
  for (size_t i = 0; i < shapes.size(); ++i) EXPECT_EQ(said[i].shape(), shapes[i]) << i;
}

// By the hinge alone (theta=0) D moves while L_P is below the margin, and not at all above it.
TEST(Pan, DIsTrainedToDifferBelowTheMarginOnly) {
  const auto moved = [](const std::string& margin) {
    test::Tiny t({.model = "pan", .settings = {{"theta", "0"}, {"margin", margin}}});
    const auto before = t.state();
    t->step();
    const auto now = t.state();
    int n = 0;
    for (const auto& [name, v] : before) n += name.starts_with("D.") && name.find("running") == name.npos && v != now.at(name);
    return n;
  };
  EXPECT_GT(moved("1000"), 5);
  EXPECT_EQ(moved("1e-9"), 0);
}

TEST(Pan, NeedsSomethingToLearn) {
  EXPECT_NE(test::refusal({.model = "pan", .settings = {{"theta", "0"}, {"margin", "0"}}}).find("setting theta=0"), std::string::npos);
  EXPECT_EQ(test::refusal({.model = "pan", .settings = {{"lambda1", "0"}, {"lambda2", "0"}, {"lambda3", "0"}, {"lambda4", "0"}}}), "");
}

TEST(RestorationMeasures, ComparePicturesOfBytes) {
  Recipe r;
  add_restoration_measures(r, {"a", "b", 3, 3}, [](const Batch& b) { return b["b"] + 0.2; });
  const Tensor target = zeros({2, 16, 16, 3});
  const auto measured = [&](const std::string& name) {
    for (const Measure& m : r.measures)
      if (m.name == name) return m.value({2, [&](const std::function<void(const Batch&)>& look) { look({2, {{"a", target + 0.5}, {"b", target}}}); }});
    ADD_FAILURE() << "no measure " << name;
    return 0.0;
  };
  EXPECT_NEAR(measured("psnr"), 20 * std::log10(255 / 25.0), 1e-9);   // bytes of 0, 0.2 and 0.5: 128, 153 and 191
  EXPECT_NEAR(measured("psnr_input"), 20 * std::log10(255 / 63.0), 1e-9);
  EXPECT_NEAR(measured("psnr_gain"), measured("psnr") - measured("psnr_input"), 1e-9);
  EXPECT_GT(measured("ssim"), measured("ssim_input"));
  Recipe grey;
  add_restoration_measures(grey, {"a", "b", 1, 3}, [](const Batch& b) { return b["b"]; });
  EXPECT_EQ(grey.measures.size(), 2u);
}

}  // namespace
}  // namespace ganymede
