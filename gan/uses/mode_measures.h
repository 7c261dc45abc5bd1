// Measures of maps between two mixtures of points: which modes of one land on which modes of the other.
#pragma once
#include "gan/recipe.h"

namespace ganymede {

using PointMap = std::function<Tensor(const Tensor& points)>;

// On data with the fields a, b [n, D] and their modes label, label_b: modes-shared, the pairs of modes of a that meet on a mode of b (each
// with at least 5 % of its points nearest to it; 0 is best); on-mode, the share of to_b(a) within three deviations of a mode of b; modes-met,
// the modes of b that are nearest to at least 1 % of to_b(a); returned, the share of a that to_a(to_b(a)) brings nearest to its own mode.
std::vector<Measure> mode_map_measures(const PointMap& to_b, const PointMap& to_a);

}  // namespace ganymede
