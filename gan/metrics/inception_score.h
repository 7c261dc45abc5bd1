// Inception score (Salimans et al. 2016, arXiv 1606.03498): exp E_x KL(p(y|x) || p(y)), p(y) the mean over the split.
#pragma once
#include "gan/metrics/kid.h"

namespace ganymede::metrics {

// Over consecutive splits of equal size (a rest is left out), natural logarithms, 0 log 0 = 0; mean and deviation (divisor n) over
// the splits. Between 1 and the number of classes. Rows are probabilities: each sums to 1 within 1e-3, else Error. Throws
// Error when there are fewer rows than splits.
Spread inception_score(const Rows& probabilities, int splits = 10);

}  // namespace ganymede::metrics
