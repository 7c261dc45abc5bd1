#include "gan/data/mask.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"

namespace ganymede::data {
namespace {

std::vector<float> dilated(const std::vector<float>& mask, int64_t height, int64_t width, double radius) {
  const auto reach = static_cast<int64_t>(std::floor(radius));
  std::vector<float> out(mask.size());
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      if (mask[static_cast<size_t>(y * width + x)] == 0) continue;
      for (int64_t v = std::max<int64_t>(0, y - reach); v <= std::min(height - 1, y + reach); ++v) {
        const auto half = static_cast<int64_t>(std::floor(std::sqrt(radius * radius - static_cast<double>((v - y) * (v - y)))));
        const auto row = out.begin() + v * width;
        std::fill(row + std::max<int64_t>(0, x - half), row + std::min(width - 1, x + half) + 1, 1.0f);
      }
    }
  }
  return out;
}

// Along lines whose elements lie `step` apart.
std::vector<float> blurred(const std::vector<float>& in, int64_t lines, int64_t line_step, int64_t length, int64_t step, double sigma) {
  const auto reach = static_cast<int64_t>(std::lround(4 * sigma));
  std::vector<double> kernel;
  double total = 0;
  for (int64_t k = -reach; k <= reach; ++k) {
    const double t = static_cast<double>(k) / sigma;
    kernel.push_back(std::exp(-t * t / 2));
    total += kernel.back();
  }
  std::vector<float> out(in.size());
  for (int64_t line = 0; line < lines; ++line) {
    for (int64_t i = 0; i < length; ++i) {
      double sum = 0;
      for (int64_t k = -reach; k <= reach; ++k) {
        const int64_t at = std::clamp<int64_t>(i + k, 0, length - 1);
        sum += kernel[static_cast<size_t>(k + reach)] * in[static_cast<size_t>(line * line_step + at * step)];
      }
      out[static_cast<size_t>(line * line_step + i * step)] = static_cast<float>(sum / total);
    }
  }
  return out;
}

}  // namespace

std::vector<float> soft_mask(const Picture& mask, double radius, double sigma) {
  const Picture grey = with_channels(mask, 1);
  std::vector<float> m;
  for (const uint8_t p : grey.pixels) m.push_back(p > 127 ? 1.0f : 0.0f);
  if (std::none_of(m.begin(), m.end(), [](float x) { return x > 0; }))
    throw UsageError("the mask is black everywhere: paint white what may change");
  m = dilated(m, mask.height, mask.width, radius);
  if (sigma > 0) {
    m = blurred(m, mask.height, mask.width, mask.width, 1, sigma);
    m = blurred(m, mask.width, 1, mask.height, mask.width, sigma);
  }
  const auto [least, most] = std::minmax_element(m.begin(), m.end());
  const float low = *least, range = *most - *least;
  for (float& x : m) x = range > 0 ? (x - low) / range : 1.0f;
  return m;
}

}  // namespace ganymede::data
