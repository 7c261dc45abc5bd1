// Precision and recall by nearest neighbours (Kynkaanniemi et al. 2019, arXiv 1904.06991), density and coverage (Naeem et al. 2020,
// arXiv 2002.09797). Each point owns the ball that reaches to its k-th nearest neighbour in its own set.
#pragma once
#include "gan/metrics/rows.h"

namespace ganymede::metrics {

struct PrecisionRecall {
  double precision = 0;  // share of fakes inside some real's ball
  double recall = 0;     // share of reals inside some fake's ball
};
// Euclidean distances; a point on the sphere counts as inside. Throws Error unless both sets have more than k rows.
PrecisionRecall precision_recall(const Rows& real, const Rows& fake, int k = 3);

struct DensityCoverage {
  double density = 0;    // reals' balls that a fake lies in, on average, divided by k; may exceed 1
  double coverage = 0;   // share of reals with a fake inside their ball
};
DensityCoverage density_coverage(const Rows& real, const Rows& fake, int k = 5);

// How realistic each fake is: max over reals of radius / distance, without the half of the reals whose balls are largest.
std::vector<double> realism(const Rows& real, const Rows& fake, int k = 3);

// Distance of each of `from` to the nearest of `to`, and which that is: shows whether samples repeat training pictures.
struct Nearest {
  std::vector<double> distance;
  std::vector<int64_t> index;
};
Nearest nearest(const Rows& from, const Rows& to);

}  // namespace ganymede::metrics
