#include "gan/metrics/perceptual.h"

#include <cmath>

#include "engine/check.h"
#include "gan/metrics/frechet.h"

namespace ganymede::metrics {
namespace {

double length(std::span<const float> v) {
  double sum = 0;
  for (const float x : v) sum += double(x) * x;
  return std::sqrt(sum);
}

void check(const Maps& a, const Maps& b) {
  require(!a.empty() && a.size() == b.size(), "feature maps of ", a.size(), " and ", b.size(), " layers");
  for (size_t l = 0; l < a.size(); ++l)
    require(a[l].count == b[l].count && a[l].width == b[l].width && a[l].count > 0, "feature maps of layer ", l, ": ", a[l].count, " positions of ", a[l].width, " and ", b[l].count, " of ",
            b[l].width, "; the pictures must be of one size");
}

// f(position's row of a, of b, layer), averaged over positions and summed over layers.
template <class F>
double over_layers(const Maps& a, const Maps& b, F f) {
  check(a, b);
  double sum = 0;
  for (size_t l = 0; l < a.size(); ++l) {
    double layer = 0;
    for (int64_t i = 0; i < a[l].count; ++i) layer += f(a[l].row(i), b[l].row(i), l);
    sum += layer / double(a[l].count);
  }
  return sum;
}

}  // namespace

double lpips(const Maps& a, const Maps& b, const std::vector<std::vector<float>>& weights) {
  require(weights.empty() || weights.size() == a.size(), "lpips: weights of ", weights.size(), " layers for maps of ", a.size());
  for (size_t l = 0; l < weights.size(); ++l)
    require(weights[l].size() == size_t(a[l].width), "lpips: ", weights[l].size(), " weights for the ", a[l].width, " channels of layer ", l);
  return over_layers(a, b, [&](std::span<const float> f, std::span<const float> g, size_t layer) {
    const double nf = length(f) + 1e-10, ng = length(g) + 1e-10;
    double sum = 0;
    for (size_t c = 0; c < f.size(); ++c) {
      const double d = f[c] / nf - g[c] / ng;
      sum += (weights.empty() ? 1 : double(weights[layer][c])) * d * d;
    }
    return sum;
  });
}

double cosine_distance(const Maps& a, const Maps& b) {
  return over_layers(a, b, [](std::span<const float> f, std::span<const float> g, size_t) {
    double dot = 0;
    for (size_t c = 0; c < f.size(); ++c) dot += double(f[c]) * g[c];
    return 1 - dot / ((length(f) + 1e-10) * (length(g) + 1e-10));
  });
}

double sifid(const Rows& real_map, const Rows& fake_map) { return frechet_distance(gaussian_of(real_map), gaussian_of(fake_map)); }

}  // namespace ganymede::metrics
