#include "gan/data/rain.h"

#include <algorithm>
#include <cmath>

namespace ganymede::data {
namespace {

constexpr double kLeastStreaks = 80, kMostStreaks = 160;
constexpr double kMostSlant = 0.5, kGust = 0.06;  // radians from upright: of the whole picture, and of a streak beside the others
constexpr double kShortest = 0.08, kLongest = 0.22, kThinnest = 0.008, kWidest = 0.02;
constexpr double kFaintest = 0.5, kBrightest = 1;  // how much of a streak's white is seen

// Blends a streak from (x, y) along the unit vector (dx, dy) into the picture; lengths in pixels, edges softened over a pixel.
void draw_streak(Image& image, double x, double y, double dx, double dy, double length, double width, double opacity) {
  const double reach = width / 2 + 1;
  const auto bound = [](double v, int64_t side) { return std::clamp<int64_t>(std::llround(v), 0, side); };
  const int64_t top = bound(y - reach, image.height), bottom = bound(y + dy * length + reach + 1, image.height);
  const int64_t left = bound(std::min(x, x + dx * length) - reach, image.width), right = bound(std::max(x, x + dx * length) + reach + 1, image.width);
  for (int64_t row = top; row < bottom; ++row) {
    for (int64_t column = left; column < right; ++column) {
      const double px = double(column) + 0.5 - x, py = double(row) + 0.5 - y;
      const double along = std::clamp(px * dx + py * dy, 0.0, length);
      const double seen = opacity * std::clamp(0.5 + width / 2 - std::hypot(px - along * dx, py - along * dy), 0.0, 1.0);
      float* pixel = &image.values[size_t((row * image.width + column) * image.channels)];
      for (int64_t c = 0; c < image.channels; ++c) pixel[c] += (1 - pixel[c]) * float(seen);
    }
  }
}

}  // namespace

Image rained_on(Image image, Random& random) {
  const double side = double(std::min(image.height, image.width)), slant = random.uniform(-kMostSlant, kMostSlant);
  const int64_t streaks = std::llround(random.uniform(kLeastStreaks, kMostStreaks) * double(image.height * image.width) / (side * side));
  for (int64_t i = 0; i < streaks; ++i) {
    const double angle = slant + random.uniform(-kGust, kGust), length = side * random.uniform(kShortest, kLongest);
    const double x = random.uniform(0, double(image.width)), y = random.uniform(-length, double(image.height));
    const double width = side * random.uniform(kThinnest, kWidest), opacity = random.uniform(kFaintest, kBrightest);
    draw_streak(image, x, y, std::sin(angle), std::cos(angle), length, width, opacity);
  }
  return image;
}

}  // namespace ganymede::data
