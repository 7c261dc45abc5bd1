// What models promise of points beside what every model promises of pictures.
#include <gtest/gtest.h>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/bigan.h"
#include "gan/trainer.h"
#include "gan/uses/mode_measures.h"
#include "gan/uses/point_measures.h"
#include "nn/net.h"

namespace ganymede {
namespace {

Config plane(std::map<std::string, std::string> settings) {
  DataFacts facts;
  facts.dimensions = 2, facts.count = 100;
  return {facts, std::move(settings)};
}

// A sheet asks D about ten thousand places in one batch, of which minibatch discrimination would compare every two.
TEST(ImprovedGan, ShowsNoFieldWhereDJudgesBatches) {
  ContextScope scope;
  EXPECT_FALSE(improved_gan(plane({})).field);
  EXPECT_TRUE(improved_gan(plane({{"minibatch", "false"}})).field);
}

// A norm of its own for each batch would hide where G's points lie.
TEST(BiGan, DOfPointsHasNoNorm) {
  ContextScope scope;
  nets::BiganSize s;
  s.elements = 2, s.latent = 2, s.width = 8;
  EXPECT_EQ(nn::Net("D", nets::bigan_discriminator(s)).buffers().size(), 2u);
  s.bounded = false;
  EXPECT_TRUE(nn::Net("D", nets::bigan_discriminator(s)).buffers().empty());
}

// Classes at (y, 0) with deviation 0.1; the model draws class y at (y + shift, 0) with deviation `spread`.
std::map<std::string, double> labelled(double shift, double spread) {
  ContextScope scope;
  seed(4);
  const Tensor labels = random_integers({2000}, 3), zeros_of = zeros({2000, 1});
  const auto at = [](const Tensor& y) { return reshape(cast(y, DType::f32), Shape{y.dim(0), 1}); };
  const Latent latent{.length = 2, .classes = 3, .draw = [](int64_t n) { return randn({n, 2}); }, .decode = [=](const Tensor& z, const Tensor& y) {
    return concat({at(y) + shift, zeros({y.dim(0), 1})}, 1) + z * spread;
  }};
  const Tensor points = concat({at(labels), zeros_of}, 1) + randn({2000, 2}) * 0.1;
  std::map<std::string, double> out;
  for (const Measure& m : labelled_points(latent)) out[m.name] = m.value({2000, [&](const std::function<void(const Batch&)>& look) { look({2000, {{"point", points}, {"label", labels}}}); }});
  return out;
}
TEST(LabelledPoints, TheDataThemselvesAgreeAndAreAsWide) {
  const auto m = labelled(0, 0.1);
  EXPECT_GT(m.at("label-agreement"), 0.999);
  EXPECT_NEAR(m.at("class-spread"), 1, 0.15);
}
TEST(LabelledPoints, ANeighboursPlaceIsAnothersAndPointsHaveNoSpread) {
  const auto m = labelled(1, 0);
  EXPECT_NEAR(m.at("label-agreement"), 1.0 / 3, 0.05);  // the last class has no further neighbour
  EXPECT_NEAR(m.at("class-spread"), 0, 1e-6);
}

// A code that forgets the class by a half: points of class 2 come back at class 1.
TEST(LabelledPoints, ReconstructionsThatLandElsewhereAreCounted) {
  ContextScope scope;
  seed(4);
  const Tensor labels = tensor(std::vector<int64_t>{0, 1, 2, 2}, Shape{4}, Device{}), points = reshape(cast(labels, DType::f32), Shape{4, 1});
  const Latent latent{.length = 1, .decode = [](const Tensor& z, const Tensor&) { return z; }, .encode = [](const Tensor& x) { return clamp(x, -1, 1); }};
  const auto measures = reconstructed_labels(latent, 3);
  const Evaluation e{4, [&](const std::function<void(const Batch&)>& look) { look({4, {{"point", points}, {"label", labels}}}); }};
  EXPECT_EQ(measures[0].value(e), 0.5);
  EXPECT_EQ(measures[1].value(e), 0.25);  // the point of class 1 beside one that came back there
}

// Modes of a at -1 and 1, of b at -1, 0 and 1.
std::map<std::string, double> landed(const PointMap& to_b) {
  ContextScope scope;
  seed(5);
  const auto points = [](const Tensor& modes) { return reshape(cast(modes, DType::f32), Shape{modes.dim(0), 1}); };
  const Tensor modes_a = random_integers({3000}, 2), modes_b = random_integers({3000}, 3);
  const Tensor a = points(modes_a) * 2.0 - 1.0 + randn({3000, 1}) * 0.05, b = points(modes_b) - 1.0 + randn({3000, 1}) * 0.05;
  std::map<std::string, double> out;
  for (const Measure& m : mode_map_measures(to_b, [](const Tensor& x) { return x; }))
    out[m.name] = m.value({3000, [&](const std::function<void(const Batch&)>& look) { look({3000, {{"a", a}, {"b", b}, {"label", modes_a}, {"label_b", modes_b}}}); }});
  return out;
}
TEST(ModeMap, APlaceOfItsOwnForEachMode) {
  const auto m = landed([](const Tensor& x) { return x; });
  EXPECT_EQ(m.at("modes-shared"), 0);
  EXPECT_EQ(m.at("modes-met"), 2);
  EXPECT_GT(m.at("on-mode"), 0.98);
  EXPECT_EQ(m.at("returned"), 1);
}
TEST(ModeMap, CollapseAndPointsBetweenModesShow) {
  const auto m = landed([](const Tensor& x) { return x * 0.1 + 0.25; });
  EXPECT_EQ(m.at("modes-shared"), 1);
  EXPECT_EQ(m.at("modes-met"), 1);
  EXPECT_LT(m.at("on-mode"), 0.6);
  EXPECT_NEAR(m.at("returned"), 0.5, 0.05);
}

// Models whose points have settings of their own: two updates move every network, and each setting changes where they end.
void expect_settings_to_matter(Recipe (*model)(const Config&), std::map<std::string, std::string> common, const std::map<std::string, std::string>& others,
                               const std::vector<std::string>& points = {"point"}) {
  const auto end = [&](const std::map<std::string, std::string>& settings) {
    ContextScope scope;
    context().device = Device{};
    nn::seed_parameters(3);
    DataFacts facts;
    facts.dimensions = 2, facts.count = 100, facts.classes = 3;
    Config c(facts, settings);
    c.steps = 4;
    std::vector<data::Field> fields{{"label", {}, data::Kind::integer}};
    for (const std::string& name : points) fields.push_back({name, {2}});
    Trainer trainer(model(c), {.batch = 6, .seed = 1}, fields, nullptr);
    seed(5);
    for (int j = 0; j < trainer.batches_per_iteration(); ++j) {
      for (const std::string& name : points) assign(trainer.batch(j)[name], randn({6, 2}));
      assign(trainer.batch(j)["label"], tensor(std::vector<int64_t>{0, 1, 2, 0, 1, 2}, Shape{6}, Device{}));
    }
    for (int i = 0; i < 4; ++i) trainer.step();
    std::vector<double> all;
    for (const auto& [name, t] : trainer.state())
      if (is_floating(t.dtype()))
        for (const double v : t.to_doubles()) {
          EXPECT_TRUE(std::isfinite(v)) << name;
          all.push_back(v);
        }
    return all;
  };
  const auto usual = end(common);
  for (const auto& [name, value] : others) {
    auto settings = common;
    settings[name] = value;
    EXPECT_NE(end(settings), usual) << name;
  }
}
TEST(PointsModels, AcganTakesLabelledPoints) {
  expect_settings_to_matter(acgan, {{"width", "4"}, {"d_width", "5"}, {"latent", "3"}},
                            {{"width", "6"}, {"d_width", "6"}, {"latent", "4"}, {"d_noise", "0.2"}, {"class_weight", "0"}, {"class_on_fakes", "false"}, {"classifier", "separate"}, {"rate", "0.01"}});
}
TEST(PointsModels, DiscoGanTakesTwoSidesOfPoints) {
  expect_settings_to_matter(discogan, {{"width", "4"}, {"early_reconstruction", "0.1"}, {"early_iterations", "2"}},
                            {{"width", "5"}, {"method", "gan"}, {"reconstruction", "0.9"}, {"early_reconstruction", "0.2"}, {"early_iterations", "1"}, {"matching", "0.5"}, {"g_steps", "1"}}, {"a", "b"});
}
TEST(PointsModels, AlisSettingsOfPoints) {
  expect_settings_to_matter(ali, {{"width", "4"}}, {{"d_width", "3"}, {"deviation", "0"}, {"last_rate", "0.1"}, {"dropout", "false"}});
}
TEST(PointsModels, WeightsOfFGansVDecay) { expect_settings_to_matter(f_gan, {{"width", "4"}, {"architecture", "gaussian"}, {"divergence", "tv"}}, {{"weight_decay", "0.1"}}); }

}  // namespace
}  // namespace ganymede
