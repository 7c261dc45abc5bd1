#pragma once

#include <string>

namespace ganymede::run {

// About three significant digits, for people: 0.693, 0.00120, 12.3, 45000, 1.2e-05, "nan".
std::string short_number(double value);

// "45 s", "3:25 min", "1:02 h", "2 d 3 h"; "?" if it is not finite or negative.
std::string duration(double seconds);

}  // namespace ganymede::run
