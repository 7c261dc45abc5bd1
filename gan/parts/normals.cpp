#include "gan/parts/normals.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/dataset.h"
#include "gan/data/random.h"
#include "gan/nets/style_structure.h"

namespace ganymede {
namespace {

constexpr int64_t kPictures = 200, kPixels = 256;   // that k-means sees: pictures, and pixels of each
constexpr int kRounds = 25;

// Directions on a spiral over the half with z > 0.
std::vector<double> spread_directions(int64_t count) {
  std::vector<double> v;
  for (int64_t i = 0; i < count; ++i) {
    const double z = 1 - (double(i) + 0.5) / double(count), r = std::sqrt(1 - z * z), turn = double(i) * std::numbers::pi * (3 - std::sqrt(5.0));
    v.insert(v.end(), {r * std::cos(turn), r * std::sin(turn), z});
  }
  return v;
}

std::vector<double> normals_of(const DataFacts& data, const std::string& field) {
  const int64_t pictures = std::min(kPictures, data.count);
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < pictures; ++i) rows.push_back(i * data.count / pictures);
  const data::HostBatch read = data.read(rows);
  const auto values = read.real(field);
  const int64_t pixels = int64_t(values.size()) / 3, taken = std::min(pixels, kPixels * pictures);
  std::vector<double> v;
  for (int64_t i = 0; i < taken; ++i) {
    const size_t at = size_t(i * pixels / taken) * 3;
    const double length = std::hypot(values[at], values[at + 1], values[at + 2]);
    if (length > 1e-3)
      for (size_t k = 0; k < 3; ++k) v.push_back(values[at + k] / length);
  }
  return v;
}

}  // namespace

namespace parts {

std::vector<double> spherical_means(const std::vector<double>& vectors, int64_t count) {
  const size_t n = vectors.size() / 3, words = size_t(count);
  require(n > 0, "no normals to find words for");
  const auto dot = [](const double* a, const double* b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; };
  // k-means++: each word is drawn in proportion to 1 - cosine from the nearest before it.
  data::Random random(1);
  std::vector<double> found, apart(n, 1);
  while (found.size() < 3 * words) {
    double total = 0;
    for (const double a : apart) total += a;
    double left = random.uniform() * total;
    size_t pick = 0;
    while (pick + 1 < n && left >= apart[pick]) left -= apart[pick++];
    found.insert(found.end(), &vectors[3 * pick], &vectors[3 * pick] + 3);
    const double* const word = &found[found.size() - 3];
    for (size_t i = 0; i < n; ++i) apart[i] = std::min(apart[i], std::max(0.0, 1 - dot(&vectors[3 * i], word)));
  }
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> sums(3 * words, 0);
    for (size_t i = 0; i < n; ++i) {
      size_t best = 0;
      for (size_t w = 1; w < words; ++w)
        if (dot(&vectors[3 * i], &found[3 * w]) > dot(&vectors[3 * i], &found[3 * best])) best = w;
      for (size_t k = 0; k < 3; ++k) sums[3 * best + k] += vectors[3 * i + k];
    }
    // A word that nothing is near stays where it is.
    for (size_t w = 0; w < words; ++w)
      if (const double length = std::sqrt(dot(&sums[3 * w], &sums[3 * w])); length > 1e-9)
        for (size_t k = 0; k < 3; ++k) found[3 * w + k] = sums[3 * w + k] / length;
  }
  return found;
}

}  // namespace parts

Tensor resized_normals(const Tensor& normals, int64_t height, int64_t width) {
  if (normals.dim(1) == height && normals.dim(2) == width) return normals;
  return nets::unit_vectors(resize(normals, height, width, Interpolation::linear, false, true));
}

Tensor keep_normal_words(Recipe& r, const Config& c, const std::string& field, int64_t count) {
  const bool found = c.trains && c.data.read && !is_plan(context().device);
  return r.keep("words", tensor(found ? parts::spherical_means(normals_of(c.data, field), count) : spread_directions(count), Shape{count, 3}, context().dtype, context().device));
}

Tensor nearest_words(const Tensor& normals, const Tensor& words) { return argmax(matmul(normals, cast(words, normals.dtype()), false, true), 3); }

}  // namespace ganymede
