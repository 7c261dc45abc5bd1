// Measures of translated pictures: blur lowers them, noise does not raise them.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/dataset.h"
#include "gan/trainer.h"
#include "gan/uses/styles.h"
#include "gan/uses/translate.h"

namespace ganymede {
namespace {

// In the place of LPIPS.
double mean_difference(const Tensor& a, const Tensor& b) { return mean(abs(a - b)).item(); }
Evaluation looking_at(const Batch& batch, bool perceives = true) {
  Evaluation e{batch.size, [=](const std::function<void(const Batch&)>& look) { look(batch); }};
  if (perceives) e.lpips = mean_difference;
  return e;
}

// A measure by name, of a model whose outputs are f(target).
double measured(const std::string& name, const std::function<Tensor(const Tensor&)>& f) {
  Recipe r;
  add_pair_measures(r, {"a", "b", 3, 3}, [&](const Batch& b) { return f(b["b"]); });
  seed(5);
  const Tensor target = uniform({2, 16, 16, 3}, -1, 1);
  for (const Measure& m : r.measures)
    if (m.name == name) return m.value(looking_at({2, {{"a", target * 0.0}, {"b", target}}}));
  ADD_FAILURE() << "no measure " << name;
  return 0;
}
Tensor same(const Tensor& x) { return x; }
Tensor noisy(const Tensor& x) { return x + randn(x.shape()) * 0.5; }
Tensor blurred(const Tensor& x) { return resize_nearest(average_pool(x, {{4, 4}, {4, 4}}), x.dim(1), x.dim(2)); }

TEST(TranslationMeasures, TheTargetItselfHoldsEverything) {
  for (const char* name : {"sharpness", "detail", "saturation", "spectrum_1", "spectrum_2", "spectrum_4"}) EXPECT_NEAR(measured(name, same), 1, 1e-5) << name;
  EXPECT_EQ(measured("l1", same), 0);
  EXPECT_EQ(measured("lpips", same), 0);
}
TEST(TranslationMeasures, NoiseAddsNothingToSharpnessAndDetail) {
  for (const char* name : {"sharpness", "detail"}) EXPECT_NEAR(measured(name, noisy), 1, 0.1) << name;
}
TEST(TranslationMeasures, BlurLowersSharpnessAndDetail) {
  EXPECT_LT(measured("sharpness", blurred), 0.5);
  EXPECT_LT(measured("detail", blurred), 0.5);
}
// Means over 4x4 pixels leave nothing finer, and what is coarser as it was.
TEST(TranslationMeasures, TheSpectrumShowsWhereBlurBegins) {
  EXPECT_NEAR(measured("spectrum_1", blurred), 0, 1e-6);
  EXPECT_NEAR(measured("spectrum_2", blurred), 0, 1e-6);
  EXPECT_NEAR(measured("spectrum_4", blurred), 1, 1e-5);
  EXPECT_GT(measured("spectrum_1", noisy), 1.5);
}
TEST(TranslationMeasures, GreyHasNoSaturation) {
  EXPECT_NEAR(measured("saturation", [](const Tensor& x) { return x * 0.0; }), 0, 1e-6);
}

// A measure of a model that makes f(input, z) of an input and a code of 3.
double varied(const std::string& name, const std::function<Tensor(const Tensor&, const Tensor&)>& f) {
  Recipe r;
  add_style_uses(r, {"a", "b", 3, 3}, {.map = f, .encode = nullptr, .latent = 3, .unit = 1, .size = 16});
  seed(5);
  const Tensor a = uniform({2, 16, 16, 3}, -1, 1), b = uniform({2, 16, 16, 3}, -1, 1);
  for (const Measure& m : r.measures)
    if (m.name == name) return m.value(looking_at({2, {{"a", a}, {"b", b}}}));
  ADD_FAILURE() << "no measure " << name;
  return 0;
}
Tensor tinted(const Tensor& x, const Tensor& z) { return x + reshape(z, Shape{z.dim(0), 1, 1, 3}) * 0.3; }

// Compared by what the evaluation brings; without it there is no figure.
TEST(TranslationMeasures, OutputsArePerceivedBesideTheirTargets) {
  EXPECT_GT(measured("lpips", blurred), 0.1);
  EXPECT_NEAR(measured("lpips", blurred), measured("l1", blurred), 1e-6);
  EXPECT_NEAR(varied("lpips_diversity", tinted), varied("diversity", tinted), 1e-6);
  EXPECT_NEAR(varied("real_lpips_diversity", tinted), varied("real_diversity", tinted), 1e-6);
  Recipe r;
  add_pair_measures(r, {"a", "b", 3, 3}, [](const Batch& b) { return b["a"]; });
  const Tensor x = uniform({1, 8, 8, 3}, -1, 1);
  for (const Measure& m : r.measures) {
    EXPECT_EQ(m.perceives, m.name == "lpips");
    if (m.perceives) EXPECT_TRUE(std::isnan(m.value(looking_at({1, {{"a", x}, {"b", x}}}, false))));
  }
}

TEST(TranslationMeasures, VarietyIsOfTheOutputsOfOneInput) {
  for (const char* name : {"diversity", "feature_diversity"}) {
    EXPECT_NEAR(varied(name, [](const Tensor& x, const Tensor&) { return x; }), 0, 1e-6) << name;
    EXPECT_GT(varied(name, tinted), 0.02) << name;
    EXPECT_GT(varied(std::string("real_") + name, tinted), varied(name, tinted)) << name;
  }
  // The cosine of these features does not see how strong a picture is, its pixels do.
  const auto fainter = [](const Tensor& x, const Tensor& z) { return mul(x, reshape(exp(slice(z, 1, 0, 1)), Shape{z.dim(0), 1, 1, 1})); };
  EXPECT_NEAR(varied("feature_diversity", fainter), 0, 1e-5);
  EXPECT_GT(varied("diversity", fainter), 0.1);
}

// Sides that differ in colour and stripes: all the way, half of it (the colour alone), none of it.
TEST(TranslationMeasures, DistanceToTheOtherSideSeesMoreThanColour) {
  seed(6);
  const Tensor a = uniform({4, 16, 16, 3}, -1, -0.8);
  std::vector<float> alternate;
  for (int i = 0; i < 16; ++i) alternate.push_back(i % 2 ? -1 : 1);
  const Tensor stripes = tensor(alternate, Shape{1, 1, 16, 1}, DType::f32, Device{});
  const auto left = [&](const std::function<Tensor(const Tensor&)>& f) {
    Recipe r;
    add_unpaired_uses(r, {f}, {[](const Tensor& x) { return x; }}, {}, {});
    const Tensor b = a + 1.5 + stripes * 0.3;
    for (const Measure& m : r.measures)
      if (m.name == "distance_b") return m.value({4, [&](const std::function<void(const Batch&)>& look) { look({4, {{"a", a}, {"b", b}}}); }});
    return -1.0;
  };
  EXPECT_NEAR(left([&](const Tensor& x) { return x + 1.5 + stripes * 0.3; }), 0, 1e-6);
  EXPECT_NEAR(left([](const Tensor& x) { return x; }), 1, 1e-6);
  const double colour = left([](const Tensor& x) { return x + 1.5; });
  EXPECT_GT(colour, 0.01);
  EXPECT_LT(colour, 0.9);
}

// Batches of one compare with the one before: neighbours in place of all pairs.
TEST(TranslationMeasures, SpacingIsOfNeighboursInBatchesOfOne) {
  const std::vector<double> levels{-0.9, 0.2, -0.5, 0.8};
  const auto spacing = [&](const std::function<Tensor(const Tensor&)>& f, int64_t count) {
    Recipe r;
    add_unpaired_uses(r, {f}, {[](const Tensor& x) { return x; }}, {}, {});
    for (const Measure& m : r.measures)
      if (m.name == "spacing_b")
        return m.value({count, [&](const std::function<void(const Batch&)>& look) {
                          const Tensor memory = full({1, 4, 4, 3}, 0, DType::f32, Device{});   // of the batch, filled anew each time
                          for (int64_t i = 0; i < count; ++i) assign(memory, full({1, 4, 4, 3}, levels[size_t(i)], DType::f32, Device{})), look({1, {{"a", memory}, {"b", memory}}});
                        }});
    return -2.0;
  };
  EXPECT_NEAR(spacing([](const Tensor& x) { return x * 0.5 + 0.1; }, 4), 1, 1e-5);
  EXPECT_LT(spacing([](const Tensor& x) { return square(x); }, 4), 0.9);
  EXPECT_TRUE(std::isnan(spacing([](const Tensor& x) { return x; }, 1)));
}

// A result counts if it is like the other side, not if it is merely unlike its own; the sides may differ in channels.
TEST(TranslationMeasures, DomainIsTheOtherSideAndNotJustAnother) {
  seed(7);
  const Tensor a = uniform({64, 8, 8, 1}, -1, -0.8), b = uniform({64, 8, 8, 3}, 0.4, 0.8);
  const auto share = [&](double level) {
    Recipe r;
    add_unpaired_uses(r, {[=](const Tensor& x) { return broadcast_to(x + level, {x.dim(0), 8, 8, 3}); }, 1}, {[](const Tensor& x) { return x; }, 3}, {}, {});
    for (const Measure& m : r.measures)
      if (m.name == "domain_b") return m.value({64, [&](const std::function<void(const Batch&)>& look) { look({64, {{"a", a}, {"b", b}}}); }});
    return -1.0;
  };
  EXPECT_EQ(share(0), 0);
  EXPECT_EQ(share(1), 0);
  EXPECT_LT(share(1.5), 0.9);   // the level of b, and half of its grain
  Recipe r;
  add_unpaired_uses(r, {[&](const Tensor&) { return b; }, 1}, {[](const Tensor& x) { return x; }, 3}, {}, {});
  for (const Measure& m : r.measures)
    if (m.name == "domain_b") EXPECT_GE(m.value({64, [&](const std::function<void(const Batch&)>& look) { look({64, {{"a", a}, {"b", b}}}); }}), 0.98);
}

// Red triangles on dark and the same ones blue and striped on light are turned alike; in a mirror, the other way; those of other scenes, at random.
TEST(TranslationMeasures, TurnFollowsTriangles) {
  ContextScope scope;
  context().device = Device{};
  const auto set = data::open_dataset("shapes:unpaired,kinds=triangle,truth=1,count=200", {.size = 48, .seed = 4});
  std::vector<int64_t> rows(200);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = int64_t(i);
  const Batch all = Trainer::read_batch(*set, rows);
  const auto turn = [&](const std::function<Tensor(const Tensor&)>& f) {
    return turn_measure("turn", "", {f, 3}, "a").value({200, [&](const std::function<void(const Batch&)>& look) { look(all); }});
  };
  EXPECT_NEAR(turn([](const Tensor& x) { return x; }), 1, 1e-9);
  EXPECT_GT(turn([](const Tensor& x) { return flip(x, 2); }), 0.99);  // of all tilts: no angle runs over the end of its range
  EXPECT_GT(turn([&](const Tensor&) { return all["a_in_b"]; }), 0.9);
  EXPECT_LT(turn([&](const Tensor&) { return roll(all["a_in_b"], 1, 0); }), 0.3);
}

}  // namespace
}  // namespace ganymede
