// DRCN and the Wasserstein networks for faces: sizes against their papers, first values, what moves when.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "gan/nets/drcn.h"
#include "gan/nets/srez.h"
#include "tests/gan/model_fixture.h"

namespace ganymede::test {
namespace {

class Enlargers : public testing::Test {
 protected:
  void SetUp() override { context().device = Device{}, context().dtype = DType::f64, seed(4); }
  ContextScope scope_;
};

TEST_F(Enlargers, DrcnHasThePapersSize) {
  context().device = {DeviceType::plan, 0};
  const nn::Net G("G", nets::drcn({}));
  EXPECT_EQ(G.parameter_count(), 1774080 + 256 * 4 + 1 + 16);
  EXPECT_EQ(G(zeros({2, 41, 41, 1})).shape(), Shape({2, 41, 41, 1}));
}

// The recursion begins as the identity of what is not negative, so every recursion's picture is the same, bit for bit; by He's weights they differ.
TEST_F(Enlargers, DrcnBeginsAsTheIdentity) {
  const Tensor x = uniform({2, 7, 5, 1}, 0, 1);
  const auto pictures = [&](bool identity) { return nn::Net("G", nets::drcn({.width = 6, .recursions = 3, .identity = identity}))(Tensors{x})[0]; };
  const Tensor same = pictures(true), other = pictures(false);
  ASSERT_EQ(same.shape(), Shape({3, 2, 7, 5, 1}));
  for (int64_t d = 1; d < 3; ++d) {
    EXPECT_EQ(same.rows(d, d + 1).to_doubles(), same.rows(0, 1).to_doubles());
    EXPECT_NE(other.rows(d, d + 1).to_doubles(), other.rows(0, 1).to_doubles());
  }
}

// With the recursions' own errors alone nothing moves the ensemble's weights, with the ensemble's error alone something does.
TEST_F(Enlargers, DrcnsEnsembleFollowsItsOwnErrorAlone) {
  const auto moves = [](const std::string& alpha) {
    Tiny t({.model = "drcn", .settings = {{"alpha", alpha}, {"last_alpha", alpha}, {"decay", "0"}}, .dtype = DType::f64});
    const auto before = t.state().at("G.ensemble");
    t->step();
    return t.state().at("G.ensemble") != before;
  };
  EXPECT_FALSE(moves("1"));
  EXPECT_TRUE(moves("0"));
}

TEST_F(Enlargers, DrcnsAlphaFallsOverHalfTheRun) {
  Tiny t({.model = "drcn"});   // a run of ten iterations
  std::vector<double> alphas;
  for (int i = 0; i < 7; ++i) {
    t->step();
    for (const auto& [name, v] : t->values())
      if (name == "G/alpha") alphas.push_back(v);
  }
  ASSERT_EQ(alphas.size(), 7u);
  for (size_t i = 0; i < 7; ++i) EXPECT_NEAR(alphas[i], std::max(0.0, 1 - double(i) / 5), 1e-6);
}

TEST_F(Enlargers, SrezHasThePapersSizes) {
  context().device = {DeviceType::plan, 0};
  const nn::Net G("G", nets::srez_generator({})), bare("G", nets::srez_generator({.norm = false})), D("D", nets::srez_critic({}));
  EXPECT_EQ(G(zeros({2, 16, 16, 3})).shape(), Shape({2, 64, 64, 3}));
  EXPECT_EQ(D(zeros({2, 64, 64, 3})).shape(), Shape({2, 1}));
  const int64_t first = 3 * 256 + 5 * 9 * 256 * 256, second = 256 * 128 + 5 * 9 * 128 * 128, head = 9 * 128 * 96 + 96 * 96 + 96 * 3;
  EXPECT_EQ(bare.parameter_count(), first + 6 * 256 + second + 6 * 128 + head + 96 + 96 + 3);
  EXPECT_EQ(G.parameter_count(), first + 5 * 256 + second + 5 * 128 + 128 + head + 96 + 96 + 3);   // norms' biases, and the last doubling's
  const int64_t critic = 9 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512 * 512) + 512 * 512 + 512;
  EXPECT_EQ(D.parameter_count(), critic + 2 * (64 + 128 + 256 + 3 * 512));
  EXPECT_EQ(nn::Net("G", nets::srez_generator({.scale = 8, .width = 8, .last = 3, .residual = false}))(zeros({1, 4, 6, 3})).shape(), Shape({1, 32, 48, 3}));
}

TEST_F(Enlargers, ABoxsGradientIsASixteenthForEachPixel) {
  const Tensor y = watch(uniform({1, 8, 8, 3}, 0, 1));
  for (const double g : grad(sum(average_pool(y, {{4, 4}, {4, 4}})), y).to_doubles()) EXPECT_DOUBLE_EQ(g, 1.0 / 16);
}

TEST_F(Enlargers, FaceSrsBoundedCriticStaysInItsBounds) {
  Tiny t({.model = "face-sr-wgan", .settings = {{"objective", "wgan"}, {"clip", "0.01"}, {"rate", "0.1"}}});
  for (int i = 0; i < 3; ++i) t->step();
  double most = 0, made = 0;
  for (const auto& [name, v] : t.state())
    for (const double x : v) {
      if (name.starts_with("D.") && name.find("running") == std::string::npos) most = std::max(most, std::abs(x));
      if (name.starts_with("G.") && name.find("running") == std::string::npos) made = std::max(made, std::abs(x));
    }
  EXPECT_NEAR(most, 0.01, 1e-8);
  EXPECT_GT(made, 0.01);
}

TEST_F(Enlargers, WhatFaceSrCannotDoIsRefused) {
  const auto refused = [](const std::map<std::string, std::string>& settings, const std::string& data, int64_t size) {
    try {
      Tiny t({.model = "face-sr-wgan", .settings = settings, .size = size, .data = data});
      return false;
    } catch (const UsageError&) {
      return true;
    }
  };
  EXPECT_FALSE(refused({}, "shapes:sr,scale=4", 16));
  EXPECT_TRUE(refused({{"d_norm", "batch"}}, "shapes:sr,scale=4", 16));   // beside a penalty
  EXPECT_FALSE(refused({{"d_norm", "batch"}, {"objective", "gan"}}, "shapes:sr,scale=4", 16));
  EXPECT_TRUE(refused({}, "shapes:sr,scale=3", 24));
  EXPECT_TRUE(refused({}, "shapes:sr,scale=2", 8));
}

}  // namespace
}  // namespace ganymede::test
