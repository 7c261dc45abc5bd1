// StackGAN++: gates, the tree's sizes, colours of neighbouring sizes, trainings without captions.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/colour.h"
#include "gan/nets/stackgan_pp.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

TEST(StackganPp, GatesHalveTheChannels) {
  ContextScope scope;
  context().dtype = DType::f64;
  const nn::Net glu("G", nets::gated_linear_unit());
  const Tensor x = tensor(std::vector<double>{1, -2, 0, 3}, Shape{1, 4}, DType::f64, {});
  const auto y = glu(x).to_doubles();
  EXPECT_DOUBLE_EQ(y.at(0), 1 * 0.5);
  EXPECT_NEAR(y.at(1), -2 / (1 + std::exp(-3.0)), 1e-15);
  EXPECT_EQ(y.size(), 2u);
  EXPECT_EQ(gradcheck([&](const Tensors& in) { return Tensors{glu(in[0])}; }, {random_tensor({2, 3, 3, 6}, 2)}), "");
  EXPECT_THROW(glu(zeros({2, 3})), Error);
}

TEST(StackganPp, HasThePapersSizes) {
  ContextScope scope;
  context().device = {DeviceType::plan, 0};
  const auto made = [](const nn::Layer& layer, const Tensors& xs) {
    nn::LayerTrace trace;
    const Shape y = nn::Net("net", layer)(xs).at(0).shape();
    std::vector<int64_t> c;
    for (const nn::TracedLayer& l : trace.layers)
      if (l.name.find("conv") != std::string::npos) c.push_back(l.output[int(l.output.rank()) - 1]);
    return std::pair{y, c};
  };
  const nets::TreeSize s{};
  EXPECT_EQ(nn::Net("C", nets::gated_conditioning(1024, 128))(zeros({2, 1024})).shape(), Shape({2, 256}));
  const auto [root, doublings] = made(nets::tree_root(228, s), {zeros({2, 228})});
  EXPECT_EQ(root, Shape({2, 64, 64, 64}));
  EXPECT_EQ(doublings, (std::vector<int64_t>{1024, 512, 256, 128}));   // before the gates
  EXPECT_EQ(nn::Net("H", nets::tree_root(228, s)).parameters().at(0).value.shape(), Shape({1024 * 16 * 2, 228}));
  const auto [step, steps] = made(nets::tree_step(64, 128, 2), {zeros({2, 64, 64, 64}), zeros({2, 128})});
  EXPECT_EQ(step, Shape({2, 128, 128, 32}));
  EXPECT_EQ(steps.front(), 128);
  EXPECT_EQ(steps.back(), 64);
  EXPECT_EQ(nn::Net("G", nets::tree_picture(16, 3))(zeros({2, 256, 256, 16})).shape(), Shape({2, 256, 256, 3}));
  const std::vector<std::vector<int64_t>> widths{{64, 128, 256, 512}, {64, 128, 256, 512, 1024, 512}, {64, 128, 256, 512, 1024, 2048, 1024, 512}};
  for (int level = 0; level < 3; ++level) {
    const nn::Net D("D", nets::tree_discriminator(s, level));
    std::vector<int64_t> trunk;
    for (const auto& p : D.parameters())
      if (p.name.rfind("trunk.conv", 0) == 0) trunk.push_back(p.value.dim(0));
    EXPECT_EQ(trunk, widths[size_t(level)]);
    const Tensors said = D(Tensors{zeros({2, 64 << level, 64 << level, 3}), zeros({2, 128})});
    ASSERT_EQ(said.size(), 2u);
    EXPECT_EQ(said[0].shape(), Shape({2, 1}));
    EXPECT_EQ(said[1].shape(), Shape({2, 1}));
    EXPECT_EQ(nn::Net("D", nets::tree_discriminator(s, level, false))(Tensors{zeros({2, 64 << level, 64 << level, 3}), zeros({2, 128})}).size(), 1u);
  }
}

TEST(StackganPp, TheHeadOfAPictureAloneSeesNoCondition) {
  ContextScope scope;
  context().dtype = DType::f64;
  nn::seed_parameters(3);
  const nn::Net D("D", nets::tree_discriminator({.size = 8, .channels = 1, .width = 2, .condition = 3}, 1));
  const Tensor x = random_tensor({2, 16, 16, 1}, 4);
  const Tensors a = D(Tensors{x, random_tensor({2, 3}, 5)}), b = D(Tensors{x, random_tensor({2, 3}, 6)});
  EXPECT_NE(a[0].to_doubles(), b[0].to_doubles());
  EXPECT_EQ(a[1].to_doubles(), b[1].to_doubles());
}

TEST(ColourConsistency, ComparesMeansAndCovariancesAndMovesTheLargerPictureAlone) {
  // Two pixels of two channels: means (1, 2) and covariance [[1, -1], [-1, 1]].
  const Tensor x = tensor(std::vector<double>{0, 3, 2, 1}, Shape{1, 1, 2, 2}, DType::f64, {});
  const ColourStatistics s = colour_statistics(x);
  EXPECT_EQ(s.mean.to_doubles(), (std::vector<double>{1, 2}));
  EXPECT_EQ(s.covariance.to_doubles(), (std::vector<double>{1, -1, -1, 1}));
  // Against a picture of one colour, (0, 0): (1 + 4) / 2 + 5 * 4 / 4.
  EXPECT_DOUBLE_EQ(colour_consistency(x, zeros_like(x)).item(), 7.5);
  const Tensor high = random_tensor({2, 4, 4, 3}, 1), low = random_tensor({2, 2, 2, 3}, 2);
  EXPECT_EQ(gradcheck([&](const Tensors& in) { return Tensors{colour_consistency(in[0], low)}; }, {high}), "");
  const Tensor watched = leaf(low);
  const Watch watch({watched});
  EXPECT_FALSE(colour_consistency(high, watched).node());
  EXPECT_TRUE(colour_consistency(watched, high).node());
}

// Every size is drawn from the first features.
TEST(StackganPp, AllSizesShareTheFirstFeatures) {
  Tiny t({"stackgan-pp", {{"branches", "3"}, {"condition", "none"}}, {"projected", "text_steps", "text_width", "text_length", "image_width"}, 32});
  const auto columns = [&] {
    std::vector<std::vector<double>> x;
    t->sampling(1, [&] {
      for (const Column& c : t->recipe().columns(t->batch())) x.push_back(c.pictures.to_doubles());
    });
    return x;
  };
  t->step();
  const auto before = columns();
  ASSERT_EQ(before.size(), 6u);   // two samples
  for (const nn::NamedTensor& state : t->state())   // its weights and their average
    if (state.name.find("H8") != std::string::npos && is_floating(state.value.dtype())) assign(state.value, zeros_like(state.value));
  const auto after = columns();
  for (size_t i = 0; i < 6; ++i) EXPECT_NE(before[i], after[i]) << i;
}

TEST(StackganPp, SaysWhatDoesNotFit) {
  EXPECT_EQ(refusal({"stackgan-pp", {{"branches", "3"}}}), "setting branches=3 of pictures of 16 px: the smallest would have 4 px; it must have 8, 16, 32, ...; set branches or --size");
  EXPECT_EQ(refusal({"stackgan-pp", {}, {}, 24}), "setting branches=2 of pictures of 24 px: the smallest would have 12 px; it must have 8, 16, 32, ...; set branches or --size");
  TinyModel bare{"stackgan-pp", {{"condition", "caption"}}};
  bare.data = "shapes:pairs,with=image";
  EXPECT_EQ(refusal(bare), "condition=caption: these data have no captions; set condition=none, or try --data shapes:single,plain=1,label=both");
}

// Stages and settings that the generated tests do not reach.
TEST(StackganPp, TrainsWithoutCaptionsToo) {
  const auto after = [](bool capture, std::map<std::string, std::string> settings, int steps) {
    settings["condition"] = "none";
    TinyModel m{"stackgan-pp", settings, {"projected", "text_steps", "text_width", "text_length", "image_width"}};
    m.capture = capture;
    Tiny t(m);
    for (int i = 0; i < steps; ++i) t->step();
    for (const auto& [name, v] : t->values()) EXPECT_TRUE(std::isfinite(v)) << name;
    return t.state();
  };
  EXPECT_EQ(after(true, {}, 6), after(false, {}, 6));
  EXPECT_NE(after(true, {}, 2), after(true, {{"colour_weight", "0"}}, 2));
  EXPECT_NE(after(true, {}, 2), after(true, {{"latent", "4"}}, 2));
}

}  // namespace
}  // namespace ganymede::test
