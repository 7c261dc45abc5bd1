#include "tests/gan/drawn_settings.h"

#include <cmath>
#include <cstdint>

namespace ganymede::test {

std::string drawn_value(Draw& draw, const Setting& s) {
  std::vector<std::string> values = s.others;
  constexpr double kMuch = 12;
  if (!s.choice && !s.others.empty()) {
    for (const double edge : {s.least, s.most, 0.0, 1.0})
      if (std::abs(edge) <= kMuch && edge >= s.least && edge <= s.most) values.push_back(s.whole ? std::to_string(int64_t(edge)) : std::to_string(edge));
    if (s.whole) std::erase_if(values, [](const std::string& v) { return std::stod(v) > kMuch; });
  }
  return values.empty() ? "" : values[size_t(draw.between(0, std::ssize(values) - 1))];
}

}  // namespace ganymede::test
