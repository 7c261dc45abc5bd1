#include "gan/metrics/ranking.h"

#include <algorithm>
#include <cmath>

namespace ganymede::metrics {

double auroc(const std::vector<double>& negative, const std::vector<double>& positive) {
  if (negative.empty() || positive.empty()) return std::nan("");
  std::vector<double> sorted = negative;
  std::sort(sorted.begin(), sorted.end());
  double won = 0;
  for (const double p : positive) {
    const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), p);
    won += double(first - sorted.begin()) + 0.5 * double(last - first);
  }
  return won / (double(negative.size()) * double(positive.size()));
}

double exceeded_by(std::vector<double> scores, double above) {
  if (scores.empty()) return std::nan("");
  std::sort(scores.begin(), scores.end());
  const auto beyond = size_t(std::floor(above * double(scores.size()) + 1e-9));
  return scores[scores.size() - 1 - std::min(beyond, scores.size() - 1)];
}

}  // namespace ganymede::metrics
