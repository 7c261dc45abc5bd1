#pragma once

#include <cstdio>
#include <string>

namespace ganymede::run {

// As std::printf would write it: at most 255 characters.
template <class... Args>
std::string print(const char* format, Args... args) {
  char text[256];
  std::snprintf(text, sizeof text, format, args...);
  return text;
}

// About three significant digits, for people: 0.693, 0.00120, 12.3, 45000, 1.2e-05, "nan".
std::string short_number(double value);

// "45 s", "3:25 min", "1:02 h", "2 d 3 h"; "?" if it is not finite or negative.
std::string duration(double seconds);

}  // namespace ganymede::run
