#include "gan/singan/shape.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"

namespace ganymede::singan {
namespace {

constexpr double kSlack = 1e-9;  // what rounding may add to a number that is whole

int64_t up(double x) { return int64_t(std::ceil(x - kSlack)); }

}  // namespace

double PyramidShape::scale_of(int i) const { return std::pow(factor, finest() - i); }

PyramidShape pyramid_shape(int64_t height, int64_t width, const PyramidRule& rule) {
  const auto shorter = double(std::min(height, width)), longer = double(std::max(height, width));
  if (shorter < double(rule.min_size))
    throw UsageError(text("a picture of ", height, "x", width, " is smaller than the coarsest scale: its shorter side must have min_size=", rule.min_size,
                          " pixels; give a larger picture, or a smaller min_size"));
  const auto whole = [&](double x) { return rule.truncate ? int64_t(std::trunc(x + kSlack)) : up(x); };
  const int64_t all = whole(std::log(double(rule.min_size) / shorter) / std::log(rule.factor)) + 1;
  const int64_t left_out = longer > double(rule.max_size) ? whole(std::log(double(rule.max_size) / longer) / std::log(rule.factor)) : 0;
  PyramidShape p;
  p.given = {height, width};
  p.shrink = std::min(double(rule.max_size) / longer, 1.0);
  const Extent own{up(double(height) * p.shrink), up(double(width) * p.shrink)};
  const int64_t finest = all - left_out, least = std::min(own.height, own.width);
  if (finest < 1 || least < rule.min_size)
    throw UsageError(text("a picture of ", height, "x", width, " shrunk to max_size=", rule.max_size, " is ", own.height, "x", own.width,
                          ", which leaves no scale above min_size=", rule.min_size, "; raise max_size or lower min_size"));
  p.factor = std::pow(double(rule.min_size) / double(least), 1.0 / double(finest));
  for (int64_t i = 0; i <= finest; ++i) {
    const double s = std::pow(p.factor, double(finest - i));
    p.sizes.push_back({up(double(own.height) * s), up(double(own.width) * s)});
  }
  return p;
}

int passes_for(double factor) { return std::max(1, int(std::lround(std::log(factor) / std::log(std::cbrt(2.0))))); }

std::string scale_name(int scale, int finest) { return text("scale ", scale, " (n = ", finest - scale, ")"); }
std::string scale_tag(int scale, int finest) { return text("scale", scale, "-n", finest - scale); }

}  // namespace ganymede::singan
