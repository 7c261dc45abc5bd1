#pragma once

#include <string>
#include <vector>

#include "gan/run/stats.h"

namespace ganymede::run {

// The report's section of curves: one chart for each group of values that belong together (losses by update,
// a discriminator's answers, gradient norms, step sizes, speed, the rest). "" when there is none.
std::string charts_section(const std::vector<StatsLine>& lines);

}  // namespace ganymede::run
