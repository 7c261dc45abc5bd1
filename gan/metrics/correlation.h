// How two series of numbers go together.
#pragma once
#include <vector>

namespace ganymede::metrics {

// Pearson's correlation of x and y, equally long; -1 to 1, 0 where either does not vary.
double correlation(const std::vector<double>& x, const std::vector<double>& y);

}  // namespace ganymede::metrics
