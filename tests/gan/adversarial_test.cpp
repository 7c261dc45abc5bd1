// The objectives: values by hand, derivatives, low precision, and each as a setting of the recipes that
// take one.
#include "gan/losses/adversarial.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/context.h"
#include "engine/ops.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

const char* const kNames[] = {"bce", "minimax", "lsgan", "hinge", "wgan", "wgan-gp", "f-kl", "f-pearson"};

double softplus(double x) { return std::log1p(std::exp(x)); }

// Of one real and one fake score.
double by_hand(const std::string& name, bool discriminator, double real, double fake) {
  if (name == "bce") return discriminator ? softplus(-real) + softplus(fake) : softplus(-fake);
  if (name == "minimax") return discriminator ? softplus(-real) + softplus(fake) : -softplus(fake);  // log(1 - D)
  if (name == "f-kl" && discriminator) return std::exp(fake - 1) - real;
  if (name == "f-pearson" && discriminator) return fake * fake / 4 + fake - real;
  if (name == "lsgan") return discriminator ? 0.5 * (real - 1) * (real - 1) + 0.5 * fake * fake : 0.5 * (fake - 1) * (fake - 1);
  if (name == "hinge" && discriminator) return std::max(0.0, 1 - real) + std::max(0.0, 1 + fake);
  return discriminator ? fake - real : -fake;
}

TEST(Adversarial, HasTheValuesOfItsFormulas) {
  const Tensor real = random_tensor({7, 1}, 1), fake = random_tensor({7, 1}, 2);
  const auto r = real.to_doubles(), f = fake.to_doubles();
  for (const char* name : kNames) {
    double d = 0, g = 0;
    for (size_t i = 0; i < r.size(); ++i) d += by_hand(name, true, r[i], f[i]) / 7, g += by_hand(name, false, r[i], f[i]) / 7;
    EXPECT_NEAR(adversarial(name).d(real, fake).item(), d, 1e-12) << name;
    EXPECT_NEAR(adversarial(name).g(fake).item(), g, 1e-12) << name;
  }
  EXPECT_THROW(adversarial("ls-gan"), UsageError);
}

TEST(Adversarial, IsDifferentiableTwice) {
  const Tensors scores{random_tensor({5, 1}, 3), random_tensor({5, 1}, 4)};
  for (const char* name : kNames) {
    const auto both = [&](const Tensors& in) { return Tensors{adversarial(name).d(in[0], in[1]) + adversarial(name).g(in[1])}; };
    EXPECT_EQ(gradcheck(both, scores), "") << name;
    EXPECT_EQ(gradgradcheck(both, scores), "") << name;
  }
}

// Scores come from a bf16 network as bf16; what is made of them is f32, on both devices.
TEST(Adversarial, LosesNothingMoreOnBf16Scores) {
  const Tensor real = cast(random_tensor({64, 1}, 5, 0.9, 1.1), DType::bf16).constant(), fake = cast(random_tensor({64, 1}, 6), DType::bf16).constant();
  for (const char* name : kNames)
    for (const DeviceType device : {DeviceType::cpu, DeviceType::sim}) {
      ContextScope scope;
      context().device = {device, 0};
      const auto on = [&](const Tensor& t) { return to_device(t, context().device); };
      const Adversarial& a = adversarial(name);
      const Tensor d = a.d(on(real), on(fake)), g = a.g(on(fake));
      EXPECT_EQ(d.dtype(), DType::f32) << name;
      const double want_d = a.d(cast(real, DType::f64), cast(fake, DType::f64)).item(), want_g = a.g(cast(fake, DType::f64)).item();
      EXPECT_NEAR(d.item(), want_d, 1e-6) << name;
      EXPECT_NEAR(g.item(), want_g, 1e-6) << name;
    }
}

TEST(Adversarial, FormulasSayWhatTheTermsAre) {
  EXPECT_EQ(adversarial("f-kl").d_formula, "-E D(x) + E (exp(D(G(z)) - 1))");
  EXPECT_EQ(adversarial("f-pearson").d_formula, "-E D(x) + E (D(G(z))^2/4 + D(G(z)))");
  EXPECT_EQ(of_pairs(adversarial("bce").d_formula), "-E log D(x, y) - E log(1 - D(G(z, y), y))");
  EXPECT_EQ(of_pairs(adversarial("wgan").g_formula), "-E f(G(z, y), y)");
}

TEST(Adversarial, ListsTheStandardFirst) {
  const auto names = objectives("hinge");
  EXPECT_EQ(names.front(), "hinge");
  EXPECT_EQ(names.size(), std::size(kNames));
  for (const char* name : kNames) EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
}

// One setting, the same words, four recipes: critics take five steps, only wgan-gp has a penalty, only wgan holds D's weights.
class EveryObjective : public testing::TestWithParam<TinyModel> {};

TEST_P(EveryObjective, IsASetting) {
  for (const char* name : kNames) {
    TinyModel m = GetParam();
    m.settings["objective"] = name;
    Tiny t(m);
    for (int i = 0; i < 2; ++i) t->step();
    std::map<std::string, double> values;
    for (const auto& [n, v] : t->values()) values[n] = v;
    for (const auto& [n, v] : values) EXPECT_TRUE(std::isfinite(v)) << name << " " << n;
    const Recipe& r = t->recipe();
    const auto formula = [&](const std::string& of) { return m.model == "wgan-gp" ? of : of_pairs(of); };
    EXPECT_EQ(t->terms(0)[0].formula, formula(adversarial(name).d_formula));
    EXPECT_EQ(t->terms(1)[0].formula, formula(adversarial(name).g_formula));
    EXPECT_EQ(values.count(r.stages[0].updates[0].name + "/gp") > 0, std::string(name) == "wgan-gp") << name;
    if (m.model != "sagan") EXPECT_EQ(r.stages[0].updates[0].repeat, adversarial(name).critic ? 5 : 1) << name;
    double largest = 0;
    for (const double w : r.nets[1].flat().to_doubles()) largest = std::max(largest, std::abs(w));
    EXPECT_EQ(largest <= 0.01 + 1e-9, std::string(name) == "wgan") << name << " " << largest;
    for (const auto& p : r.nets[1].parameters()) EXPECT_FALSE(adversarial(name).critic && p.name.starts_with("norm")) << name << " " << p.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Of, EveryObjective,
                         testing::Values(TinyModel{"sagan", {{"spectral_norm", "none"}}}, TinyModel{"cgan", {{"architecture", "dcgan"}, {"width", "4"}}},
                                         TinyModel{"wgan-gp", {{"architecture", "resnet"}, {"width", "8"}}}),
                         [](const auto& info) { return info.param.model == "wgan-gp" ? std::string("resnet") : info.param.model; });

// What its settings say holds for wgan too.
TEST(Adversarial, DcganByWganFollowsItsRate) {
  const auto after = [](std::map<std::string, std::string> settings) {
    settings["objective"] = "wgan";
    Tiny t({"dcgan", settings});
    t->step();
    return t.state();
  };
  const auto standard = after({});
  EXPECT_EQ(standard, after({{"rate", "5e-5"}}));
  EXPECT_NE(standard, after({{"rate", "1e-4"}}));
  EXPECT_NE(standard, after({{"weight_decay", "0.1"}}));
  EXPECT_NE(standard, after({{"clip", "0.005"}}));
}

// One model, all objectives.
TEST(Adversarial, EveryObjectiveIsASettingOfDcgan) {
  for (const char* name : kNames) {
    Tiny t({"dcgan", {{"objective", name}}});
    for (int i = 0; i < 4; ++i) t->step();
    std::map<std::string, double> values;
    for (const auto& [n, v] : t->values()) values[n] = v;
    for (const auto& [n, v] : values) EXPECT_TRUE(std::isfinite(v)) << name << " " << n;
    ASSERT_TRUE(values.count("D/adv") && values.count("G/adv")) << name;
    EXPECT_EQ(values.count("D/gp") > 0, std::string(name) == "wgan-gp");
    const Losses& terms = t->terms(0);
    EXPECT_EQ(terms[0].formula, adversarial(name).d_formula);
    EXPECT_EQ(t->terms(1)[0].formula, adversarial(name).g_formula);
    const nn::Net& D = t->recipe().nets[1];
    double largest = 0;
    for (const double w : D.flat().to_doubles()) largest = std::max(largest, std::abs(w));
    EXPECT_EQ(largest <= 0.01 + 1e-9, std::string(name) == "wgan") << largest;  // weights clipped
    bool norms = false;
    for (const auto& p : D.parameters()) norms = norms || p.name.find("norm") == 0;
    EXPECT_EQ(norms, !adversarial(name).critic) << name;
  }
}

}  // namespace
}  // namespace ganymede::test
