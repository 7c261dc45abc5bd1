// What StyleGAN2 does beside its update: how augmentation follows D's signs, truncation, noise.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/difference.h"

namespace ganymede::test {
namespace {

double named(const std::vector<std::pair<std::string, double>>& values, const std::string& name) {
  for (const auto& [n, v] : values)
    if (n == name) return v;
  ADD_FAILURE() << "no " << name;
  return 0;
}


// Every fourth iteration by 4 batches over ada_images, up where the mean sign of those four is above the target and down where not.
TEST(StyleGan2, AugmentationFollowsTheSignsOfD) {
  bool rose = false, fell = false;
  for (const char* target : {"0.01", "0.99"}) {
    Tiny t({"stylegan2", {{"ada", target}, {"ada_images", "40"}}});
    const double step = 4.0 * double(t->batch().size) / 40;
    double p = rose ? 0.5 : 0, sum = 0;
    for (const auto& k : t->recipe().kept)
      if (k.name == "augmented") assign(k.value, full({1}, p));
    for (int i = 1; i <= 24; ++i) {
      t->step();
      const auto values = t->values();
      EXPECT_NEAR(named(values, "D/augmented"), p, 1e-6) << "iteration " << i << " at " << target;
      sum += named(values, "D/sign");
      if (i % 4) continue;
      const double before = p;
      p = std::clamp(p + (sum / 4 > std::stod(target) ? step : -step), 0.0, 1.0), sum = 0;
      rose |= p > before, fell |= p < before;
      EXPECT_NEAR(t.state().at("kept.augmented")[0], p, 1e-6) << "iteration " << i << " at " << target;
    }
  }
  EXPECT_TRUE(rose);
  EXPECT_TRUE(fell);
}

TEST(StyleGan2, TruncationGoesFromSamplesToTheirMean) {
  Tiny t({"stylegan2"});
  for (int i = 0; i < 3; ++i) t->step();
  t->sampling(1, [&] {
    const Latent& latent = t->recipe().latent;
    const Tensor z = latent.draw(3), whole = latent.decode(z, {}), none = latent.truncated(z, {}, 0);
    EXPECT_LT(furthest(latent.truncated(z, {}, 1), whole), 1e-5);
    EXPECT_GT(furthest(slice(whole, 0, 0, 1), slice(whole, 0, 1, 2)), 1e-3);
    EXPECT_LT(furthest(slice(none, 0, 0, 1), slice(none, 0, 1, 2)), 1e-6);
    const Tensor half = latent.truncated(z, {}, 0.5);
    EXPECT_GT(furthest(half, none), 1e-4);
    EXPECT_GT(furthest(half, whole), 1e-4);
  });
}

// The same z gives the same picture as a sample, noise or not; in training noise is drawn, and counts once its strengths are not 0 any more.
TEST(StyleGan2, SamplesHaveTheSameNoise) {
  Tiny t({"stylegan2", {{"noise", "true"}}});
  for (int i = 0; i < 3; ++i) t->step();
  t->sampling(1, [&] {
    const Latent& latent = t->recipe().latent;
    const Tensor z = latent.draw(2), once = latent.decode(z, {});
    EXPECT_EQ(furthest(latent.decode(z, {}), once), 0);
    context().training = true;
    EXPECT_GT(furthest(latent.decode(z, {}), once), 0);
  });
}

TEST(StyleGan2, RefusesWhatItCannotDo) {
  EXPECT_EQ(refusal({.model = "stylegan2", .size = 24}), "a picture size of 24: StyleGAN2 makes 8, 16, 32, 64, ... pixels; set --size");
  EXPECT_EQ(refusal({"stylegan2", {{"stddev_group", "3"}}}), "");   // no more than the batch has
  EXPECT_EQ(refusal({.model = "r3gan", .size = 24}), "a picture size of 24: R3GAN makes 8, 16, 32, 64, ... pixels; set --size");
  EXPECT_EQ(refusal({"r3gan", {{"group", "3"}}}), "setting group=3: the 8 channels inside a block at 4 px do not divide into such groups");
}

}  // namespace
}  // namespace ganymede::test
