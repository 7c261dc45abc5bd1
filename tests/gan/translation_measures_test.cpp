// Measures of translated pictures: blur lowers them, noise does not raise them.
#include <gtest/gtest.h>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/translate.h"

namespace ganymede {
namespace {

// A measure by name, of a model whose outputs are f(target).
double measured(const std::string& name, const std::function<Tensor(const Tensor&)>& f) {
  Recipe r;
  add_pair_measures(r, {"a", "b", 3, 3}, [&](const Batch& b) { return f(b["b"]); });
  seed(5);
  const Tensor target = uniform({2, 16, 16, 3}, -1, 1);
  for (const Measure& m : r.measures)
    if (m.name == name) return m.value({2, [&](const std::function<void(const Batch&)>& look) { look({2, {{"a", target}, {"b", target}}}); }});
  ADD_FAILURE() << "no measure " << name;
  return 0;
}
Tensor same(const Tensor& x) { return x; }
Tensor noisy(const Tensor& x) { return x + randn(x.shape()) * 0.5; }
Tensor blurred(const Tensor& x) { return resize_nearest(average_pool(x, {{4, 4}, {4, 4}}), x.dim(1), x.dim(2)); }

TEST(TranslationMeasures, TheTargetItselfHoldsEverything) {
  for (const char* name : {"sharpness", "detail", "saturation", "spectrum_1", "spectrum_2", "spectrum_4"}) EXPECT_NEAR(measured(name, same), 1, 1e-5) << name;
  EXPECT_EQ(measured("l1", same), 0);
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

}  // namespace
}  // namespace ganymede
