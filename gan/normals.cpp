#include "gan/normals.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/dataset.h"

namespace ganymede {
namespace {

constexpr int64_t kPictures = 200, kEvery = 4, kRounds = 20;

double dot(const double* a, const double* b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

// Divides by the length; false where that is 0.
bool make_unit(double* v) {
  const double length = std::sqrt(dot(v, v));
  if (length < 1e-9) return false;
  for (int i = 0; i < 3; ++i) v[i] /= length;
  return true;
}

}  // namespace

Tensor unit_normals(const Tensor& x) { return x / norm(x, {-1}, true, 1e-30); }

Tensor resized_normals(const Tensor& n, int64_t side) {
  if (n.dim(1) == side && n.dim(2) == side) return n;
  return unit_normals(resize(n, side, side, Interpolation::linear));
}

std::vector<double> cluster_normals(std::span<const float> vectors, int64_t count) {
  std::vector<double> unit;
  for (size_t i = 0; i + 2 < vectors.size(); i += 3) {
    double v[3] = {vectors[i], vectors[i + 1], vectors[i + 2]};
    if (make_unit(v)) unit.insert(unit.end(), v, v + 3);
  }
  const size_t n = unit.size() / 3;
  require(n > 0, "no normals to cluster");
  // Each next centre is the vector whose nearest one so far is farthest.
  std::vector<double> centres(unit.begin(), unit.begin() + 3), nearest(n, -2);
  for (int64_t k = 1; k < count; ++k) {
    size_t farthest = 0;
    for (size_t i = 0; i < n; ++i) {
      nearest[i] = std::max(nearest[i], dot(&unit[3 * i], &centres[size_t(3 * (k - 1))]));
      if (nearest[i] < nearest[farthest]) farthest = i;
    }
    require(nearest[farthest] < 1 - 1e-6, "the normals have ", k, " directions, of which ", count, " words cannot be made");
    centres.insert(centres.end(), unit.begin() + std::ptrdiff_t(3 * farthest), unit.begin() + std::ptrdiff_t(3 * farthest + 3));
  }
  for (int64_t round = 0; round < kRounds; ++round) {
    std::vector<double> sum(centres.size());
    for (size_t i = 0; i < n; ++i) {
      size_t best = 0;
      for (size_t k = 1; k < size_t(count); ++k)
        if (dot(&unit[3 * i], &centres[3 * k]) > dot(&unit[3 * i], &centres[3 * best])) best = k;
      for (size_t j = 0; j < 3; ++j) sum[3 * best + j] += unit[3 * i + j];
    }
    for (size_t k = 0; k < size_t(count); ++k)
      if (make_unit(&sum[3 * k])) std::copy_n(&sum[3 * k], 3, &centres[3 * k]);
  }
  return centres;
}

Tensor NormalWords::nearest(const Tensor& normals) const {
  return argmax(matmul(reshape(normals, std::vector<int64_t>{-1, 3}), centres, false, true), 1);
}

Tensor NormalWords::meant(const Tensor& logits) const { return unit_normals(matmul(softmax(logits), centres)); }

NormalWords keep_normal_words(Recipe& r, const Config& c, const std::string& field, int64_t count) {
  const NormalWords words{r.keep("words", zeros({count, 3}))};
  if (!c.trains || !c.data.read || is_plan(context().device)) return words;
  std::vector<float> vectors;
  const int64_t pictures = std::min(kPictures, c.data.count);
  for (int64_t i = 0; i < pictures; ++i) {
    const data::HostBatch one = c.data.read({i * c.data.count / pictures});
    const auto v = one.real(field);
    for (int64_t y = 0; y < c.data.size; y += kEvery)
      for (int64_t x = 0; x < c.data.width; x += kEvery) vectors.insert(vectors.end(), v.begin() + 3 * (y * c.data.width + x), v.begin() + 3 * (y * c.data.width + x) + 3);
  }
  assign(words.centres, tensor(cluster_normals(vectors, count), words.centres.shape(), words.centres.dtype(), words.centres.device()));
  return words;
}

}  // namespace ganymede
