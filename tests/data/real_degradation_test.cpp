#include "gan/data/real_degradation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/check.h"
#include "gan/data/jpeg.h"

namespace ganymede::data {
namespace {

float at(const BlurKernel& k, int64_t x, int64_t y) { return k.weights[size_t((y + k.radius) * (2 * k.radius + 1) + x + k.radius)]; }

// Second moments of a kernel along its turned axes.
std::pair<double, double> moments(const BlurKernel& k, double angle) {
  double u2 = 0, v2 = 0;
  for (int64_t y = -k.radius; y <= k.radius; ++y)
    for (int64_t x = -k.radius; x <= k.radius; ++x) {
      const double u = std::cos(angle) * double(x) + std::sin(angle) * double(y), v = std::cos(angle) * double(y) - std::sin(angle) * double(x);
      u2 += double(at(k, x, y)) * u * u, v2 += double(at(k, x, y)) * v * v;
    }
  return {u2, v2};
}

Image checked(int64_t side, int64_t channels) {   // patches of 16 px, colours and a slope
  Image image{side, side, channels, {}};
  for (int64_t y = 0; y < side; ++y)
    for (int64_t x = 0; x < side; ++x)
      for (int64_t c = 0; c < channels; ++c) image.values.push_back(float(((x / 16 + y / 16) % 2 ? 0.6 : -0.6) + 0.2 * double(c) - 0.3 * double(x) / double(side)));
  return image;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::fabs(double(a[i]) - double(b[i]));
  return sum / double(a.size());
}

TEST(RealDegradation, BlursHaveTheirFormulas) {
  const auto [a2, b2] = moments(bell_kernel(16, 3, 1.5, 0.4, 1, false), 0.4);
  EXPECT_NEAR(a2, 9, 0.05);
  EXPECT_NEAR(b2, 2.25, 0.01);
  const BlurKernel sharp = bell_kernel(8, 2, 2, 0, 3, false), soft = bell_kernel(8, 2, 2, 0, 0.5, false), plateau = bell_kernel(8, 2, 2, 0, 2, true);
  EXPECT_NEAR(at(sharp, 3, 0) / at(sharp, 0, 0), std::exp(-std::pow(9.0 / 4, 3) / 2), 1e-6);
  EXPECT_NEAR(at(soft, 3, 0) / at(soft, 0, 0), std::exp(-1.5 / 2), 1e-6);
  EXPECT_NEAR(at(plateau, 0, -3) / at(plateau, 0, 0), 1 / (1 + std::pow(9.0 / 4, 2)), 1e-6);
  for (const auto& k : {sharp, soft, plateau, low_pass_kernel(10, 1)}) {
    double sum = 0;
    for (const float w : k.weights) sum += w;
    EXPECT_NEAR(sum, 1, 1e-5);
  }
  EXPECT_THROW(bell_kernel(3, 0, 1, 0, 1, false), Error);
  EXPECT_THROW(low_pass_kernel(3, 4), Error);
}

// Waves below the cutoff pass, those above it do not.
TEST(RealDegradation, TheLowPassHasItsCutoff) {
  const BlurKernel k = low_pass_kernel(10, std::numbers::pi / 2);
  const auto left = [&](double frequency) {
    Image wave{64, 64, 1, {}};
    for (int i = 0; i < 64 * 64; ++i) wave.values.push_back(float(std::cos(frequency * (i % 64))));
    const Image out = convolved(wave, k);
    double most = 0;
    for (int x = 16; x < 48; ++x) most = std::max(most, std::fabs(double(out.values[size_t(32 * 64 + x)])));
    return most;
  };
  EXPECT_GT(left(0.6), 0.9);
  EXPECT_LT(left(2.6), 0.1);
}

TEST(RealDegradation, ConvolutionMirrorsBordersAndKeepsColoursApart) {
  Image image{1, 4, 2, {1, 10, 2, 20, 3, 30, 4, 40}};
  BlurKernel right{1, std::vector<float>(9)};
  right.weights[5] = 1;   // the pixel on the right
  EXPECT_EQ(convolved(image, right).values, (std::vector<float>{2, 20, 3, 30, 4, 40, 4, 40}));
  BlurKernel far{6, std::vector<float>(169)};
  far.weights[6 * 13 + 0] = 1;   // six to the left: mirrored at both ends
  EXPECT_EQ(convolved(image, far).values[0], 3);
}

TEST(RealDegradation, JpegLosesLessAtHigherQuality) {
  const Image image = checked(32, 3);
  const Picture picture = to_picture(image.values.data(), 32, 32, 3);
  const auto lost = [&](int quality) {
    const Picture left = through_jpeg(picture, quality);
    EXPECT_EQ(left.height, 32);
    EXPECT_EQ(left.channels, 3);
    double sum = 0;
    for (size_t i = 0; i < left.pixels.size(); ++i) sum += std::fabs(double(left.pixels[i]) - double(picture.pixels[i]));
    return sum / double(left.pixels.size());
  };
  EXPECT_GT(lost(30), 2 * lost(100));
  EXPECT_LT(lost(100), 2);
  EXPECT_GT(lost(100), 0);
  const Picture grey(9, 7, 1, 100);
  EXPECT_EQ(through_jpeg(grey, 90).channels, 1);
  EXPECT_NEAR(through_jpeg(grey, 90).pixels[30], 100, 1);
  EXPECT_THROW(through_jpeg(Picture(4, 4, 2), 90), Error);
  EXPECT_THROW(through_jpeg(grey, 0), Error);
}

// Anew with each draw, the same with the same, of the size asked for and within bounds, and still the picture.
TEST(RealDegradation, DrawsAnewAndStaysThePicture) {
  for (const int64_t channels : {1, 3}) {
    const Image high = checked(48, channels);
    Random none(0);
    const Image plain = degraded(high, 4, Degradation::area, none);
    double far = 0;
    std::vector<std::vector<float>> seen;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      Random random(seed), again(seed);
      const Image low = degraded(high, 4, Degradation::real, random);
      EXPECT_EQ(low.height, 12);
      EXPECT_EQ(low.width, 12);
      EXPECT_EQ(low.values.size(), size_t(144 * channels));
      EXPECT_EQ(low.values, really_degraded(high, 4, again).values);
      for (const float v : low.values) EXPECT_TRUE(v >= -1 && v <= 1);
      far += distance(low.values, plain.values) / 40;
      seen.push_back(low.values);
    }
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
    EXPECT_GT(far, 0.03) << channels;
    EXPECT_LT(far, 0.45) << channels;   // of patches that are 1.2 apart
  }
}

}  // namespace
}  // namespace ganymede::data
