// VESPCN: warps against shifts, sizes, slow fusion against a convolution in time, and the task on a clip.
#include <gtest/gtest.h>

#include "engine/ops.h"
#include "gan/nets/vespcn.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

class Vespcn : public testing::Test {
 protected:
  void SetUp() override { context().device = Device{}, context().dtype = DType::f64, seed(4); }
  ContextScope scope_;
};

Tensor constant_flow(int64_t n, int64_t h, int64_t w, double x, double y) {
  std::vector<double> v;
  for (int64_t i = 0; i < n * h * w; ++i) v.push_back(x), v.push_back(y);
  return tensor(v, Shape{n, h, w, 2}, DType::f64, Device{});
}

// Whole pixels: exactly the shifted frame, its border repeated. x first, and forwards: y(p) = x(p + flow).
TEST_F(Vespcn, AWarpByWholePixelsIsAShift) {
  const Tensor x = uniform({2, 5, 8, 1}, 0, 1);
  const auto from = x.to_doubles(), to = nets::warp(x, constant_flow(2, 5, 8, 2, -1)).to_doubles();
  for (int64_t n = 0; n < 2; ++n)
    for (int64_t r = 0; r < 5; ++r)
      for (int64_t c = 0; c < 8; ++c)
        EXPECT_NEAR(to[size_t((n * 5 + r) * 8 + c)], from[size_t((n * 5 + std::max<int64_t>(0, r - 1)) * 8 + std::min<int64_t>(7, c + 2))], 1e-12);
}

// Derivatives by places and by frames; flows stay clear of whole pixels, where there are two.
TEST_F(Vespcn, AWarpPassesGradcheck) {
  const Tensor x = uniform({1, 4, 5, 1}, 0, 1), flow = uniform({1, 4, 5, 2}, 0.2, 0.8);
  EXPECT_EQ(gradcheck([&](const Tensors& in) { return Tensors{nets::warp(in[0], in[1])}; }, {x, flow}), "");
}

TEST_F(Vespcn, FlowsBeginNearZeroAndHaveTheSizeOfTheFrame) {
  const nn::Net motion("motion", nets::motion_estimator(24, 8));
  const Tensor a = uniform({1, 64, 64, 1}, 0, 1), b = uniform({1, 64, 64, 1}, 0, 1);
  const Tensors made = motion(Tensors{a, b});
  EXPECT_EQ(made[0].shape(), Shape({1, 64, 64, 2}));
  EXPECT_EQ(made[1].shape(), a.shape());
  EXPECT_LT(max(abs(made[0])).item(), 0.5);
  EXPECT_GT(max(abs(made[0])).item(), 0);
  EXPECT_THROW(motion(Tensors{uniform({1, 6, 8, 1}, 0, 1), uniform({1, 6, 8, 1}, 0, 1)}), Error);
}

TEST_F(Vespcn, EnlargersHaveThePapersSizes) {
  const nn::Net early("SR", nets::frame_enlarger({.frames = 3, .scale = 3, .layers = 9})), slow("SR", nets::frame_enlarger({.frames = 5, .scale = 3, .layers = 5, .slow = true}));
  EXPECT_EQ(early(zeros({1, 64, 64, 3})).shape(), Shape({1, 192, 192, 1}));
  EXPECT_EQ(early.parameter_count(), 9 * (3 * 24 + 7 * 24 * 24 + 24 * 9) + 8 * 24 + 9);
  EXPECT_EQ(slow(zeros({1, 8, 8, 5})).shape(), Shape({1, 24, 24, 1}));
  EXPECT_EQ(slow.parameter_count(), 9 * (2 * 24 + 3 * 48 * 24 + 24 * 9) + 4 * 24 + 9);
  EXPECT_THROW(nets::frame_enlarger({.frames = 5, .layers = 4, .slow = true}), Error);
}

// Slow fusion of three frames is a convolution in time of two frames, written out here by sums over pairs, then a 2D one.
TEST_F(Vespcn, SlowFusionConvolvesInTime) {
  const nn::Net net("SR", nets::frame_enlarger({.frames = 3, .scale = 2, .width = 4, .layers = 3, .slow = true}));
  const Tensor x = uniform({2, 6, 5, 3}, 0, 1);
  const auto p = [&](const std::string& name) {
    for (const auto& q : net.parameters())
      if (q.name == name) return q.value;
    throw Error("no parameter " + name);
  };
  const ConvOptions same{.padding = {1, 1}};
  const auto in_time = [&](const Tensors& at, const std::string& layer, int64_t channels) {
    const Tensor w = p(layer + ".weight");
    Tensors out;
    for (size_t t = 0; t + 1 < at.size(); ++t)
      out.push_back(relu(conv2d(at[t], slice(w, 3, 0, channels), p(layer + ".bias"), same) + conv2d(at[t + 1], slice(w, 3, channels, 2 * channels), {}, same)));
    return out;
  };
  const Tensors first = in_time({slice(x, 3, 0, 1), slice(x, 3, 1, 2), slice(x, 3, 2, 3)}, "merge1", 1);
  const Tensor second = in_time(first, "merge2", 4).at(0);
  const Tensor want = pixel_shuffle(conv2d(second, p("rest.conv1.weight"), p("rest.conv1.bias"), same), 2);
  EXPECT_LT(relative_error(net(x).to_doubles(), want.to_doubles()), 1e-12);
}

// A clip of any size and length comes back frame by frame; frames of two sizes are no clip.
TEST_F(Vespcn, EnlargesAClip) {
  context().dtype = DType::f32;
  Tiny t({.model = "vespcn"});
  const Task& task = t->recipe().tasks.at(0);
  ASSERT_EQ(task.name, "super-resolution");
  const data::Picture frame(9, 14, 3, 120);
  t->sampling(1, [&] {
    const auto results = task.run({{{"a", frame}, {"b", frame}}, Config{}, 1});
    ASSERT_EQ(results.size(), 2u);
    EXPECT_EQ(results[1].name, "b-x2");
    EXPECT_EQ(results[1].frames.at(0).height, 18);
    EXPECT_EQ(results[1].frames.at(0).width, 28);
    EXPECT_THROW(task.run({{{"a", frame}, {"b", data::Picture(10, 14, 3)}}, Config{}, 1}), UsageError);
  });
}

TEST_F(Vespcn, WhatItCannotDoIsRefused) {
  EXPECT_THROW(Tiny({.model = "vespcn", .settings = {{"window", "7"}}}), UsageError);                         // clips of five
  EXPECT_THROW(Tiny({.model = "vespcn", .settings = {{"scale", "3"}}}), UsageError);                          // 16 px
  EXPECT_THROW(Tiny({.model = "vespcn", .settings = {{"window", "5"}, {"fusion", "slow"}}}), UsageError);     // three layers
}

// The flow learns alone first.
TEST_F(Vespcn, BeginsWithTheFlowIfAsked) {
  Tiny t({.model = "vespcn", .settings = {{"pretrain", "2"}}});
  const auto before = t.state();
  t->step();
  auto now = t.state();
  EXPECT_EQ(before.at("SR.conv1.weight"), now.at("SR.conv1.weight"));
  EXPECT_NE(before.at("motion.coarse.conv1.weight"), now.at("motion.coarse.conv1.weight"));
  t->step(), t->step();
  now = t.state();
  EXPECT_NE(before.at("SR.conv1.weight"), now.at("SR.conv1.weight"));
}

}  // namespace
}  // namespace ganymede::test
