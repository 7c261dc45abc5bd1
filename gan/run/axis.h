#pragma once

#include <string>
#include <vector>

namespace ganymede::run {

// Maps values lo..hi, linearly or by their logarithm (then lo > 0), to pixels.
struct Scale {
  double lo, hi;
  bool logarithmic;
  double first_pixel, last_pixel;

  double operator()(double value) const;
};

struct Tick {
  double value;
  std::string label;
};

// Round numbers (1, 2, 5 times a power of ten) within the scale, about `wanted` of them. None where the range is not
// finite, or so narrow that double precision does not hold its steps.
std::vector<Tick> ticks(const Scale& scale, int wanted);

}  // namespace ganymede::run
