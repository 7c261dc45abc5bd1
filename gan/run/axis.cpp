#include "gan/run/axis.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ganymede::run {
namespace {

constexpr double kNarrowest = 1e-290, kResolved = 1e-12;  // below these, steps from tick to tick are lost in rounding

std::string rounded(double value, int decimals, const char* unit) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f%s", decimals, value, unit);
  return text;
}

int decimals_of(double step) { return std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9))); }

// `step` is the distance to the next label, which this one must differ from.
std::string label(double value, double step) {
  if (std::abs(value) < step * 1e-6) return "0";
  if (std::abs(value) >= 1e9 || step < 1e-5) {
    char text[64];
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
  }
  if (std::abs(value) >= 1e6) return rounded(value / 1e6, std::min(decimals_of(step / 1e6), 3), "M");
  if (std::abs(value) >= 1e4) return rounded(value / 1e3, decimals_of(step / 1e3), "k");
  return rounded(value, decimals_of(step), "");
}

std::vector<Tick> linear_ticks(double lo, double hi, int wanted) {
  const double rough = (hi - lo) / wanted, power = std::pow(10, std::floor(std::log10(rough)));
  const double step = power * (rough <= 1.5 * power   ? 1
                               : rough <= 3.5 * power ? 2
                               : rough <= 7.5 * power ? 5
                                                      : 10);
  std::vector<Tick> all;
  for (double i = std::ceil(lo / step - 1e-9); i * step <= hi + 1e-9 * step; ++i)
    all.push_back({i * step, label(i * step, step)});
  return all;
}

std::vector<Tick> logarithmic_ticks(double lo, double hi, int wanted) {
  const double decades = std::log10(hi) - std::log10(lo);
  const int stride = std::max(1, static_cast<int>(std::lround(decades / wanted)));
  std::vector<Tick> all;
  for (int power = static_cast<int>(std::floor(std::log10(lo))); std::pow(10, power) <= hi; ++power) {
    if (decades >= 2.5 && power % stride != 0) continue;
    for (const int digit : {1, 2, 5}) {
      if (digit > 1 && decades >= 2.5) break;
      const double value = digit * std::pow(10, power);
      if (value >= lo * (1 - 1e-9) && value <= hi * (1 + 1e-9)) all.push_back({value, label(value, value)});
    }
  }
  return all;
}

}  // namespace

double Scale::operator()(double value) const {
  const double part = logarithmic ? std::log(value / lo) / std::log(hi / lo) : (value - lo) / (hi - lo);
  return first_pixel + part * (last_pixel - first_pixel);
}

std::vector<Tick> ticks(const Scale& scale, int wanted) {
  const double range = scale.hi - scale.lo, largest = std::max(std::abs(scale.lo), std::abs(scale.hi));
  if (!std::isfinite(range) || range < std::max(kNarrowest, kResolved * largest) || (scale.logarithmic && scale.lo <= 0)) return {};
  if (!scale.logarithmic) return linear_ticks(scale.lo, scale.hi, wanted);
  std::vector<Tick> all = logarithmic_ticks(scale.lo, scale.hi, wanted);
  return all.size() >= 2 ? all : linear_ticks(scale.lo, scale.hi, wanted);
}

}  // namespace ganymede::run
