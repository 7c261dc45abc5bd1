#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gan/run/stats.h"

namespace ganymede::run {

struct Chart {
  std::string title;
  std::string caption;             // a sentence: what it shows, how to read it
  std::vector<std::string> names;  // of the values it shows
  bool unit_interval = false;      // the values are probabilities: the axis is 0 to 1
  std::optional<double> guide;     // a dashed line at this value
};

// A <figure> with the chart as SVG: the smoothed curves over the faint raw ones, on a linear and, where all
// values are positive, a logarithmic axis, and the data that the page's script needs for the readout. Empty
// when no line has any of the values.
std::string draw_chart(const Chart& chart, const std::vector<StatsLine>& lines);

}  // namespace ganymede::run
