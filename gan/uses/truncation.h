// Truncated noise, and what it trades.
#pragma once
#include <vector>

#include "gan/data/random.h"
#include "gan/use.h"

namespace ganymede {

// `count` numbers of a standard normal distribution, each redrawn until its size is at most the threshold, which is above 0 (Brock et al. 2019, section 3.1).
std::vector<double> truncated_normal(int64_t count, double threshold, data::Random& random);

// The trade of fidelity for variety, at thresholds from none ("inf") down, for models of normal noise and labels: agreement-at-T, the share of samples that show the class asked
// for (which the program's classifier says), and variety-at-T, the mean squared distance of two samples of a class over that of two test pictures of a class.
std::vector<Measure> truncation_curve(const Latent& latent);

}  // namespace ganymede
