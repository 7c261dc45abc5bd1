#include "gan/run/format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ganymede::run {
std::string short_number(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (value == 0) return "0";
  const double size = std::abs(value);
  if (size < 1e-3 || size >= 1e6) return print("%.1e", value);
  const int digits_before_point = static_cast<int>(std::floor(std::log10(size))) + 1;
  return print("%.*f", std::clamp(3 - digits_before_point, 0, 5), value);
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  const long long s = std::llround(std::min(seconds, 1e12));
  if (s < 60) return print("%lld s", s);
  if (s < 3600) return print("%lld:%02lld min", s / 60, s % 60);
  if (s < 86400) return print("%lld:%02lld h", s / 3600, s / 60 % 60);
  return print("%lld d %lld h", s / 86400, s / 3600 % 24);
}

}  // namespace ganymede::run
