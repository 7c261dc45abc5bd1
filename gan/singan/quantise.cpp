#include "gan/singan/quantise.h"

#include <algorithm>
#include <limits>

#include "engine/ops.h"

namespace ganymede::singan {
namespace {

constexpr int kRounds = 100;  // of k-means, at most

}  // namespace

Palette palette_of(const Tensor& picture, int count) {
  const std::vector<double> v = picture.to_doubles();
  const auto c = size_t(picture.dim(3)), pixels = v.size() / c;
  const auto distance = [&](size_t pixel, const std::vector<double>& m) {
    double d = 0;
    for (size_t j = 0; j < c; ++j) d += (v[pixel * c + j] - m[j]) * (v[pixel * c + j] - m[j]);
    return d;
  };
  const auto colour = [&](size_t pixel) { return std::vector<double>(v.begin() + int64_t(pixel * c), v.begin() + int64_t(pixel * c + c)); };
  // Begins with colours far from one another: the first pixel, then always the pixel farthest from those chosen.
  std::vector<std::vector<double>> means{colour(0)};
  std::vector<double> nearest(pixels, std::numeric_limits<double>::max());
  while (int(means.size()) < count) {
    for (size_t i = 0; i < pixels; ++i) nearest[i] = std::min(nearest[i], distance(i, means.back()));
    const auto farthest = std::max_element(nearest.begin(), nearest.end());
    if (*farthest == 0) break;
    means.push_back(colour(size_t(farthest - nearest.begin())));
  }
  std::vector<size_t> of(pixels, means.size());
  for (int round = 0; round < kRounds; ++round) {
    bool changed = false;
    std::vector<std::vector<double>> sums(means.size(), std::vector<double>(c));
    std::vector<size_t> counts(means.size());
    for (size_t i = 0; i < pixels; ++i) {
      size_t best = 0;
      for (size_t k = 1; k < means.size(); ++k)
        if (distance(i, means[k]) < distance(i, means[best])) best = k;
      changed |= best != of[i], of[i] = best, ++counts[best];
      for (size_t j = 0; j < c; ++j) sums[best][j] += v[i * c + j];
    }
    if (!changed) break;
    for (size_t k = 0; k < means.size(); ++k)
      for (size_t j = 0; j < c && counts[k]; ++j) means[k][j] = sums[k][j] / double(counts[k]);
  }
  Palette palette;
  for (const auto& m : means) palette.push_back(tensor(m, {1, 1, 1, int64_t(c)}, picture.dtype(), picture.device()));
  return palette;
}

Tensor quantised(const Tensor& x, const Palette& palette) {
  Tensors distances;
  for (const Tensor& colour : palette) distances.push_back(sum(square(sub(x, colour)), {3}, true));
  const Tensor all = concat(distances, 3), chosen = equal(all, min(all, {3}, true));
  const Tensor share = div(chosen, sum(chosen, {3}, true));
  Tensor y;
  for (size_t k = 0; k < palette.size(); ++k) {
    const Tensor part = mul(slice(share, 3, int64_t(k), int64_t(k) + 1), palette[k]);
    y = y ? add(y, part) : part;
  }
  return y;
}

}  // namespace ganymede::singan
