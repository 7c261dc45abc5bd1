// Samples of a mixture of Gaussians, whose modes can be counted (the test of Unrolled GAN, VEEGAN and PacGAN).
#pragma once
#include "gan/data/mixture.h"
#include "gan/metrics/rows.h"

namespace ganymede::metrics {

struct Modes {
  int64_t hit = 0;             // modes with at least one sample within 3 deviations of their centre
  double quality = 0;          // share of samples within 3 deviations of the nearest centre (of true ones: 0.9973 in one dimension,
                               // 0.9889 in two, more where modes overlap)
  double divergence = 0;       // KL(share of modes among those samples || equal shares), natural logarithm; 0 best, log(modes) worst;
                               // NaN when there is no such sample
  std::vector<double> share;   // by mode, among all samples
};

// Each sample counts for its nearest centre. Throws Error when the points' dimension is not the mixture's, or there are none.
Modes count_modes(const Rows& points, const data::Mixture& mixture);

}  // namespace ganymede::metrics
