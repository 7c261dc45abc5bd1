#include "gan/run/series.h"

#include <algorithm>
#include <cmath>

namespace ganymede::run {

const double* find_anywhere(const StatsLine& line, const std::string& name) {
  const double* value = find(line.values, name);
  return value != nullptr ? value : find(line.time, name);
}

SeriesGroup make_series(const std::vector<StatsLine>& lines, const std::vector<std::string>& names,
                        std::size_t most_points) {
  SeriesGroup group;
  const std::size_t stride = std::max<std::size_t>(1, (lines.size() + most_points - 1) / most_points);
  // An average over about a fortieth of the run: short enough to show a turn, long enough to calm the noise.
  const double keep = 1 - 1 / std::max(1.0, static_cast<double>(lines.size()) / 40);
  for (std::size_t first = 0; first < lines.size(); first += stride)
    group.iterations.push_back(
        static_cast<double>(lines[std::min(first + stride, lines.size()) - 1].iteration));
  for (const std::string& name : names) {
    Series series{name, {}, {}};
    double sum = 0, weight = 0;
    for (std::size_t first = 0; first < lines.size(); first += stride) {
      Series::Point point{0, HUGE_VAL, -HUGE_VAL, 0};
      int count = 0;
      bool broken = false;
      for (std::size_t i = first; i < std::min(first + stride, lines.size()); ++i) {
        const double* value = find_anywhere(lines[i], name);
        if (value == nullptr) continue;
        if (!std::isfinite(*value)) {
          broken = true;
          continue;
        }
        ++count;
        point.mean += *value;
        point.low = std::min(point.low, *value);
        point.high = std::max(point.high, *value);
        sum = keep * sum + (1 - keep) * *value;
        weight = keep * weight + (1 - keep);
      }
      series.broken.push_back(broken);
      series.points.emplace_back();
      if (count == 0) continue;
      point.mean /= count;
      point.smooth = sum / weight;
      series.points.back() = point;
      if (point.low <= 0) group.positive = false;
    }
    group.series.push_back(std::move(series));
  }
  return group;
}

}  // namespace ganymede::run
