// f-AnoGAN: its two stages, and what is said of pictures that are unlike the normal ones.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/ops.h"
#include "gan/metrics/pictures.h"
#include "gan/uses/detection.h"
#include "gan/uses/latent_tasks.h"
#include "tests/gan/model_fixture.h"

namespace ganymede {
namespace {

using test::Tiny;
using test::TinyModel;

TEST(FAnogan, TheEncoderComesLastAndAlone) {
  TinyModel m{.model = "f-anogan", .size = 32};
  m.settings["gan_steps"] = "2";
  test::expect_frozen(m, 2, 3, {"G", "critic"});
}

TEST(FAnogan, TheGeneratorComesBeforeTheEncoder) {
  TinyModel m{.model = "f-anogan"};
  m.settings["gan_steps"] = "3";
  Tiny t(m);
  const auto before = t.state();
  for (int i = 0; i < 3; ++i) t->step();
  for (const auto& [name, v] : t.state())
    if (name.starts_with("E.")) EXPECT_EQ(v, before.at(name)) << name;
}

TEST(FAnogan, NeedsIterationsForTheEncoder) {
  TinyModel m{.model = "f-anogan"};
  m.settings["gan_steps"] = "10";
  EXPECT_NE(test::refusal(m).find("setting gan_steps=10: the run has 10 iterations, so none remain for E"), std::string::npos);
}

DataFacts facts_of(int64_t size, int64_t channels) {
  DataFacts facts;
  facts.size = facts.width = size, facts.channels = channels;
  return facts;
}

std::map<std::string, double> scores_of(const std::vector<Result>& results, size_t i) {
  std::map<std::string, double> scores;
  const nlohmann::json one = nlohmann::json::parse(results.back().json).at(i);
  for (const auto& [name, value] : one.items())
    if (value.is_number()) scores[name] = value;
  return scores;
}

// Of the task's numbers: the distance of the picture to what is made of its code, and kappa times that of the features.
TEST(FAnogan, ScoresAreThoseOfTheLoss) {
  for (const char* kappa : {"0.5", "0"}) {
    TinyModel m{.model = "f-anogan"};
    m.settings["kappa"] = kappa;
    Tiny t(m);
    for (int i = 0; i < 3; ++i) t->step();
    t->sampling(1, [&] {
      const Config none({}, {});
      data::Picture p(16, 16, 3);
      for (size_t i = 0; i < p.pixels.size(); ++i) p.pixels[i] = uint8_t(i * 7);
      const auto results = t->recipe().tasks.front().run({{{"one", p}}, none, 1});
      auto s = scores_of(results, 0);
      const Latent& latent = t->recipe().latent;
      const Tensor x = as_input(p, facts_of(16, 1));
      const double pixels = mean(square(x - latent.decode(latent.encode(x), {}))).item();
      EXPECT_NEAR(s["score"], pixels + std::stod(kappa) * s["features"], 1e-5);
      EXPECT_EQ(s.count("pixels"), std::stod(kappa) > 0 ? 1u : 0u);
      EXPECT_GT(s["features"], 0);
      EXPECT_GT(s["score"], 0);
    });
  }
}

// Pictures of 2 x 2 that are all of one value; what is made instead is 0, so that the score is the value's square, and -value beside it.
Detector of_values() {
  return {.made = [](const Tensor& x) { return zeros_like(x); },
          .scores = {{"score", "square", [](const Tensor& x, const Tensor& y) { return mean(square(flatten(x - y)), {1}); }}, {"turned", "the value with the other sign", [](const Tensor& x, const Tensor&) { return -mean(flatten(x), {1}); }}}};
}
Batch batch_of(const std::vector<double>& values, const std::vector<int64_t>& kinds) {
  std::vector<double> pixels;
  for (const double v : values) pixels.insert(pixels.end(), 4, v);
  const int64_t n = int64_t(values.size());
  return {n, {{"image", tensor(pixels, Shape{n, 2, 2, 1}, DType::f64, Device{})}, {"anomalous", tensor(kinds, Shape{n}, Device{})}}};
}
double measured(const std::string& name, const std::vector<Batch>& batches) {
  Recipe r;
  DataFacts facts;
  facts.size = facts.width = 2;
  add_detection_uses(r, Config(facts, {}), of_values());
  const Evaluation e{100, [&](const std::function<void(const Batch&)>& look) { for (const Batch& b : batches) look(b); }};
  for (const Measure& m : r.measures)
    if (m.name == name) return m.value(e);
  ADD_FAILURE() << "no measure " << name;
  return 0;
}

TEST(Detection, MeasuresTellNormalFromAnomalous) {
  const std::vector<Batch> batches{batch_of({0.1, 0.5, 0.2}, {0, 1, 0}), batch_of({0.3, -0.25, 0.45}, {0, 1, 0})};
  EXPECT_NEAR(measured("auroc", batches), 6.0 / 8, 1e-12);          // 0.5 beats all four, -0.25 two of them
  EXPECT_NEAR(measured("auroc_turned", batches), 4.0 / 8, 1e-12);   // -0.5 none, 0.25 all four
  EXPECT_NEAR(measured("threshold", batches), 0.2025, 1e-12);       // four have no twentieth: the largest
  EXPECT_NEAR(measured("found", batches), 0.5, 1e-12);
  EXPECT_NEAR(measured("auroc_nearest", batches), 0.5, 1e-12);      // those of all four are between those of 0.5 and -0.25
}

TEST(Detection, WithoutAnomaliesThereIsAThresholdAlone) {
  const std::vector<Batch> batches{batch_of({0.1, 0.2}, {0, 0})};
  EXPECT_NEAR(measured("threshold", batches), 0.04, 1e-12);
  for (const char* name : {"auroc", "auroc_turned", "auroc_nearest", "found"}) EXPECT_TRUE(std::isnan(measured(name, batches))) << name;
}

TEST(Detection, ADivergedModelIsNamed) {
  Recipe r;
  DataFacts facts;
  facts.size = facts.width = 2;
  Detector d = of_values();
  d.scores[1].of = [](const Tensor& x, const Tensor&) { return log(mean(flatten(x), {1}) * 0.0 - 1.0); };
  add_detection_uses(r, Config(facts, {}), d);
  const Config none({}, {});
  try {
    r.tasks.front().run({{{"one", data::Picture(2, 2, 1)}}, none, 1});
    FAIL() << "a score that is not a number was sorted";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("the score turned of a picture is"), std::string::npos) << e.what();
  }
}

TEST(Detection, ListsTheMostUnlikeFirst) {
  Recipe r;
  DataFacts facts;
  facts.size = facts.width = 2;
  add_detection_uses(r, Config(facts, {}), of_values());
  std::vector<NamedPicture> pictures;
  for (const auto& [name, value] : {std::pair{"middle", 128}, {"white", 255}, {"grey", 192}}) {
    data::Picture p(2, 2, 1);
    std::fill(p.pixels.begin(), p.pixels.end(), uint8_t(value));
    pictures.push_back({name, p});
  }
  const auto run = [&](std::map<std::string, std::string> settings) {
    const Config c({}, std::move(settings));
    return r.tasks.front().run({pictures, c, 1});
  };
  const auto plain = run({}), judged = run({{"threshold", "0.2"}});
  const auto list = nlohmann::json::parse(judged.back().json);
  ASSERT_EQ(list.size(), 3u);
  const char* order[] = {"white", "grey", "middle"};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(list[i]["picture"], order[i]);
    EXPECT_EQ(judged[i].name, order[i]);
    EXPECT_EQ(list[i]["anomalous"], i < 2);
  }
  EXPECT_FALSE(nlohmann::json::parse(plain.back().json)[0].contains("anomalous"));
  EXPECT_NEAR(list[0]["score"], 1, 1e-6);
  EXPECT_EQ(judged[0].frames[0].pixels[0], 128);  // half of the greatest difference, which is of black and white
  EXPECT_LE(judged[2].frames[0].pixels[0], 1);   // 128 is a little lighter than 0
  EXPECT_THROW(run({{"limit", "1"}}), UsageError);
}

TEST(Detection, SamplesAreMeasuredAgainstNormalPictures) {
  data::Options options;
  options.size = 16, options.split = data::Split::test;
  const auto set = data::open_dataset("normal:circle,shapes:single,count=60", options);
  int64_t normal = 0;
  for (int64_t i = 0; i < set->size(); ++i) normal += set->normal(i);
  EXPECT_LT(normal, set->size());
  EXPECT_EQ(metrics::read_pictures(*set).count, normal);
  EXPECT_EQ(metrics::read_pictures(*set, 3).count, 3);
}

}  // namespace
}  // namespace ganymede
