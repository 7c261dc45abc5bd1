#include "gan/metrics/inception_score.h"

#include <cmath>

#include "engine/check.h"

namespace ganymede::metrics {

Spread inception_score(const Rows& p, int splits) {
  require(splits >= 1 && p.count >= splits, "inception score: ", p.count, " samples in ", splits, " splits; it takes at least one a split");
  const int64_t each = p.count / splits, classes = p.width;
  std::vector<double> scores;
  for (int64_t s = 0; s < splits; ++s) {
    std::vector<double> marginal(size_t(classes), 0.0);
    for (int64_t i = s * each; i < (s + 1) * each; ++i) {
      double sum = 0;
      for (int64_t c = 0; c < classes; ++c) {
        const double v = p.row(i)[size_t(c)];
        require(v >= 0, "inception score: probability ", v, " of class ", c, ", sample ", i);
        sum += v, marginal[size_t(c)] += v / double(each);
      }
      require(std::abs(sum - 1) < 1e-3, "inception score: the probabilities of sample ", i, " sum to ", sum);
    }
    double divergence = 0;
    for (int64_t i = s * each; i < (s + 1) * each; ++i)
      for (int64_t c = 0; c < classes; ++c)
        if (const double v = p.row(i)[size_t(c)]; v > 0) divergence += v * (std::log(v) - std::log(marginal[size_t(c)])) / double(each);
    scores.push_back(std::exp(divergence));
  }
  return spread_of(scores);
}

}  // namespace ganymede::metrics
