// Models of captions: pairs that do not fit, the text encoder and its loss, captions in words, stages that replay like eager ones.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/shape_text.h"
#include "gan/data/words.h"
#include "gan/facts.h"
#include "gan/nets/stackgan.h"
#include "gan/parts/text_training.h"
#include "gan/uses/captions.h"
#include "gan/uses/text_uses.h"
#include "tests/gan/model_fixture.h"

namespace ganymede::test {
namespace {

using State = std::map<std::string, std::vector<double>>;

TEST(Captions, CharactersAreNumberedByTheAlphabet) {
  EXPECT_EQ(data::characters_of("aZ 0-)\n\\", 9), (std::vector<int64_t>{0, 25, 69, 26, 36, 64, -1, 46, -1}));
  EXPECT_EQ(data::characters_of("long", 2), (std::vector<int64_t>{11, 14}));
}

DataFacts facts() {
  DataFacts f;
  f.words = data::caption_vocabulary(), f.caption_length = 6, f.caption_characters = 40;
  return f;
}

std::string refusal(const std::string& caption) {
  try {
    batch_of_captions(facts(), {caption});
  } catch (const UsageError& e) {
    return e.what();
  }
  return "";
}

TEST(Captions, OfTheUsersOwnAreReadAsThoseOfTheData) {
  const Batch b = batch_of_captions(facts(), {"A red Circle.", "a blue star"});
  EXPECT_EQ(b["tokens"].shape(), Shape({2, 6}));
  auto tokens = data::tokens_of("a red circle");
  tokens.resize(6);
  const auto got = b["tokens"].to_integers();
  EXPECT_EQ(std::vector<int64_t>(got.begin(), got.begin() + 6), tokens);
  EXPECT_EQ(b["length"].to_integers()[1], 3);
  EXPECT_EQ(b["characters"].to_integers()[2], 17);
  EXPECT_NE(refusal("a red elephant").find("caption 'a red elephant': no caption that the model learned from has the word 'elephant'; its 50 words are those of the data: a above"), std::string::npos) << refusal("a red elephant");
  EXPECT_EQ(refusal("a red elephant").find('\n'), std::string::npos);
  EXPECT_EQ(refusal(" . "), "caption ' . ': has no words");
  EXPECT_EQ(refusal("a a a a a a a"), "caption 'a a a a a a a': has 7 words; the model reads 6");
}

Batch four_captions() {
  Batch b;
  b.size = 4;
  b.fields["tokens"] = tensor(std::vector<int64_t>{1, 2, 1, 3, 1, 2, 1, 2}, Shape{4, 2}, context().device);
  b.fields["label"] = tensor(std::vector<int64_t>{5, 5, 6, 7}, Shape{4}, context().device);
  return b;
}

TEST(Mismatch, PairsFitWhoseCaptionsOrClassesAreTheSame) {
  DataFacts d;
  d.classes = 8;
  const Mismatch by_caption(Config(d, {})), by_class(Config(d, {{"wrong", "class"}}));
  const Batch b = four_captions();
  EXPECT_EQ(by_caption.all(b).to_doubles(), (std::vector<double>{0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 0, 1, 0, 0}));
  EXPECT_EQ(by_caption.next(b).to_doubles(), (std::vector<double>{0, 1, 1, 0}));
  EXPECT_EQ(by_class.all(b).to_doubles(), (std::vector<double>{0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0}));
  EXPECT_EQ(by_class.next(b).to_doubles(), (std::vector<double>{1, 0, 1, 1}));
  EXPECT_EQ(Mismatch::before(b["label"]).to_integers(), (std::vector<int64_t>{7, 5, 5, 6}));
  EXPECT_THROW(Mismatch(Config(DataFacts{}, {{"wrong", "class"}})), UsageError);
  const Tensor l = tensor(std::vector<double>{1, 2, 4, 8}, Shape{4, 1}, DType::f32, {});
  EXPECT_EQ(mean_where(l, by_caption.next(b)).item(), 3);
  EXPECT_EQ(mean_where(l, l * 0.0).item(), 0);
}

// A judge that looks at nothing but the place, which comes behind the text: texts in another order keep it where `reordered` says so.
TEST(Matching, TellsTextsAlone) {
  Recipe r;
  r.captions = {.length = 1, .draw = {}, .encode = [](const Batch& b) { return concat({cast(b["tokens"], DType::f32), b.image()}, 1); }, .decode = [](const Tensor& z, const Tensor&) { return z; }};
  CaptionUses uses{.encoder = {}, .mismatch = Mismatch(Config(DataFacts{}, {})), .judge = [](const Tensor& x, const Tensor& rows) { return -abs(x - slice(rows, 1, 2, 3)); }};
  Batch b = four_captions();
  b.fields["image"] = tensor(std::vector<double>{1, 2, 3, 4}, Shape{4, 1}, DType::f32, {});
  const auto matching = [&] {
    r.measures.clear();
    add_caption_uses(r, Config(DataFacts{}, {}), uses);
    return r.measures.at(0).value({4, [&](const std::function<void(const Batch&)>& look) { look(b); }});
  };
  EXPECT_EQ(matching(), 1);
  uses.reordered = [](const Tensor& rows, const Tensor& order) { return concat({gather_rows(slice(rows, 1, 0, 2), order), slice(rows, 1, 2, 3)}, 1); };
  EXPECT_EQ(matching(), 0);
}

// Kinds are told beside captions of the same colour alone: of a judge that knows colours, and of one that knows kinds of half of the pictures.
TEST(Matching, TellsKindsBesideTheSameColour) {
  const std::vector<std::string> names{"red circle", "red square", "blue circle", "blue square"};
  Recipe r;
  r.captions = {.length = 1, .draw = {}, .encode = [](const Batch& b) { return reshape(cast(b["label"], DType::f32), Shape{b.size, 1}); }, .decode = [](const Tensor& z, const Tensor&) { return z; }};
  DataFacts facts;
  facts.classes = 4;
  Batch b = four_captions();
  b.fields["image"] = tensor(std::vector<double>{0, 1, 0, 2}, Shape{4, 1}, DType::f32, {});
  const auto measured = [&](const std::vector<int64_t>& labels, const std::function<Tensor(const Tensor&, const Tensor&)>& judge) {
    b.fields["label"] = tensor(labels, Shape{4}, Device{});
    r.measures.clear();
    const Config c(facts, {});
    add_caption_uses(r, c, {.encoder = {}, .mismatch = Mismatch(c), .judge = judge});
    Evaluation e{4, [&](const std::function<void(const Batch&)>& look) { look(b); }};
    e.class_names = names;
    for (const Measure& m : r.measures) if (m.name == "matching-kind") return m.value(e);
    return -1.0;
  };
  // Pictures are their labels: 0, 1, 0, 2. The last one has no rival of its colour.
  EXPECT_EQ(measured({0, 1, 0, 2}, [](const Tensor& x, const Tensor& t) { return -abs(x - t); }), 1);
  EXPECT_EQ(measured({0, 1, 0, 2}, [](const Tensor& x, const Tensor& t) { return 0.0 * x - t; }), 2.0 / 3);   // who takes all for circles
  EXPECT_EQ(measured({0, 1, 0, 2}, [](const Tensor& x, const Tensor& t) { return 0.0 * (x + t); }), 0);          // who knows none
  EXPECT_TRUE(std::isnan(measured({0, 2, 0, 2}, [](const Tensor& x, const Tensor&) { return x; })));             // no rivals
}

TEST(JointEmbedding, CountsMarginsOfPairsThatDoNotFit) {
  const Tensor v = tensor(std::vector<double>{1, 0, 0, 2}, Shape{2, 2}, DType::f64, {}), t = tensor(std::vector<double>{1, 0.5, 0, 1}, Shape{2, 2}, DType::f64, {});
  // s = [[1, 0], [1, 2]]: margins 1 + 0 - 1 and 1 + 1 - 2 by pictures; 1 + 0 - 2 and 1 + 1 - 1 by captions.
  const Tensor wrong = tensor(std::vector<double>{0, 1, 1, 0}, Shape{2, 2}, DType::f64, {});
  EXPECT_NEAR(joint_embedding_loss(v, t, wrong).item(), (0 + 0 + 0 + 1) / 4.0, 1e-12);
  EXPECT_NEAR(joint_embedding_loss(v, 0.0 * t, wrong).item(), 4 / 4.0, 1e-12);
  EXPECT_EQ(joint_embedding_loss(v, t, 0.0 * wrong).item(), 0);
}

// Padding and the order of words say nothing to the encoder of words; letters after the caption's end nothing to that of characters.
TEST(TextEncoder, SeesCaptionsAndNotTheirPadding) {
  nn::seed_parameters(1);
  const nn::Net words("text", nets::word_encoder({.words = 9, .width = 6, .out = 4}));
  const auto of = [&](std::vector<int64_t> w) { return words(tensor(w, Shape{1, int64_t(w.size())}, {})).to_doubles(); };
  EXPECT_EQ(of({3, 5}), of({3, 5, 0, 0}));
  EXPECT_NE(of({3, 5}), of({3, 6}));
  EXPECT_NE(of({3, 5}), of({3, 5, 1}));
  try {
    nets::character_encoder({.length = 60});
    FAIL() << "60 characters were taken";
  } catch (const UsageError& e) {
    EXPECT_STREQ(e.what(), "captions of 60 characters: the encoder of characters needs at least 69; set text_encoder=words");
  }
  EXPECT_EQ(nn::Net("text", nets::character_encoder({.length = 69, .width = 2, .out = 3}))(tensor(data::characters_of("a bird", 69), Shape{1, 69}, {})).shape(), Shape({1, 3}));
}

TEST(GanIntCls, HasThePapersSizes) {
  ContextScope scope;
  context().device = {DeviceType::plan, 0};
  const nn::Net G("G", nets::text_generator({})), D("D", nets::text_discriminator({.width = 64})), text("text", nets::character_encoder({}));
  // Text 1024*128 + 128; 228*1024*16 + 2*1024; blocks of 1024 and 512; transposed convolutions to 512, 256, 128, 3 with their norms.
  const auto block = [](int64_t c) { return c * c / 4 + 9 * c * c / 16 + 9 * c * c / 4 + 2 * (c / 4 + c / 4 + c); };
  EXPECT_EQ(G.parameter_count(), 131200 + 228 * 16384 + 2048 + block(1024) + 16 * 1024 * 512 + 1024 + block(512) + 16 * (512 * 256 + 256 * 128 + 128 * 3) + 512 + 256);
  EXPECT_EQ(G(zeros({2, 100}), zeros({2, 1024})).shape(), Shape({2, 64, 64, 3}));
  EXPECT_EQ(D.parameter_count(), 131200 + 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512) + 2 * (128 + 256 + 512) + block(512) + 640 * 512 + 1024 + 16 * 512);
  EXPECT_EQ(D(zeros({2, 64, 64, 3}), zeros({2, 1024})).shape(), Shape({2, 1}));
  EXPECT_EQ(text(full({2, 201}, 0, DType::i64, context().device)).shape(), Shape({2, 1024}));
}

// Longer stages than the generated tests have: each is captured and replayed.
TEST(TextModels, StagesReplayLikeEager) {
  expect_replayed({"gan-int-cls", {{"text_steps", "4"}, {"style_steps", "0"}}});
  expect_replayed({"gan-int-cls", {{"text_steps", "0"}, {"style_steps", "4"}, {"text_encoder", "characters"}}, {"image_width"}});
  expect_replayed({"stackgan", {{"text_steps", "1"}, {"first_steps", "4"}}});
}

TEST(Stackgan, HasThePapersSizes) {
  ContextScope scope;
  context().device = {DeviceType::plan, 0};
  const nets::TextConvSize g{.size = 256}, d{.size = 256, .width = 64};
  const auto channels_of = [](const std::string& name, const nn::Layer& layer, const Tensors& xs) {
    nn::LayerTrace trace;
    const Shape y = nn::Net(name, layer)(xs).at(0).shape();
    std::vector<int64_t> c;
    for (const nn::TracedLayer& l : trace.layers)
      if (l.name.rfind("conv", 0) == 0) c.push_back(l.output[int(l.output.rank()) - 1]);
    return std::pair{y, c};
  };
  EXPECT_EQ(channels_of("G1", nets::stack_first_generator({}), {zeros({2, 228})}).first, Shape({2, 64, 64, 3}));
  const auto [y, c] = channels_of("G2", nets::stack_second_generator(g, 4, 4), {zeros({2, 64, 64, 3}), zeros({2, 128})});
  EXPECT_EQ(y, Shape({2, 256, 256, 3}));
  EXPECT_EQ(c, (std::vector<int64_t>{128, 256, 512, 512, 512, 512, 512, 512, 512, 512, 512, 512, 256, 128, 64, 32, 3}));
  const auto [said, wide] = channels_of("D2", nets::stack_second_discriminator(d, 4), {zeros({2, 256, 256, 3}), zeros({2, 1024})});
  EXPECT_EQ(said, Shape({2, 1}));
  EXPECT_EQ(wide, (std::vector<int64_t>{64, 128, 256, 512, 1024, 2048, 1024, 512, 128, 128, 512, 512, 1}));
}

// Stage II leaves stage I bit for bit as it was.
TEST(Stackgan, StageIIMovesNothingOfStageI) {
  expect_frozen({"stackgan", {{"text_steps", "1"}, {"first_steps", "4"}}}, 5, 4, {"text", "image", "C1", "G1", "D1"});
}

State after_three(const std::map<std::string, std::string>& settings) {
  Tiny t({"gan-int-cls", settings});
  for (int i = 0; i < 3; ++i) t->step();
  return t.state();
}

// What three iterations of the generated tests do not show.
TEST(TextModels, LaterSettingsChangeTheRunToo) {
  const State standard = after_three({});
  EXPECT_NE(standard, after_three({{"text_steps", "2"}}));
  const std::map<std::string, std::string> styled{{"style_steps", "8"}};   // its third iteration is the style encoder's
  EXPECT_NE(after_three(styled).at("S.linear1.weight"), standard.at("S.linear1.weight"));
  EXPECT_NE(after_three(styled), after_three({{"style_steps", "8"}, {"style_rate", "1e-3"}}));
}

TEST(TextModels, StagesMustLeaveIterationsForTheGan) {
  const auto said = [](const std::map<std::string, std::string>& settings) {
    try {
      after_three(settings);
    } catch (const UsageError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_EQ(said({{"text_steps", "10"}}), "setting text_steps=10: the run has 10 iterations, so none remain for the GAN; set more --steps");
  EXPECT_EQ(said({{"text_steps", "4"}, {"style_steps", "6"}}), "setting style_steps=6: after text_steps=4 the run has 6 iterations, so none remain for the GAN");
}

}  // namespace
}  // namespace ganymede::test
