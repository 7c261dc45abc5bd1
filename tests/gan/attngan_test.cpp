// AttnGAN: captions word by word, words that places look at, the matching model's scores and loss, frozen encoders.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/nets/stackgan_pp.h"
#include "gan/parts/damsm.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

using Numbers = std::vector<double>;

Tensor numbers(const Numbers& v, const Shape& s) { return tensor(v, s, DType::f64, {}); }

nets::CaptionEncoderSize encoder(int64_t words, int64_t given) {
  return {.row = {.words = words, .length = 6}, .given = given, .vocabulary = 9, .embedded = 4};
}
// The row of one caption, padded to what the encoder is given.
Tensor row_of(const nets::CaptionEncoderSize& s, std::vector<int64_t> words) {
  words.resize(size_t(s.given), 0);
  nn::seed_parameters(1);
  return nn::Net("text", nets::caption_encoder(s)).infer(tensor(words, Shape{1, s.given}, {}));
}

TEST(CaptionEncoder, DoesNotSeePadding) {
  ContextScope scope;
  context().dtype = DType::f64;
  const auto tight = encoder(3, 3), loose = encoder(7, 7);
  const Tensor a = row_of(tight, {3, 5, 2}), b = row_of(loose, {3, 5, 2});
  EXPECT_EQ(tight.row.sentence(a).to_doubles(), loose.row.sentence(b).to_doubles());
  EXPECT_EQ(tight.row.each_word(a).to_doubles(), slice(loose.row.each_word(b), 1, 0, 3).to_doubles());
  EXPECT_EQ(loose.row.mask(b).to_doubles(), (Numbers{1, 1, 1, 0, 0, 0, 0}));
  for (const double v : slice(loose.row.each_word(b), 1, 3, 7).to_doubles()) EXPECT_EQ(v, 0);
  EXPECT_NE(loose.row.sentence(b).to_doubles(), loose.row.sentence(row_of(loose, {5, 3, 2})).to_doubles());   // order matters
}

TEST(CaptionEncoder, ReadsAPartOfLongerCaptionsInOrder) {
  ContextScope scope;
  context().dtype = DType::f64;
  const auto exact = encoder(2, 2), more = encoder(2, 4);
  std::set<Numbers> parts, read;
  for (const auto& part : std::vector<std::vector<int64_t>>{{3, 5}, {3, 2}, {5, 2}}) parts.insert(row_of(exact, part).to_doubles());
  seed(1);
  for (uint32_t i = 0; i < 40; ++i) {
    set_random_position(i, 0);
    read.insert(row_of(more, {3, 5, 2}).to_doubles());
  }
  EXPECT_EQ(read, parts);
  EXPECT_EQ(row_of(more, {3, 5}).to_doubles(), row_of(exact, {3, 5}).to_doubles());
  EXPECT_EQ(row_of(more, {4}).to_doubles(), row_of(exact, {4}).to_doubles());
}

// Two captions of one and of three words.
TEST(WordAttention, GivesExactlyNothingToPaddingOfEachCaption) {
  ContextScope scope;
  context().dtype = DType::f64;
  nn::seed_parameters(2);
  const nets::CaptionRow row{.words = 3, .length = 2};
  nets::WordAttention attend(row, 4);
  const Tensor x = random_tensor({2, 2, 2, 4}, 3), e = random_tensor({2, 8}, 4);
  const auto weights = [&](const Numbers& mask) { return attend.weights(x, concat({e, numbers(mask, {2, 3})}, 1)).to_doubles(); };
  const Numbers beta = weights({1, 0, 0, 1, 1, 1});
  ASSERT_EQ(beta.size(), 24u);
  for (size_t at = 0; at < 12; at += 3) {
    EXPECT_EQ(beta[at], 1);
    EXPECT_EQ(beta[at + 1], 0);
    EXPECT_EQ(beta[at + 2], 0);
  }
  for (size_t at = 12; at < 24; at += 3) {
    EXPECT_NEAR(beta[at] + beta[at + 1] + beta[at + 2], 1, 1e-12);
    for (size_t t = 0; t < 3; ++t) EXPECT_GT(beta[at + t], 0);
  }
  const Numbers other = weights({1, 1, 0, 1, 1, 1});
  EXPECT_EQ(Numbers(beta.begin() + 12, beta.end()), Numbers(other.begin() + 12, other.end()));
}

// One word along each axis: regions (2, 0) and (0, 1) have e^2 / (e^2 + 1) of the first and e / (e + 1) of the second.
TEST(WordMatching, AttentionIsASoftmaxOverWordsAndThenOverRegions) {
  const Tensor v = numbers({2, 0, 0, 1}, {1, 2, 2}), e = numbers({1, 0, 0, 1, 5, 5}, {1, 3, 2}), mask = numbers({1, 1, 0}, {1, 3});
  const double first = 1 / (1 + std::exp(-2.0)), second = 1 / (1 + std::exp(-1.0));
  const MatchingSharpness g{.regions = 3};
  const auto alpha = region_attention(v, e, mask, g).to_doubles();
  EXPECT_NEAR(alpha.at(0), 1 / (1 + std::exp(3 * (1 - second - first))), 1e-12);
  EXPECT_NEAR(alpha.at(0) + alpha.at(1), 1, 1e-12);
  EXPECT_NEAR(alpha.at(3), 1 / (1 + std::exp(3 * (1 - first - second))), 1e-12);
  for (const double a : region_attention(v, e, mask, {.regions = 0}).to_doubles()) EXPECT_NEAR(a, 0.5, 1e-12);
  // The mean of regions (1, 1/2) leaves cosines of 2 / sqrt(5) and 1 / sqrt(5).
  EXPECT_NEAR(word_scores(v, e, mask, {.regions = 0, .words = 5}).item(), std::log(std::exp(10 / std::sqrt(5.0)) + std::exp(5 / std::sqrt(5.0))), 1e-12);
}

TEST(WordMatching, ScoresDoNotSeePaddingAndHaveGradients) {
  const Tensor v = random_tensor({2, 3, 2}, 1), e = random_tensor({2, 2, 2}, 2), mask = numbers({1, 1, 1, 0}, {2, 2}), one = slice(reshape(mask, Shape{2, 2, 1}), 2, 0, 1);
  const auto padded = [](const Tensor& x) { return pad_zero(x, std::vector<int64_t>(size_t(x.rank()), 0), x.rank() == 3 ? std::vector<int64_t>{0, 2, 0} : std::vector<int64_t>{0, 2}); };
  const auto a = word_scores(v, e * one, mask, {}).to_doubles(), b = word_scores(v, padded(e * one), padded(mask), {}).to_doubles();
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-12);
  EXPECT_EQ(gradcheck([&](const Tensors& in) { return Tensors{word_scores(in[0], in[1] * one, mask, {})}; }, {v, e}), "");
  EXPECT_EQ(gradcheck([&](const Tensors& in) { return Tensors{sentence_scores(in[0], in[1])}; }, {random_tensor({2, 3}, 3), random_tensor({2, 3}, 4)}), "");
}

// Scores times 2: rows (2, 0) and (4, 2), columns (2, 4) and (0, 2).
TEST(WordMatching, LossIsOfOwnPairsAgainstThoseThatDoNotFit) {
  const Tensor s = numbers({1, 0, 2, 1}, {2, 2}), all = numbers({0, 1, 1, 0}, {2, 2});
  const double wins = std::log1p(std::exp(-2.0)), loses = std::log1p(std::exp(2.0));
  EXPECT_NEAR(matching_loss(s, all, {.rivals = 2}).item(), (wins + loses) / 2 + (loses + wins) / 2, 1e-12);
  EXPECT_NEAR(matching_loss(s, numbers({0, 1, 0, 0}, {2, 2}), {.rivals = 2}).item(), wins / 2 + wins / 2, 1e-12);
  EXPECT_EQ(matching_loss(s, 0.0 * all, {.rivals = 2}).item(), 0);
}

TEST(Attngan, HasThePapersSizes) {
  ContextScope scope;
  context().device = {DeviceType::plan, 0};
  const nets::CaptionRow row{.words = 18, .length = 256};
  const nn::Net text("text", nets::caption_encoder({.row = row, .given = 18, .vocabulary = 5450}));
  EXPECT_EQ(text(full({2, 18}, 1, DType::i64, context().device)).shape(), Shape({2, 256 + 18 * 257}));
  EXPECT_EQ(text.parameter_count(), 5450 * 300 + 2 * (4 * 128 * 300 + 4 * 128 + 4 * 128 * 128));
  const nn::Net image("image", nets::region_encoder(64, 3, 24, 256));
  EXPECT_EQ(image(zeros({2, 64, 64, 3})).shape(), Shape({2, 65, 256}));
  const nn::Net C("C", nets::gated_conditioning(256, 100, false));
  EXPECT_EQ(C.parameter_count(), 400 * 256 + 400);
  EXPECT_EQ(C(zeros({2, 256})).shape(), Shape({2, 200}));
  const nets::TreeSize s{.size = 64, .channels = 3, .width = 32};
  const nn::Net F0("F64", nets::tree_root(200, s));
  EXPECT_EQ(F0.parameters().at(0).value.shape(), Shape({16 * 32 * 16 * 2, 200}));
  EXPECT_EQ(F0(zeros({2, 200})).shape(), Shape({2, 64, 64, 32}));
  const nn::Net F1("F128", nets::attention_step(std::make_shared<nets::WordAttention>(row, 32), 32, 2));
  EXPECT_EQ(F1(zeros({2, 64, 64, 32}), zeros({2, row.width()})).shape(), Shape({2, 128, 128, 32}));
  // 1x1 of the words; two blocks of 64 -> 128, 64 -> 64; 64 -> 64 before the last gate; gains and biases.
  EXPECT_EQ(F1.parameter_count(), 256 * 32 + 2 * (9 * 64 * 128 + 9 * 64 * 64 + 2 * (128 + 64)) + 9 * 64 * 64 + 2 * 64);
}

TEST(Attngan, EncodersAreFrozenBehindTheirStage) { expect_frozen({"attngan", {{"text_steps", "2"}}}, 2, 3, {"text", "image"}); }

TEST(Attngan, StagesReplayLikeEager) { expect_replayed({"attngan", {{"text_steps", "4"}}}); }

TEST(Attngan, ShowsWhereWordsAreLookedAt) {
  Tiny t({"attngan", {{"branches", "2"}}});
  t->step();
  const Config settings(t.config().data, {{"text", "a red circle"}});
  t->sampling(1, [&] {
    const auto results = t->recipe().tasks.at(0).run({{}, settings, 1});
    ASSERT_EQ(results.size(), 1u);
    EXPECT_EQ(results[0].name, "attention8");
    EXPECT_GT(results[0].frames.at(0).width, 4 * 16);   // the picture and three words
  });
}

TEST(Attngan, SaysWhatDoesNotFit) {
  EXPECT_EQ(refusal({"attngan", {{"branches", "3"}}}), "setting branches=3 of pictures of 16 px: the smallest would have 4 px; it must have 8, 16, 32, ...; set branches or --size");
  EXPECT_EQ(refusal({"attngan", {{"text_steps", "10"}}}), "setting text_steps=10: the run has 10 iterations, so none remain for the GAN; set more --steps");
}

}  // namespace
}  // namespace ganymede::test
