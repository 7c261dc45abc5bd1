// What `ganymede evaluate` prints.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gan/metrics/evaluation.h"

namespace ganymede::apps {

using Facts = std::vector<std::pair<std::string, std::string>>;   // what the table stands on, by name

struct Line {
  metrics::Reading reading;
  std::optional<double> real;   // what real pictures get
};

// The facts, then a line a reading; floor: with a column of what real pictures get.
std::string as_table(const Facts& facts, const std::vector<Line>& lines, bool floor);
// The facts as members, and "measures": [{name, value, deviation, real, convention}]. Numbers that are not finite are null.
std::string as_json(const Facts& facts, const std::vector<Line>& lines);

}  // namespace ganymede::apps
