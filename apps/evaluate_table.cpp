#include "apps/evaluate_table.h"

#include <algorithm>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "gan/run/format.h"

namespace ganymede::apps {
namespace {

std::string number(double value, const std::optional<double>& deviation = {}) {
  return run::short_number(value) + (deviation ? " +- " + run::short_number(*deviation) : "");
}

}  // namespace

std::string as_table(const Facts& facts, const std::vector<Line>& lines, bool floor) {
  std::ostringstream out;
  out << std::left;
  for (const auto& [name, value] : facts) out << std::setw(12) << name << value << "\n";
  size_t longest = 26;
  for (const Line& l : lines) longest = std::max(longest, l.reading.name.size());
  const int names = int(longest) + 2;
  out << "\n" << std::setw(names) << "measure" << std::setw(22) << "value";
  if (floor) out << std::setw(12) << "real data";
  out << "convention\n";
  for (const Line& l : lines) {
    out << std::setw(names) << l.reading.name << std::setw(22) << number(l.reading.value, l.reading.deviation);
    if (floor) out << std::setw(12) << (l.real ? number(*l.real) : "");
    out << l.reading.convention << "\n";
  }
  return out.str();
}

std::string as_json(const Facts& facts, const std::vector<Line>& lines) {
  nlohmann::ordered_json j;
  for (const auto& [name, value] : facts) j[name] = value;
  auto& measures = j["measures"] = nlohmann::ordered_json::array();
  for (const Line& l : lines) {
    auto& m = measures.emplace_back(nlohmann::ordered_json{{"name", l.reading.name}, {"value", l.reading.value}});
    if (l.reading.deviation) m["deviation"] = *l.reading.deviation;
    if (l.real) m["real"] = *l.real;
    m["convention"] = l.reading.convention;
  }
  return j.dump(2) + "\n";
}

}  // namespace ganymede::apps
