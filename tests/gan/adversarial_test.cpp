// The objectives: values by hand, derivatives, low precision, and each as a setting of dcgan.
#include "gan/losses/adversarial.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/context.h"
#include "engine/ops.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

const char* const kNames[] = {"bce", "lsgan", "hinge", "wgan", "wgan-gp"};

double softplus(double x) { return std::log1p(std::exp(x)); }

// Of one real and one fake score.
double by_hand(const std::string& name, bool discriminator, double real, double fake) {
  if (name == "bce") return discriminator ? softplus(-real) + softplus(fake) : softplus(-fake);
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

// One model, five objectives.
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
