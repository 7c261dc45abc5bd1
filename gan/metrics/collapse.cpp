#include "gan/metrics/collapse.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/check.h"
#include "gan/data/random.h"

namespace ganymede::metrics {
namespace {

std::vector<std::vector<int64_t>> by_class(const std::vector<int64_t>& labels, int64_t classes) {
  std::vector<std::vector<int64_t>> members(static_cast<size_t>(classes));
  for (size_t i = 0; i < labels.size(); ++i) {
    require(labels[i] >= 0 && labels[i] < classes, "label ", labels[i], " of sample ", i, ": there are ", classes, " classes");
    members[size_t(labels[i])].push_back(int64_t(i));
  }
  return members;
}

double total_variance(const Rows& x, const std::vector<int64_t>& which) {
  double sum = 0;
  for (int64_t k = 0; k < x.width; ++k) {
    double mean = 0, square = 0;
    for (const int64_t i : which) mean += double(x.row(i)[size_t(k)]) / double(which.size());
    for (const int64_t i : which) square += (x.row(i)[size_t(k)] - mean) * (x.row(i)[size_t(k)] - mean);
    sum += square / double(which.size() - 1);
  }
  return sum;
}

}  // namespace

std::vector<double> shares(const std::vector<int64_t>& labels, int64_t classes) {
  require(!labels.empty(), "shares of classes among no samples");
  std::vector<double> out;
  for (const auto& members : by_class(labels, classes)) out.push_back(double(members.size()) / double(labels.size()));
  return out;
}

ClassCoverage class_coverage(const std::vector<int64_t>& labels, int64_t classes, const std::vector<double>& expected) {
  require(expected.empty() || int64_t(expected.size()) == classes, "class coverage: shares of ", expected.size(), " classes, labels of ", classes);
  ClassCoverage c;
  c.share = shares(labels, classes);
  c.smallest = *std::min_element(c.share.begin(), c.share.end());
  for (size_t k = 0; k < c.share.size(); ++k) {
    c.covered += c.share[k] >= 0.3 / double(classes);
    c.off += std::abs(c.share[k] - (expected.empty() ? 1 / double(classes) : expected[k])) / 2;
  }
  return c;
}

ClassDiversity class_diversity(const Rows& real, const std::vector<int64_t>& real_labels, const Rows& fake, const std::vector<int64_t>& fake_labels, int64_t classes) {
  require(real.width == fake.width && int64_t(real_labels.size()) == real.count && int64_t(fake_labels.size()) == fake.count, "class diversity: ", real.count, " real rows of ", real.width, " with ",
          real_labels.size(), " labels, ", fake.count, " generated rows of ", fake.width, " with ", fake_labels.size());
  const auto reals = by_class(real_labels, classes), fakes = by_class(fake_labels, classes);
  ClassDiversity out;
  out.ratio.assign(size_t(classes), std::numeric_limits<double>::quiet_NaN());
#pragma omp parallel for schedule(dynamic)
  for (size_t k = 0; k < reals.size(); ++k) {
    if (reals[k].size() < 2 || fakes[k].size() < 2) continue;
    const double of_real = total_variance(real, reals[k]);
    if (of_real > 0) out.ratio[k] = total_variance(fake, fakes[k]) / of_real;
  }
  double sum = 0, n = 0;
  out.least = std::numeric_limits<double>::infinity();
  for (const double r : out.ratio)
    if (!std::isnan(r)) sum += r, ++n, out.least = std::min(out.least, r);
  out.mean = sum / n;
  if (n == 0) out.least = out.mean;
  return out;
}

std::vector<std::pair<int64_t, int64_t>> pairs_in_classes(const std::vector<int64_t>& labels, int64_t classes, int64_t pairs, uint64_t seed) {
  std::vector<std::pair<int64_t, int64_t>> out;
  const auto members = by_class(labels, classes);
  for (size_t k = 0; k < members.size(); ++k) {
    const int64_t n = int64_t(members[k].size());
    if (n < 2) continue;
    data::Random random(seed, k);
    for (int64_t i = 0; i < pairs; ++i) {
      const int64_t a = random.below(n), b = (a + 1 + random.below(n - 1)) % n;
      out.emplace_back(members[k][size_t(a)], members[k][size_t(b)]);
    }
  }
  return out;
}

}  // namespace ganymede::metrics
