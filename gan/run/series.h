#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gan/run/stats.h"

namespace ganymede::run {

// One curve, thinned to what a chart can show. Each point stands for a few neighbouring log steps; nothing
// where none of them has a finite value.
struct Series {
  struct Point {
    double mean, low, high;
    double smooth;  // debiased exponential average up to the end of the point
  };
  std::string name;
  std::vector<std::optional<Point>> points;
  std::vector<bool> broken;  // by point: some value was not finite
};

struct SeriesGroup {
  std::vector<double> iterations;  // by point
  std::vector<Series> series;
  bool positive = true;  // all finite values > 0, so a logarithmic axis can show them
};

// The named values of `lines` ("time" fields too, after the others) as curves of at most `most_points`
// points.
SeriesGroup make_series(const std::vector<StatsLine>& lines, const std::vector<std::string>& names,
                        std::size_t most_points);

// `name` among the values, else among the time fields; or nullptr.
const double* find_anywhere(const StatsLine& line, const std::string& name);

}  // namespace ganymede::run
