#include "gan/data/real_degradation.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/check.h"
#include "gan/data/jpeg.h"
#include "gan/data/picture.h"
#include "gan/data/resize.h"

namespace ganymede::data {
namespace {

using std::numbers::pi;

// What the two rounds differ in.
struct Round {
  double blurred;                     // share of pictures that are
  double sigma;                       // of blurs, at most
  double grows, shrinks;              // shares of pictures whose size does
  double largest, smallest;           // factors
  double noise, photons;              // deviation of Gaussian noise in 255, and strength of that of photons, at most
};
constexpr Round kFirst{1, 3, 0.2, 0.7, 1.5, 0.15, 30, 3}, kSecond{0.8, 1.5, 0.3, 0.4, 1.2, 0.3, 25, 2.5};
constexpr double kLowPass = 0.1, kLastLowPass = 0.8, kGaussianNoise = 0.5, kGreyNoise = 0.4;
constexpr int kLeastQuality = 30, kMostQuality = 95;

BlurKernel normalised(BlurKernel k) {
  double sum = 0;
  for (const float w : k.weights) sum += w;
  for (float& w : k.weights) w = float(w / sum);
  return k;
}

// f of each place's distance from the middle, (x, y).
template <class F>
BlurKernel kernel_of(int64_t radius, const F& f) {
  BlurKernel k{radius, {}};
  for (int64_t y = -radius; y <= radius; ++y)
    for (int64_t x = -radius; x <= radius; ++x) k.weights.push_back(float(f(double(x), double(y))));
  return normalised(std::move(k));
}

BlurKernel drawn_low_pass(int64_t radius, Random& random) { return low_pass_kernel(radius, random.uniform(radius < 6 ? pi / 3 : pi / 5, pi)); }

BlurKernel drawn_kernel(const Round& round, Random& random) {
  const int64_t radius = 3 + random.below(8);
  if (random.chance(kLowPass)) return drawn_low_pass(radius, random);
  const double kind = random.uniform();   // Gaussians 0.7, generalised 0.15, plateaus 0.15; of each, some stretched
  const bool plateau = kind >= 0.85, general = kind >= 0.7 && !plateau;
  const bool stretched = random.chance(plateau || general ? 0.2 : 0.36);
  const double a = random.uniform(0.2, round.sigma), b = stretched ? random.uniform(0.2, round.sigma) : a, angle = stretched ? random.uniform(-pi, pi) : 0;
  const double most = plateau ? 2 : 4, beta = !plateau && !general ? 1 : random.chance(0.5) ? random.uniform(plateau ? 1 : 0.5, 1) : random.uniform(1, most);
  return bell_kernel(radius, a, b, angle, beta, plateau);
}

Image scaled(const Image& image, int64_t height, int64_t width, Random& random) {
  constexpr Filter kHow[] = {Filter::box, Filter::triangle, Filter::cubic};
  height = std::max<int64_t>(height, 1), width = std::max<int64_t>(width, 1);
  return {height, width, image.channels, resized(image.values.data(), image.height, image.width, image.channels, height, width, kHow[random.below(3)], Border::mirror)};
}

// A change of size, in shares of what height and width are at a factor of 1.
Image rescaled(const Image& image, const Round& round, double height, double width, Random& random) {
  const double what = random.uniform();
  const double factor = what < round.grows ? random.uniform(1, round.largest) : what < round.grows + round.shrinks ? random.uniform(round.smallest, 1) : 1;
  return scaled(image, std::llround(factor * height), std::llround(factor * width), random);
}

// Values stay in [-1, 1].
Image with_noise(Image image, const Round& round, Random& random) {
  const bool gaussian = random.chance(kGaussianNoise), grey = random.chance(kGreyNoise);
  const double strength = gaussian ? random.uniform(1, round.noise) / 127.5 : random.uniform(0.05, round.photons) * 2 / 16;   // 16^2 photons make white
  const auto channels = size_t(image.channels);
  for (size_t i = 0; i < image.values.size(); i += channels) {
    const double shared = grey ? random.normal() : 0;
    for (size_t c = 0; c < channels; ++c) {
      float& v = image.values[i + c];
      const double deviation = gaussian ? strength : strength * std::sqrt(std::clamp((double(v) + 1) / 2, 0.0, 1.0));
      v = std::clamp(float(v + deviation * (grey ? shared : random.normal())), -1.0f, 1.0f);
    }
  }
  return image;
}

Image compressed(const Image& image, Random& random) {
  const int quality = kLeastQuality + int(random.below(kMostQuality - kLeastQuality + 1));
  const Picture left = through_jpeg(to_picture(image.values.data(), image.height, image.width, image.channels), quality);
  Image out = image;
  to_float(left, out.values.data());
  return out;
}

int64_t mirrored_place(int64_t i, int64_t n) {
  while (i < 0 || i >= n) i = i < 0 ? -i - 1 : 2 * n - 1 - i;
  return i;
}

}  // namespace

BlurKernel bell_kernel(int64_t radius, double a, double b, double angle, double beta, bool plateau) {
  require(radius >= 0 && a > 0 && b > 0 && beta > 0, "a blur of radius ", radius, ", deviations ", a, " and ", b, ", power ", beta);
  const double c = std::cos(angle), s = std::sin(angle);
  return kernel_of(radius, [=](double x, double y) {
    const double u = (c * x + s * y) / a, v = (c * y - s * x) / b, d = std::pow(u * u + v * v, beta);
    return plateau ? 1 / (1 + d) : std::exp(-d / 2);
  });
}

BlurKernel low_pass_kernel(int64_t radius, double cutoff) {
  require(radius >= 0 && cutoff > 0 && cutoff <= pi, "a low-pass of radius ", radius, " and cutoff ", cutoff);
  return kernel_of(radius, [=](double x, double y) {
    const double r = std::hypot(x, y);
    return r == 0 ? cutoff * cutoff / (4 * pi) : cutoff * std::cyl_bessel_j(1.0, cutoff * r) / (2 * pi * r);
  });
}

Image convolved(const Image& image, const BlurKernel& kernel) {
  constexpr int64_t kChunk = 32;   // numbers of a row whose sums stay in registers
  const int64_t r = kernel.radius, h = image.height, w = image.width, channels = image.channels, row = (w + 2 * r) * channels;
  std::vector<float> wide(size_t((h + 2 * r) * row + kChunk));   // with its borders, and what the last chunk reads too much
  for (int64_t y = -r; y < h + r; ++y)
    for (int64_t x = -r; x < w + r; ++x)
      std::copy_n(&image.values[size_t((mirrored_place(y, h) * w + mirrored_place(x, w)) * channels)], channels, &wide[size_t((y + r) * row + (x + r) * channels)]);
  Image out{h, w, channels, std::vector<float>(image.values.size())};
  for (int64_t y = 0; y < h; ++y)
    for (int64_t first = 0; first < w * channels; first += kChunk) {
      float sums[kChunk] = {};
      for (int64_t dy = 0; dy <= 2 * r; ++dy)
        for (int64_t dx = 0; dx <= 2 * r; ++dx) {
          const float weight = kernel.weights[size_t(dy * (2 * r + 1) + dx)];
          const float* const from = &wide[size_t((y + dy) * row + dx * channels + first)];
          for (int64_t i = 0; i < kChunk; ++i) sums[i] += weight * from[i];
        }
      std::copy_n(sums, std::min(kChunk, w * channels - first), &out.values[size_t(y * w * channels + first)]);
    }
  return out;
}

Image really_degraded(const Image& high, int64_t scale, Random& random) {
  const double height = double(high.height / scale), width = double(high.width / scale);
  Image x = convolved(high, drawn_kernel(kFirst, random));
  x = with_noise(rescaled(x, kFirst, double(high.height), double(high.width), random), kFirst, random);
  x = compressed(x, random);
  if (random.chance(kSecond.blurred)) x = convolved(x, drawn_kernel(kSecond, random));
  x = with_noise(rescaled(x, kSecond, height, width, random), kSecond, random);
  const bool compressed_first = random.chance(0.5);
  if (compressed_first) x = compressed(x, random);
  x = scaled(x, int64_t(height), int64_t(width), random);
  if (random.chance(kLastLowPass)) x = convolved(x, drawn_low_pass(3 + random.below(8), random));
  if (!compressed_first) x = compressed(x, random);
  for (float& v : x.values) v = std::clamp(v, -1.0f, 1.0f);
  return x;
}

}  // namespace ganymede::data
