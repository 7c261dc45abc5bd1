// Variants of models with labels that the standard settings leave out: they train, replay like eager, move what they declare, and
// say what they lack.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/checkpoint.h"
#include "gan/losses/classes.h"
#include "tests/gan/model_fixture.h"

namespace ganymede::test {
namespace {

using State = std::map<std::string, std::vector<double>>;

State after_sound(const TinyModel& m, int iterations) {
  Tiny t(m);
  for (int i = 0; i < iterations; ++i) t->step();
  for (const auto& [name, v] : t->values()) EXPECT_TRUE(std::isfinite(v)) << name;
  return t.state();
}

// Four iterations replay like eager ones, and every parameter moves but those that nothing can reach.
void expect_sound(TinyModel m, const std::vector<std::string>& still = {}) {
  const State replayed = after_sound(m, 4);
  TinyModel eager = m;
  eager.capture = false;
  EXPECT_EQ(replayed, after_sound(eager, 4));
  m.dtype = DType::f64;
  Tiny t(m);
  const State before = t.state();
  for (int i = 0; i < 3; ++i) t->step();
  const State now = t.state();
  for (const nn::Net& n : t->recipe().nets)
    for (const auto& p : n.parameters()) {
      const std::string name = n.name() + "." + p.name;
      bool stays = false;
      for (const std::string& s : still) stays |= name.starts_with(s);
      EXPECT_EQ(before.at(name) == now.at(name), stays) << name;
    }
}

TEST(LabelVariants, WganGpWithClasses) {
  expect_sound({"wgan-gp", {{"architecture", "resnet"}, {"classes", "ac"}, {"critic_steps", "2"}, {"latent", "5"}}}, {"critic.score.bias"});
}
TEST(LabelVariants, CganConvolutions) { expect_sound({"cgan", {{"architecture", "dcgan"}, {"width", "4"}, {"fake_labels", "uniform"}}}); }
TEST(LabelVariants, CganAsACritic) { expect_sound({"cgan", {{"architecture", "dcgan"}, {"width", "4"}, {"objective", "wgan-gp"}, {"fake_labels", "uniform"}, {"critic_steps", "2"}}}); }
TEST(LabelVariants, CganWithSpectralNorm) { expect_sound({"cgan", {{"architecture", "dcgan"}, {"width", "4"}, {"objective", "hinge"}, {"spectral_norm", "true"}}}); }
TEST(LabelVariants, ResnetWithSpectralNorm) { expect_sound({"wgan-gp", {{"architecture", "resnet"}, {"width", "8"}, {"objective", "bce"}, {"spectral_norm", "true"}}}); }
TEST(LabelVariants, AcganOfMnist) { expect_sound({"acgan", {{"architecture", "mnist"}, {"d_noise", "0.1"}}}); }
TEST(LabelVariants, AcganWithASeparateClassifierAndFewLabels) { expect_sound({"acgan", {{"classifier", "separate"}, {"labelled", "7"}}}); }
TEST(LabelVariants, InfoganOfSvhnWithLearnedDeviation) { expect_sound({"infogan", {{"architecture", "svhn"}, {"categorical", "2"}, {"values", "3"}, {"deviation", "learned"}}}); }
TEST(LabelVariants, SaganWithAPenalty) { expect_sound({"sagan", {{"objective", "wgan-gp"}, {"attention_form", "paper"}, {"d_steps", "2"}}}, {"D.out.bias"}); }
TEST(LabelVariants, StackedGanOfCifar) { expect_sound({"stacked-gan", {{"architecture", "cifar"}}}); }
TEST(LabelVariants, LapganByLabel) { expect_sound({"lapgan", {{"classes", "true"}}}); }
TEST(LabelVariants, CoganOfFaces) { expect_sound({"cogan", {{"architecture", "faces"}, {"sharing", "false"}}}); }

// One file serves as the given classifier: a checkpoint of a run with one of its own. It does not move.
TEST(LabelVariants, AcganTakesAGivenClassifier) {
  const std::string path = (std::filesystem::temp_directory_path() / "acgan_classifier.safetensors").string();
  State trained;
  {
    Tiny t({"acgan", {{"classifier", "separate"}}});
    for (int i = 0; i < 2; ++i) t->step();
    save_checkpoint(path, *t, {{"model", "acgan"}});
    trained = t.state();
  }
  const TinyModel given{"acgan", {{"classifier", "given"}, {"classifier_file", path}}};
  const State now = after_sound(given, 3);
  for (const auto& [name, v] : trained)
    if (name.starts_with("C.")) EXPECT_EQ(now.at(name), v) << name;
  EXPECT_NE(now.at("G.linear1.weight"), trained.at("G.linear1.weight"));
  TinyModel without = given;
  without.settings["class_weight"] = "0";
  EXPECT_NE(after_sound(without, 3), now);   // its opinion moves G
  EXPECT_THROW(Tiny({"acgan", {{"classifier", "given"}}}), UsageError);
  EXPECT_THROW(Tiny({"acgan", {{"classifier", "given"}, {"classifier_file", path}, {"d_width", "3"}}}), Error);
  std::filesystem::remove(path);
}

TEST(LabelVariants, SamplesWithoutALabelAreSkipped) {
  ContextScope scope;
  context().dtype = DType::f64;
  const Tensor logits = tensor(std::vector<double>{1, 2, 3, 0.5, 0, -1, 4, 1, 2}, Shape{3, 3}, DType::f64, Device{});
  const auto labels = [](const std::vector<int64_t>& y) { return tensor(y, Shape{int64_t(y.size())}, Device{}); };
  const auto row = [](double a, double b, double c, double picked) { return std::log(std::exp(a) + std::exp(b) + std::exp(c)) - picked; };
  EXPECT_NEAR(class_loss(logits, labels({2, -1, 0})).item(), (row(1, 2, 3, 3) + row(4, 1, 2, 4)) / 2, 1e-12);
  EXPECT_NEAR(class_loss(logits, labels({-1, 1, 3})).item(), row(0.5, 0, -1, 0), 1e-12);
  EXPECT_EQ(class_loss(logits, labels({-1, -1, -1})).item(), 0);
  EXPECT_NEAR(class_accuracy(logits, labels({2, 1, -1})).item(), 0.5, 1e-12);
}

// The label matters to G, and to D unless it is kept from it.
TEST(LabelVariants, LabelsReachTheNetworks) {
  for (const char* model : {"cgan", "acgan", "sagan"}) {
    Tiny t({model});
    for (int i = 0; i < 3; ++i) t->step();
    t->sampling(1, [&] {
      const Latent& l = t->recipe().latent;
      const Tensor z = l.draw(2);
      const auto of = [&](int64_t a, int64_t b) { return l.decode(z, tensor(std::vector<int64_t>{a, b}, Shape{2}, Device{})).to_doubles(); };
      const auto same = of(0, 1), other = of(0, 2);
      const size_t half = same.size() / 2;
      EXPECT_TRUE(std::equal(same.begin(), same.begin() + int64_t(half), other.begin())) << model;
      EXPECT_FALSE(std::equal(same.begin() + int64_t(half), same.end(), other.begin() + int64_t(half))) << model;
    });
  }
}

TEST(LabelVariants, CodesNameTheirPartsOfZ) {
  Tiny t({"infogan", {{"categorical", "2"}, {"values", "3"}, {"continuous", "1"}}});
  const Latent& l = t->recipe().latent;
  ASSERT_EQ(l.length, 5 + 6 + 1);
  ASSERT_EQ(l.codes.size(), 3u);
  t->sampling(1, [&] {
    const auto z = l.draw(4).to_doubles();
    for (int i = 0; i < 4; ++i)
      for (const Code& code : l.codes) {
        double total = 0;
        for (int64_t k = code.first; k < code.first + code.count; ++k) total += z[size_t(i * 12 + k)];
        if (code.categorical) EXPECT_EQ(total, 1) << code.name;
        else EXPECT_LE(std::abs(total), 1) << code.name;
      }
  });
}

// D's running statistics mix real and generated pictures, which never share a batch in training: Q is asked by its batch's own.
TEST(LabelVariants, CodesAreReadByStatisticsOfTheBatch) {
  Tiny t({"infogan"});
  t->step();
  const Batch batch = t->batch();
  const auto values = [&] {
    std::vector<double> out;
    t->sampling(1, [&] {
      for (const Measure& m : t->recipe().measures) out.push_back(m.value({.samples = 150, .each_batch = [&](const auto& f) { f(batch); }}));
    });
    return out;
  };
  const auto before = values();
  for (const nn::Net& n : t->recipe().nets)
    if (n.name() == "D") {
      ASSERT_FALSE(n.buffers().empty());
      for (const auto& b : n.buffers()) assign(b.value, b.value * 3.0 + 0.5);
    }
  EXPECT_EQ(before, values());
}

TEST(LabelVariants, MeasuresAreShares) {
  for (const char* model : {"acgan", "infogan", "cogan"}) {
    Tiny t({model});
    t->step();
    const Batch batch = t->batch();
    ASSERT_FALSE(t->recipe().measures.empty());
    t->sampling(1, [&] {
      for (const Measure& m : t->recipe().measures) {
        const double v = m.value({.samples = 150, .each_batch = [&](const auto& f) { f(batch); }});
        EXPECT_TRUE(std::isfinite(v)) << m.name;
        if (m.name != "information" && m.name != "code-error") EXPECT_TRUE(v >= 0 && v <= 1) << m.name << " " << v;
      }
    });
  }
}

TEST(LabelVariants, AdaptationTakesLabels) {
  EXPECT_EQ(refusal({"cogan", {{"adaptation", "true"}}}), "setting adaptation=true: it takes data with the labels of a, such as halves:fashion-mnist,negative");
  TinyModel labelled{"cogan", {{"adaptation", "true"}}};
  labelled.data = "shapes:unpaired,a=filled,b=hollow,labels=1";
  EXPECT_EQ(refusal(labelled), "");
}

}  // namespace
}  // namespace ganymede::test
