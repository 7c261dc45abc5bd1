// S2-GAN: normals have length 1, words are found among them, D and G wait by D's losses, the FCN stays fixed, and G1 sees its part of the style's gradient.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/nets/style_structure.h"
#include "gan/parts/normals.h"
#include "gan/uses/structure_uses.h"
#include "nn/net.h"
#include "tests/gan/model_fixture.h"
#include "tests/gan/moved_nets.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

const std::map<std::string, std::string> kJointAtOnce{{"fcn_steps", "0"}, {"structure_steps", "0"}, {"style_steps", "0"}};

std::map<std::string, std::string> with(std::map<std::string, std::string> settings, const std::map<std::string, std::string>& more) {
  for (const auto& [k, v] : more) settings[k] = v;
  return settings;
}

void expect_unit(const Tensor& normals) {
  for (const double l : sqrt(sum(square(cast(normals, DType::f64)), {3})).to_doubles()) EXPECT_NEAR(l, 1, 1e-5);
}

TEST(SsGan, NormalsHaveLengthOneAndAGradient) {
  ContextScope scope;
  seed(1);
  const Tensor x = uniform({2, 8, 8, 3}, -1, 1);
  expect_unit(nets::unit_vectors(x));
  expect_unit(nets::unit_vectors(x * 0.01));
  expect_unit(resized_normals(nets::unit_vectors(x), 13, 16));
  expect_unit(resized_normals(nets::unit_vectors(x), 4, 4));
  const nn::Net g("G1", nets::structure_generator({.size = 16, .width = 4, .latent = 5}));
  expect_unit(g(uniform({3, 5}, -1, 1)));
  context().dtype = DType::f64;
  const auto f = [](const Tensors& in) { return Tensors{nets::unit_vectors(in[0])}; };
  const Tensors in{random_tensor({2, 3, 2, 3}, 7)};
  EXPECT_EQ(gradcheck(f, in), "");
  EXPECT_EQ(gradgradcheck(f, in, {1e-6, 1e-4, 1}), "");
}

TEST(SsGan, WordsAreTheMiddlesOfWhatIsNear) {
  ContextScope scope;
  context().dtype = DType::f64;
  const std::vector<std::vector<double>> middles{{1, 0, 0}, {0, -1, 0}, {0, 0.6, 0.8}};
  std::vector<double> all;
  for (int i = 0; i < 300; ++i) {
    std::vector<double> v = middles[size_t(i % 3)];
    for (size_t k = 0; k < 3; ++k) v[k] += 0.1 * std::sin(double(i / 3) * double(k + 1));   // sums to nothing, nearly
    const double l = std::hypot(v[0], v[1], v[2]);
    for (const double e : v) all.push_back(e / l);
  }
  const Tensor words = tensor(parts::spherical_means(all, 3), Shape{3, 3}, DType::f64, Device{});
  expect_unit(reshape(words, Shape{3, 1, 1, 3}));
  const Tensor asked = tensor(std::vector<double>{1, 0, 0, 0, -1, 0, 0, 0.6, 0.8}, Shape{1, 1, 3, 3}, DType::f64, Device{});
  const auto index = nearest_words(asked, words).to_integers();
  EXPECT_EQ(std::set<int64_t>(index.begin(), index.end()).size(), 3u);
  EXPECT_GT(min(sum(reshape(gather_rows(words, nearest_words(asked, words)), Shape{3, 3}) * reshape(asked, Shape{3, 3}), {1})).item(), 0.999);
  EXPECT_EQ(parts::spherical_means({0, 0, 1}, 2), (std::vector<double>{0, 0, 1, 0, 0, 1}));
}

TEST(SsGan, WordsComeFromTheData) {
  Tiny t({"ss-gan"});
  const auto words = t.state().at("kept.words");
  ASSERT_EQ(words.size(), 9u);
  // Floors and walls are most of what a room shows.
  int floors = 0, walls = 0;
  for (size_t w = 0; w < 9; w += 3) {
    EXPECT_NEAR(std::hypot(words[w], words[w + 1], words[w + 2]), 1, 1e-6);
    floors += words[w + 1] < -0.8, walls += words[w + 2] > 0.7;
  }
  EXPECT_GE(floors, 1);
  EXPECT_GE(walls, 1);
}

TEST(SsGan, ItsStagesMoveTheirOwnNetworks) {
  Tiny t({"ss-gan", {{"fcn_steps", "2"}, {"structure_steps", "2"}, {"style_steps", "2"}, {"gates", "none"}, {"joint_rate", "1e-3"}, {"joint_structure_rate", "1e-3"}}});
  EXPECT_EQ(moved_nets(t, 2), std::set<std::string>{"FCN"});
  EXPECT_EQ(moved_nets(t, 2), (std::set<std::string>{"G1", "D1"}));
  EXPECT_EQ(moved_nets(t, 2), (std::set<std::string>{"G2", "D2"}));
  EXPECT_EQ(moved_nets(t, 2), (std::set<std::string>{"G1", "D1", "G2", "D2"}));
}

TEST(SsGan, TheEstimatorIsFixedBitByBitBehindItsStage) {
  expect_frozen({"ss-gan", {{"fcn_steps", "2"}, {"structure_steps", "0"}, {"style_steps", "2"}}}, 2, 3, {"FCN"});
}

TEST(SsGan, StagesReplayLikeEager) {
  expect_replayed({"ss-gan", {{"fcn_steps", "0"}, {"structure_steps", "4"}, {"style_steps", "5"}}});
  expect_replayed({"ss-gan", with(kJointAtOnce, {{"gates", "all"}})});
}

// D waits while a loss of its is below `low`, G while one is above `high`; where both would wait, both move.
TEST(SsGan, TheyWaitByTheLossesOfD) {
  const auto of = [](const char* low, const char* high) {
    Tiny t({"ss-gan", with(kJointAtOnce, {{"gates", "all"}, {"low", low}, {"high", high}, {"joint_rate", "1e-3"}, {"joint_structure_rate", "1e-3"}})});
    return moved_nets(t, 2);
  };
  EXPECT_EQ(of("100", "200"), (std::set<std::string>{"G1", "G2"}));
  EXPECT_EQ(of("0", "0.01"), (std::set<std::string>{"D1", "D2"}));
  EXPECT_EQ(of("100", "0.01"), (std::set<std::string>{"G1", "D1", "G2", "D2"}));
}

// The gradient of what D2 says of the picture reaches G1 through G2, times the weight.
TEST(SsGan, TheStructureSeesItsPartOfTheStylesGradient) {
  const auto gradient = [](const char* structure, const char* style) {
    Tiny t({.model = "ss-gan", .settings = with(kJointAtOnce, {{"structure_weight", structure}, {"style_weight", style}, {"gates", "none"}}), .dtype = DType::f64, .capture = false});
    nn::StepTrace trace;
    t->step();
    std::map<std::string, std::vector<double>> all;
    for (const nn::TracedStep& s : trace.steps)
      for (const Tensor& g : s.gradients)
        if (g)
          for (const double v : g.to_doubles()) all[s.net].push_back(v);
    return all;
  };
  const auto direct = gradient("0", "1"), tenth = gradient("0", "0.1"), both = gradient("1", "0.1"), alone = gradient("1", "0");
  double size = 0;
  for (size_t i = 0; i < direct.at("G1").size(); ++i) {
    size += std::abs(direct.at("G1")[i]);
    EXPECT_NEAR(tenth.at("G1")[i], 0.1 * direct.at("G1")[i], 1e-9);
    EXPECT_NEAR(both.at("G1")[i], alone.at("G1")[i] + tenth.at("G1")[i], 1e-9);
  }
  EXPECT_GT(size, 1e-6);
  for (size_t i = 0; i < direct.at("G2").size(); ++i) EXPECT_NEAR(both.at("G2")[i], direct.at("G2")[i], 1e-9);
}

TEST(SsGan, StartsSlowly) {
  Tiny t({"ss-gan", {{"structure_steps", "1"}}});
  for (const size_t stage : {1, 2})
    for (const Update& u : t->recipe().stages.at(stage).updates) {
      const auto& factor = u.groups.at(0).optim.schedule.factor;
      EXPECT_EQ(factor(9), 0.02) << u.name;
      EXPECT_EQ(factor(10), 0.2) << u.name;
      EXPECT_EQ(factor(29), 0.2) << u.name;
      EXPECT_EQ(factor(30), 1) << u.name;
    }
  for (const Update& u : t->recipe().stages.at(3).updates) EXPECT_EQ(u.groups.at(0).optim.schedule.factor(0), 1) << u.name;
}

// Without the FCN the style's weights decay.
TEST(SsGan, DecaysWithoutTheEstimator) {
  for (const auto& [lambda, decay] : {std::pair{"0", 1e-5}, std::pair{"0.1", 0.0}}) {
    Tiny t({"ss-gan", {{"lambda", lambda}, {"structure_steps", "1"}}});
    for (const Update& u : t->recipe().stages.at(2).updates) EXPECT_EQ(u.groups.at(0).optim.weight_decay, decay) << u.name;
  }
}

TEST(SsGan, HasTheLayersOfItsPaper) {
  ContextScope scope;
  seed(1);
  const nn::Net G1("G1", nets::structure_generator({})), D1("D1", nets::structure_judge({})), G2("G2", nets::style_generator({})), D2("D2", nets::structure_judge({.size = 128, .channels = 6, .halvings = 4}));
  const int64_t d = 25 * 64 * 128 + 9 * (128 * 256 + 256 * 512 + 512 * 128) + 64 + 128 + 256 + 512 + 128 + 1;
  EXPECT_EQ(G1.parameter_count(), 81 * 100 * 128 + 16 * (128 * 128 + 512 * 256 + 128 * 64) + 9 * (128 * 128 + 128 * 256 + 256 * 512 + 512 * 512 + 256 * 128) + 25 * 64 * 3 + 3 +
                                      2 * (128 * 3 + 256 + 512 * 2 + 256 + 128 + 64));
  EXPECT_EQ(D1.parameter_count(), 25 * 3 * 64 + d + 81 * 128);
  EXPECT_EQ(G2.parameter_count(), 25 * (3 * 64 + 64 * 128) + 64 * 100 * 64 + 2 * 16 * 64 * 64 + 9 * (192 * 256 + 256 * 512 + 512 * 512) + 16 * (512 * 256 + 256 * 128 + 128 * 64) + 25 * 64 * 3 + 3 +
                                      2 * (64 + 128 + 64 * 3 + 256 + 512 * 2 + 256 + 128 + 64));
  EXPECT_EQ(D2.parameter_count(), 25 * 6 * 64 + d + 64 * 128);
  EXPECT_EQ(G1(zeros({1, 100})).shape(), Shape({1, 72, 72, 3}));
  const nn::Net small("D1", nets::structure_judge({.width = 4})), style("G2", nets::style_generator({.width = 4})), pairs("D2", nets::structure_judge({.size = 128, .width = 4, .channels = 6, .halvings = 4}));
  const Tensor n = zeros({1, 128, 128, 3});
  EXPECT_EQ(small(zeros({1, 72, 72, 3})).shape(), Shape({1, 1}));
  EXPECT_EQ(style(Tensors{n, zeros({1, 100})})[0].shape(), Shape({1, 128, 128, 3}));
  EXPECT_EQ(pairs(Tensors{n, n})[0].shape(), Shape({1, 1}));
  EXPECT_EQ(nn::Net("FCN", nets::normal_estimator(3, 40, 96)).parameter_count(),
            121 * 3 * 96 + 25 * 96 * 256 + 9 * (256 * 384 + 384 * 384 + 384 * 256 + 512 * 40) + 40 + 36 * 256 * 1024 + 16 * 1024 * 512 + 2 * (96 + 256 + 384 * 2 + 256 + 1024 + 512));
  const nn::Net fcn("FCN", nets::normal_estimator(3, 40, 6));
  EXPECT_EQ(fcn(zeros({1, 512, 512, 3})).shape(), Shape({1, 32, 32, 40}));
  EXPECT_EQ(fcn(zeros({1, 128, 64, 3})).shape(), Shape({1, 8, 4, 40}));
}

// Without norms, what a judge's layers pass on keeps its size at every width.
TEST(SsGan, JudgesPassOnWhatTheyGet) {
  ContextScope scope;
  seed(1);
  for (const int width : {64, 16, 4}) {
    const nn::Net D("D", nets::structure_judge({.size = 32, .width = width, .halvings = 4}));
    for (const auto& p : D.parameters())
      if (p.value.rank() == 4) {
        const double deviation = std::sqrt(2 / (1.04 * double(p.value.count() / p.value.dim(0))));
        EXPECT_NEAR(sqrt(mean(square(p.value))).item(), deviation, 0.15 * deviation) << p.name << " of width " << width;
      }
  }
}

TEST(SsGan, SaysWhatItsDataAndSettingsLack) {
  EXPECT_EQ(refusal({"ss-gan", {{"fcn_steps", "2"}, {"structure_steps", "3"}, {"style_steps", "5"}}}),
            "settings fcn_steps=2, structure_steps=3 and style_steps=5: the run has 10 iterations, so none remain for both together; set less or more --steps");
  EXPECT_EQ(refusal({"ss-gan", {{"structure_size", "12"}}}), "setting structure_size=12: it must be a multiple of 8");
  EXPECT_EQ(refusal({"ss-gan", {}, {}, 20}), "pictures of 20 px: ss-gan takes multiples of 8; set --size");
  EXPECT_EQ(refusal({"ss-gan", {{"style_halvings", "3"}}, {}, 24}), "pictures of 24 px: ss-gan takes multiples of 16; set --size");
  EXPECT_EQ(refusal({.model = "ss-gan", .data = "shapes:unpaired"}), "ss-gan: side a has 1 channels, and surface normals have 3; try --data solids");
}

// The parts of a model whose figures are known: words are signs of x, pictures show them and z.
TEST(StructureUses, MeasureWhatTheirTextsSay) {
  ContextScope scope;
  seed(1);
  context().training = false;
  const auto sign = [](const Tensor& x) { return reshape(cast(greater(slice(x, 3, 0, 1), zeros_like(slice(x, 3, 0, 1))), DType::i64), Shape{x.dim(0), x.dim(1), x.dim(2)}); };
  bool follows = true;
  StructureAndStyle s;
  s.latent = s.words = 2;
  s.noise = [](int64_t n) { return uniform({n, 2}, 0.5, 1); };
  s.structure = [](const Tensor& z) { return ones({z.dim(0), 16, 16, 3}); };
  s.style = [&](const Tensor& n, const Tensor& z) { return n * reshape(slice(z, 1, 0, 1), Shape{z.dim(0), 1, 1, 1}) * (follows ? 1.0 : -1.0); };
  s.estimate = s.said = sign;
  s.shown = [](const Tensor& w) { return zeros({w.dim(0), w.dim(1), w.dim(2), 3}); };
  s.judge = [](const Tensor& x, const Tensor& n) { return mean(x * n, {1, 2, 3}); };
  Recipe r;
  Config c;
  add_structure_uses(r, c, s);
  // A quarter of the places is of word 1.
  std::vector<double> a;
  for (int i = 0; i < 2 * 16 * 16; ++i)
    for (int k = 0; k < 3; ++k) a.push_back(i % 4 == 0 ? 1 : -1);
  Batch b{2, {{"a", tensor(a, Shape{2, 16, 16, 3}, DType::f32, Device{})}}};
  b.fields["b"] = b["a"] * tensor(std::vector<double>{1, -1}, Shape{2, 1, 1, 1}, DType::f32, Device{});
  const auto of = [&](const std::string& name) {
    for (const Measure& m : r.measures)
      if (m.name == name) return m.value({2, [&](const std::function<void(const Batch&)>& look) { look(b); }});
    return -1.0;
  };
  EXPECT_EQ(of("estimator-accuracy"), 0.5);
  EXPECT_EQ(of("style-accuracy"), 1);
  EXPECT_EQ(of("chain-accuracy"), 1);
  EXPECT_EQ(of("fooled"), 1);
  EXPECT_EQ(of("same-normals"), 1);
  EXPECT_NEAR(of("words-off"), 0.75, 1e-6);
  EXPECT_GT(of("style-spread"), 0);
  EXPECT_LT(of("style-spread"), 0.25);
  follows = false;
  EXPECT_EQ(of("style-accuracy"), 0);
  EXPECT_EQ(of("fooled"), 0);
  EXPECT_EQ(of("chain-accuracy"), 0);
}

// One style for every map of normals given together.
TEST(SsGan, DrawsMapsOfNormalsInTheSameStyles) {
  Tiny t({"ss-gan"});
  t->step();
  const data::Picture one(16, 16, 3, 200);
  const Config settings;
  std::vector<Result> made;
  t->sampling(1, [&] {
    for (const Task& task : t->recipe().tasks)
      if (task.name == "style") made = task.run({{{"first", one}, {"second", one}}, settings, 3});
  });
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].frames.at(0).pixels, made[1].frames.at(0).pixels);
}

}  // namespace
}  // namespace ganymede::test
