// Real pictures spoilt in a known way and amount: what a measure should notice.
#pragma once
#include <string>

#include "gan/metrics/pictures.h"

namespace ganymede::metrics {

struct Damage {
  std::string name, axis;          // "noise", "standard deviation, of 255"
  std::string none;                // what level 0 is called: "0", "all"
  std::vector<double> levels;      // from none to heavy
  // The spoilt pictures, as many as there were. Needs labels where classes matter.
  Pictures (*apply)(const Pictures& pictures, double level, uint64_t seed);
};

// noise: Gaussian, added to bytes. blur: Gaussian, standard deviation in pixels. lost classes: only the first classes are left, drawn again to the same
// number. lost variety: each class has only so many different pictures (0: all).
const std::vector<Damage>& damages();

}  // namespace ganymede::metrics
