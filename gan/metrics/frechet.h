// Frechet distance between two Gaussians (Frechet 1957; as FID: Heusel et al. 2017, arXiv 1706.08500):
//   d = |m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^1/2)
#pragma once
#include "gan/metrics/rows.h"

namespace ganymede::metrics {

// Mean [width] and covariance [width, width], divisor count - 1, in double.
struct Gaussian {
  int64_t width = 0;
  std::vector<double> mean, covariance;
};

// Two passes: the mean first. Throws Error for fewer than two rows or numbers that are not finite.
Gaussian gaussian_of(const Rows& rows);
// Natural logarithm of the covariance's determinant; not a number where it is singular.
double log_determinant(const Gaussian& g);

// Tr (S1 S2)^1/2 = sum of sqrt(max(0, eigenvalues of R S2 R)) with R = S1^1/2 from the symmetric eigensolver, negative
// eigenvalues of S1 taken as 0; well defined for singular covariances, never below 0 by more than rounding.
double frechet_distance(const Gaussian& a, const Gaussian& b);

// The same without covariances: Tr (S1 S2)^1/2 is the sum of the singular values of A1 A2^T, A the centred rows divided by
// sqrt(count - 1). Exact, and cheaper when there are fewer rows than columns.
double frechet_distance_of_few(const Rows& a, const Rows& b);

// Of two samples, by whichever of the two ways is cheaper.
double frechet_distance(const Rows& a, const Rows& b);

}  // namespace ganymede::metrics
