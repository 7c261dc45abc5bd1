// What DeepFill promises beyond the tests that every model passes: its networks as published, where attention looks, what it fills and what it leaves.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/ops.h"
#include "gan/nets/contextual_attention.h"
#include "gan/nets/deepfill.h"
#include "gan/pictures.h"
#include "gan/uses/inpaint.h"
#include "tests/gan/model_fixture.h"
#include "tests/data/run_test_util.h"
#include "tests/support/difference.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {


struct Doubles {
  Doubles() { context().dtype = DType::f64, seed(1); }
  ContextScope scope;
};

// Ones in a rectangle.
Tensor rectangle(int64_t n, int64_t h, int64_t w, int64_t top, int64_t left, int64_t height, int64_t width) {
  return pad_zero(ones({n, height, width, 1}), {0, top, left, 0}, {0, h - top - height, w - left - width, 0});
}

TEST(DeepFill, HasThePapersFourMillionParameters) {
  ContextScope scope;
  context().device = {DeviceType::plan, 0};
  nn::Layer g = nets::fill_generator({});
  EXPECT_EQ(nn::parameter_count(*g), 4052478);   // "4.1M"
}

// Two halves of one pattern: what is hidden on the right is found at the same place on the left.
TEST(ContextualAttention, FindsWhatIsHiddenElsewhere) {
  const Doubles f64;
  const Tensor half = random_tensor({1, 8, 8, 5}, 3), x = concat({half, half}, 2);
  const Tensor hole = rectangle(1, 8, 16, 2, 12, 2, 2);
  const Tensor weights = nets::contextual_weights(x, hole);
  ASSERT_EQ(weights.shape(), (Shape{1, 32, 32}));
  EXPECT_LT(furthest(sum(weights, {2}), ones({1, 32})), 1e-12);
  // Place (1, 6) of 4 x 8 is (2, 12) of the maps; its twin is (1, 2).
  const std::vector<double> from = slice(weights, 1, 1 * 8 + 6, 1 * 8 + 7).to_doubles();
  EXPECT_EQ(std::max_element(from.begin(), from.end()) - from.begin(), 1 * 8 + 2);
  // The hole is at place (1, 6): patches that it touches are not looked at.
  for (int64_t row = 0; row <= 2; ++row)
    for (int64_t column = 5; column <= 7; ++column) EXPECT_EQ(from[size_t(row * 8 + column)], 0) << row << " " << column;
  EXPECT_GT(from[3 * 8 + 6], 0);
}

// Where all are free and each looks at itself alone, patches add up to what they were cut from.
TEST(ContextualAttention, PutsPatchesWhereTheyCameFrom) {
  const Doubles f64;
  const Tensor x = random_tensor({2, 6, 8, 3}, 5);
  const Tensor y = nets::contextual_attention(x, zeros({2, 6, 8, 1}), 1e4);
  // All but the frame, of which fewer patches than four overlap.
  const auto inner = [](const Tensor& t) { return slice(slice(t, 1, 1, 5), 2, 1, 7); };
  EXPECT_LT(furthest(inner(y), inner(x)), 1e-9);
}

TEST(ContextualAttention, OfNoFreePatchAllAreLookedAt) {
  const Doubles f64;
  const Tensor x = random_tensor({1, 4, 4, 3}, 5);
  const Tensor all = nets::contextual_weights(x, ones({1, 4, 4, 1})), none = nets::contextual_weights(x, zeros({1, 4, 4, 1}));
  EXPECT_LT(furthest(all, none), 1e-9);
}

TEST(ContextualAttention, IsDifferentiableTwice) {
  const Doubles f64;
  const Tensor x = random_tensor({1, 4, 6, 2}, 7), hole = rectangle(1, 4, 6, 0, 4, 2, 2);
  const auto f = [=](const Tensors& in) { return Tensors{nets::contextual_attention(in[0], hole)}; };
  EXPECT_EQ(gradcheck(f, {x}), "");
  EXPECT_EQ(gradgradcheck(f, {x}), "");
}

TEST(DeepFill, TakesPicturesOfAnySizeThatSuits) {
  const Doubles f64;
  const nn::Net G("G", nets::fill_generator({.size = 16, .channels = 2, .width = 2}));
  for (const auto& [h, w] : {std::pair{16, 16}, {24, 8}, {32, 40}}) {
    const Tensors y = G(Tensors{random_tensor({1, h, w, 2}, 1), rectangle(1, h, w, 2, 2, 3, 3)});
    ASSERT_EQ(y.size(), 2u);
    for (const Tensor& t : y) EXPECT_EQ(t.shape(), (Shape{1, h, w, 2}));
  }
}

TEST(DeepFill, SmoothFillingIsTheMeanOfWhatIsThere) {
  const Doubles f64;
  const Tensor flat = full({1, 7, 10, 2}, 0.25), hole = rectangle(1, 7, 10, 1, 2, 5, 6);
  EXPECT_LT(furthest(smoothly_filled(flat * (1.0 - hole), hole), flat), 1e-12);
  const Tensor x = random_tensor({2, 12, 12, 1}, 3), two = concat({rectangle(1, 12, 12, 3, 3, 4, 5), rectangle(1, 12, 12, 0, 0, 12, 4)}, 0);
  const Tensor y = smoothly_filled(x * (1.0 - two), two);
  EXPECT_EQ(furthest(y * (1.0 - two), x * (1.0 - two)), 0) << "outside nothing changes";
  EXPECT_LT(furthest(smoothly_filled((x + 5.0) * (1.0 - two), two), y + 5.0), 1e-12) << "nothing of the hole's zeros is mixed in";
}

struct Inpainting : testing::Test {
  NamedPicture named(const std::string& name, const Tensor& x) { return {name, to_pictures(x).at(0)}; }
  std::vector<Result> inpainted(const Recipe& r, const std::vector<NamedPicture>& pictures, std::map<std::string, std::string> settings = {}) {
    const Config c({}, std::move(settings));
    return r.tasks.at(0).run({pictures, c, 1});
  }
};

TEST_F(Inpainting, FillOnlyTheLightPartOfTheMask) {
  Tiny t({"deepfill"});
  t->sampling(1, [&] {
    const Recipe& r = t->recipe();
    const Tensor x = full({1, 13, 22, 1}, 0.5), hole = rectangle(1, 13, 22, 4, 3, 5, 6);
    const NamedPicture picture = named("grey", x), mask = named("mask", hole * 2.0 - 1.0);
    for (const char* around : {"0", "2"}) {
      const auto made = inpainted(r, {picture, mask}, {{"around", around}});
      ASSERT_EQ(made.size(), 1u);
      EXPECT_EQ(made[0].name, "grey");
      const data::Picture& y = made[0].frames.at(0);
      ASSERT_TRUE(y.height == 13 && y.width == 22);
      int changed = 0;
      for (int64_t row = 0; row < 13; ++row)
        for (int64_t column = 0; column < 22; ++column) {
          const bool in = row >= 4 && row < 9 && column >= 3 && column < 9, same = y.at(row, column)[0] == picture.picture.at(row, column)[0];
          if (!in) EXPECT_TRUE(same) << row << " " << column;
          changed += in && !same;
        }
      EXPECT_GT(changed, 25) << around;
    }
    // Two pixels around the hole are rows 2 to 11 and columns 1 to 11: all else may be anything.
    Tensor beyond = full({1, 13, 22, 1}, 0.5) - 1.0 * (1.0 - rectangle(1, 13, 22, 2, 1, 9, 10));
    const auto filled = [&](const Tensor& picture, const char* around) { return inpainted(r, {named("x", picture), mask}, {{"around", around}}).at(0).frames.at(0); };
    const data::Picture near = filled(beyond, "2"), same = filled(x, "2"), far = filled(beyond, "0"), whole = filled(x, "0");
    bool looked = false;
    for (int64_t row = 4; row < 9; ++row)
      for (int64_t column = 3; column < 9; ++column) {
        EXPECT_EQ(near.at(row, column)[0], same.at(row, column)[0]);
        looked |= far.at(row, column)[0] != whole.at(row, column)[0];
      }
    EXPECT_TRUE(looked);
    EXPECT_NE(run::error_of([&] { inpainted(r, {picture}); }).find("even number"), std::string::npos);
    EXPECT_NE(run::error_of([&] { inpainted(r, {picture, named("dark", hole * 0.0 - 1.0)}); }).find("dark: a mask needs light pixels"), std::string::npos);
    EXPECT_NE(run::error_of([&] { inpainted(r, {picture, named("small", slice(hole, 1, 0, 9))}); }).find("a mask is as large as its picture"), std::string::npos);
  });
}

TEST_F(Inpainting, FillWithTheFinePass) {
  Tiny t({"deepfill"});
  t->sampling(1, [&] {
    const Recipe& r = t->recipe();
    const Tensor hole = rectangle(1, 16, 16, 4, 4, 8, 8), x = uniform({1, 16, 16, 1}, -1, 1) * (1.0 - hole);
    const Tensors passes = r.nets.at(0)(Tensors{x, hole});
    ASSERT_EQ(passes.size(), 2u);
    EXPECT_EQ(furthest(r.sample(1, {1, {{"image", x}, {"mask", hole}}}), x + passes[1] * hole), 0);
  });
}

// What a hole hides is not looked at, in no use of the model.
TEST_F(Inpainting, KnowNothingOfWhatTheHoleHides) {
  Tiny t({"deepfill"});
  t->sampling(1, [&] {
    const Recipe& r = t->recipe();
    const Tensor hole = rectangle(1, 16, 16, 4, 4, 8, 8), x = uniform({1, 16, 16, 1}, -1, 1), other = x * (1.0 - hole) + hole * 0.7;
    EXPECT_EQ(furthest(r.sample(1, {1, {{"image", x}, {"mask", hole}}}) * hole, r.sample(1, {1, {{"image", other}, {"mask", hole}}}) * hole), 0);
    EXPECT_EQ(furthest(r.maps.at(0).map(concat({x, hole}, 3), {}), r.maps.at(0).map(concat({other, hole}, 3), {})), 0);
    const NamedPicture mask = named("mask", hole * 2.0 - 1.0);
    EXPECT_EQ(inpainted(r, {named("x", x), mask}).at(0).frames.at(0).pixels, inpainted(r, {named("x", other), mask}).at(0).frames.at(0).pixels);
    EXPECT_EQ(furthest(r.columns({1, {{"image", x}, {"mask", hole}}}).at(0).pictures, r.columns({1, {{"image", other}, {"mask", hole}}}).at(0).pictures), 0);
  });
}

TEST_F(Inpainting, MeasureHolesAlone) {
  Tiny t({"deepfill"});
  t->sampling(1, [&] {
    const Recipe& r = t->recipe();
    const Tensor hole = rectangle(2, 16, 16, 4, 4, 8, 6), x = uniform({2, 16, 16, 1}, -1, 1);
    const Batch b{2, {{"image", x}, {"mask", hole}}};
    const Evaluation e{2, [&](const std::function<void(const Batch&)>& look) { look(b); }};
    const auto value = [&](const std::string& name) { return std::ranges::find(r.measures, name, &Measure::name)->value(e); };
    const Tensor y = r.sample(2, b);
    EXPECT_NEAR(value("hole_l1"), sum(abs(y - x)).item() / (2 * 8 * 6), 1e-5);
    EXPECT_NEAR(value("smooth_l1"), sum(abs(smoothly_filled(x * (1.0 - hole), hole) - x)).item() / (2 * 8 * 6), 1e-5);
    // Neighbours by hand.
    double inside[2] = {}, across[2] = {};
    int which = 0;
    for (const Tensor& t : {y, x}) {
      const auto v = t.to_doubles();
      const auto in = [](int64_t row, int64_t column) { return row >= 4 && row < 12 && column >= 4 && column < 10; };
      for (int64_t n = 0; n < 2; ++n)
        for (int64_t row = 0; row < 16; ++row)
          for (int64_t column = 0; column < 16; ++column)
            for (const auto& [down, right] : {std::pair{1, 0}, {0, 1}}) {
              if (row + down > 15 || column + right > 15) continue;
              const double difference = std::abs(v[size_t((n * 16 + row) * 16 + column)] - v[size_t((n * 16 + row + down) * 16 + column + right)]);
              const int count = in(row, column) + in(row + down, column + right);
              if (count == 2) inside[which] += difference;
              if (count == 1) across[which] += difference;
            }
      ++which;
    }
    EXPECT_NEAR(value("hole_sharpness"), inside[0] / inside[1], 1e-5);
    EXPECT_NEAR(value("seam"), across[0] / across[1], 1e-5);
  });
}

TEST_F(Inpainting, RefuseMorePixelsThanAttentionHolds) {
  for (const char* attention : {"true", "false"}) {
    Tiny t({"deepfill", {{"attention", attention}, {"gan", "0"}}, {"d_width"}});
    t->sampling(1, [&] {
      data::Picture large(2048, 513, 1, 100), mask(2048, 513, 1, 0);
      *mask.at(5, 5) = 255;
      const auto fill = [&](const char* around) { return inpainted(t->recipe(), {{"large", large}, {"mask", mask}}, {{"around", around}}); };
      if (std::string(attention) == "true") EXPECT_EQ(run::error_of([&] { fill("0"); }), "large: 513x2048 pixels are to be looked at, the model can take 524288 together; set around= to a number of pixels beside the hole, or fill smaller holes");
      else EXPECT_EQ(fill("0").size(), 1u);
      EXPECT_EQ(fill("8").at(0).frames.at(0).height, 2048);
    });
  }
}

TEST(DeepFill, RefusesWhatItCannotDo) {
  EXPECT_EQ(refusal({.model = "deepfill", .size = 20}), "pictures of 20x20: DeepFill takes sides that are multiples of 8; set --size");
  EXPECT_NE(refusal({"deepfill", {{"gan", "0"}, {"lambda", "0"}}}).find("nothing is left for G to learn"), std::string::npos);
  EXPECT_NE(refusal({"deepfill", {{"refine", "false"}, {"attention", "false"}}}).find("attention"), std::string::npos);
  EXPECT_EQ(refusal({"deepfill", {{"refine", "false"}, {"conv", "plain"}, {"gan", "0"}}, {"d_width"}}), "");
}

}  // namespace
}  // namespace ganymede::test
