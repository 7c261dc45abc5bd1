// How well a score tells two kinds apart.
#pragma once
#include <vector>

namespace ganymede::metrics {

// Area under the ROC curve: the probability that one of `positive` has a higher score than one of `negative`, equal ones counting half; 0.5 is chance.
// Not a number where either has none.
double auroc(const std::vector<double>& negative, const std::vector<double>& positive);
// The least score that at most the share `above` of the scores exceed; not a number without scores.
double exceeded_by(std::vector<double> scores, double above);

}  // namespace ganymede::metrics
