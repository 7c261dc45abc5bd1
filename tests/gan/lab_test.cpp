// Lab colours against published values, and there and back.
#include "gan/parts/lab.h"

#include <gtest/gtest.h>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/transform.h"

namespace ganymede {
namespace {

Tensor colour(double r, double g, double b) { return tensor(std::vector<double>{r / 127.5 - 1, g / 127.5 - 1, b / 127.5 - 1}, Shape{1, 1, 1, 3}, DType::f64, context().device); }

// The primaries by Lindbloom's calculator (sRGB, D65, 2 degrees).
TEST(Lab, HasThePublishedValues) {
  const struct { double rgb[3], lab[3]; } known[] = {{{255, 0, 0}, {53.2408, 80.0925, 67.2032}}, {{0, 255, 0}, {87.7347, -86.1827, 83.1793}}, {{0, 0, 255}, {32.2970, 79.1875, -107.8602}},
                                                     {{255, 255, 255}, {100, 0, 0}}, {{0, 0, 0}, {0, 0, 0}}, {{119, 119, 119}, {50.0344, 0, 0}}};
  for (const auto& k : known) {
    const Tensor x = colour(k.rgb[0], k.rgb[1], k.rgb[2]);
    EXPECT_NEAR((lightness(x).item() + 1) * 50, k.lab[0], 2e-3) << k.lab[0];
    const std::vector<double> ab = chroma(x).to_doubles();
    EXPECT_NEAR(ab[0] * 110, k.lab[1], 0.02) << k.lab[0];
    EXPECT_NEAR(ab[1] * 110, k.lab[2], 0.02) << k.lab[0];
  }
}

TEST(Lab, ComesBackAndStaysWithinItsRange) {
  for (const DType dtype : {DType::f64, DType::f32}) {
    ContextScope scope;
    context().dtype = dtype;
    seed(1);
    const Tensor x = uniform({2, 31, 17, 3}, -1, 1), l = lightness(x), ab = chroma(x);
    EXPECT_LT(max(abs(from_lab(l, ab) - x)).item(), dtype == DType::f64 ? 1e-5 : 1e-4);
    EXPECT_LE(max(abs(concat({l, ab}, 3))).item(), 1);
    const Tensor grey = slice(x, 3, 0, 1);
    EXPECT_LT(max(abs(lightness(grey) - lightness(concat({grey, grey, grey}, 3)))).item(), 1e-5);
  }
}

// The input of colourisation is made on the host, by a curve of its own: it must have the lightness of the picture.
TEST(Lab, TheGreyToColouriseHasThePicturesLightness) {
  ContextScope scope;
  seed(2);
  const Tensor x = uniform({1, 9, 7, 3}, -1, 1);
  data::Random random(1);
  const data::Image grey = data::transformed({9, 7, 3, x.to_floats()}, data::Transform::colourise, random);
  ASSERT_EQ(grey.channels, 1);
  const Tensor made = tensor(grey.values, Shape{1, 9, 7, 1}, DType::f32, context().device);
  EXPECT_LT(max(abs(lightness(made) - lightness(x))).item(), 1e-4);
}

TEST(Lab, IsTheSameOnTheSimulatorAndRefusesOtherChannels) {
  ContextScope scope;
  seed(1);
  const Tensor x = uniform({1, 5, 3, 3}, -1, 1), made = from_lab(lightness(x), chroma(x));
  const Device sim = Device::parse("sim");
  const Tensor there = tensor(x.to_floats(), x.shape(), DType::f32, sim);
  const std::vector<float> here = made.to_floats(), simulated = from_lab(lightness(there), chroma(there)).to_floats();
  for (size_t i = 0; i < here.size(); ++i) EXPECT_NEAR(here[i], simulated[i], 1e-5);
  EXPECT_THROW(chroma(lightness(x)), Error);
  EXPECT_THROW(lightness(chroma(x)), Error);
  EXPECT_THROW(from_lab(x, chroma(x)), Error);
}

}  // namespace
}  // namespace ganymede
