#include "gan/uses/outstanding.h"

#include <algorithm>
#include <cmath>

namespace ganymede {
namespace {

// Which pixels of a picture stand out: farther than 0.5 from the picture's median colour.
std::vector<bool> outstanding(const std::vector<float>& v, int64_t channels) {
  const size_t n = v.size() / size_t(channels);
  std::vector<double> far(n);
  for (int64_t c = 0; c < channels; ++c) {
    std::vector<float> all(n);
    for (size_t i = 0; i < n; ++i) all[i] = v[i * size_t(channels) + size_t(c)];
    const std::vector<float> unsorted = all;
    std::nth_element(all.begin(), all.begin() + int64_t(n / 2), all.end());
    for (size_t i = 0; i < n; ++i) far[i] += std::pow(double(unsorted[i]) - double(all[n / 2]), 2);
  }
  std::vector<bool> out(n);
  for (size_t i = 0; i < n; ++i) out[i] = far[i] > 0.25;
  return out;
}

// Dilated and then eroded by a square of 5 pixels: stripes of the ground's own colour belong to the object that they run through.
std::vector<bool> closed(const std::vector<bool>& mask, int64_t height, int64_t width) {
  const auto grown = [&](const std::vector<bool>& m, bool what) {
    std::vector<bool> out = m;
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x)
        for (int64_t v = std::max<int64_t>(0, y - 2); v <= std::min(height - 1, y + 2); ++v)
          for (int64_t u = std::max<int64_t>(0, x - 2); u <= std::min(width - 1, x + 2); ++u)
            if (m[size_t(v * width + u)] == what) out[size_t(y * width + x)] = what;
    return out;
  };
  return grown(grown(mask, true), false);
}

}  // namespace

std::vector<bool> what_stands_out(const Tensor& x, int64_t i) { return closed(outstanding(x.rows(i, i + 1).to_floats(), x.dim(3)), x.dim(1), x.dim(2)); }

std::optional<std::array<double, 2>> middle_of(const std::vector<bool>& mask, int64_t width) {
  double x = 0, y = 0, n = 0;
  for (size_t k = 0; k < mask.size(); ++k)
    if (mask[k]) x += double(int64_t(k) % width), y += double(int64_t(k) / width), n += 1;
  if (n == 0) return {};
  return std::array{x / n, y / n};
}

double moved(const Tensor& x, const Tensor& y) {
  double all = 0;
  for (int64_t i = 0; i < x.dim(0); ++i) {
    const auto p = middle_of(what_stands_out(x, i), x.dim(2)), q = middle_of(what_stands_out(y, i), x.dim(2));
    all += p && q ? std::hypot((*p)[0] - (*q)[0], (*p)[1] - (*q)[1]) / double(x.dim(2)) : 1;
  }
  return all;
}

}  // namespace ganymede
