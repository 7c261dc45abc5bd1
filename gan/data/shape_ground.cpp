#include "gan/data/shape_ground.h"

#include <algorithm>
#include <cmath>

namespace ganymede::data {
namespace {

double smooth(double t) { return t * t * (3 - 2 * t); }

double lattice(int64_t x, int64_t y, uint64_t seed) {
  return Random(seed, static_cast<uint64_t>(x), static_cast<uint64_t>(y)).uniform();
}

// Value noise: random values at whole coordinates, smooth in between; in [0, 1].
double noise(double x, double y, uint64_t seed) {
  const double fx = std::floor(x), fy = std::floor(y), tx = smooth(x - fx), ty = smooth(y - fy);
  const int64_t ix = static_cast<int64_t>(fx), iy = static_cast<int64_t>(fy);
  const double top = std::lerp(lattice(ix, iy, seed), lattice(ix + 1, iy, seed), tx);
  const double bottom = std::lerp(lattice(ix, iy + 1, seed), lattice(ix + 1, iy + 1, seed), tx);
  return std::lerp(top, bottom, ty);
}

// 0 and 1 in turn along x with period 2, softened over `width`.
double square_wave(double x, double width) {
  const double place = x - 2 * std::floor(x / 2);           // 0 … 2, the first half is 1
  const double inside = 0.5 - std::abs(place - 0.5);        // distance to the nearer edge of [0, 1] …
  const double wrapped = place > 1.5 ? place - 2 : inside;  // … or, near 2, to the next one
  return std::clamp(0.5 + wrapped / width, 0.0, 1.0);
}

}  // namespace

Colour blend(const Colour& from, const Colour& to, double amount) {
  return {blend(from[0], to[0], amount), blend(from[1], to[1], amount), blend(from[2], to[2], amount)};
}

GroundColours::GroundColours(const Ground& ground, double pixel)
    : ground_(ground), pixel_(pixel), cos_(std::cos(ground.angle)), sin_(std::sin(ground.angle)) {}

Colour GroundColours::at(Point place) const {
  const Ground& ground = ground_;
  const double x = place.x - ground.offset.x, y = place.y - ground.offset.y, c = cos_, s = sin_;
  const double along = (c * x + s * y) / ground.scale, across = (c * y - s * x) / ground.scale;
  const double width = pixel_ / ground.scale;
  double amount = 0;
  switch (ground.texture) {
    case Texture::plain: break;
    case Texture::shaded: amount = std::clamp(0.5 + c * (x - 0.5) + s * (y - 0.5), 0.0, 1.0); break;
    case Texture::cloudy:
      amount = (4 * noise(along, across, ground.seed) + 2 * noise(2 * along, 2 * across, ground.seed + 1) +
                noise(4 * along, 4 * across, ground.seed + 2)) /
               7;
      amount = std::clamp(2 * amount - 0.5, 0.0, 1.0);
      break;
    case Texture::striped: amount = square_wave(2 * along, 2 * width); break;
    case Texture::checked: {
      const double a = square_wave(along, width), b = square_wave(across, width);
      amount = a + b - 2 * a * b;
      break;
    }
    case Texture::dotted: {
      const double dx = along - std::floor(along) - 0.5, dy = across - std::floor(across) - 0.5;
      amount = std::clamp(0.5 + (0.28 - std::hypot(dx, dy)) / width, 0.0, 1.0);
      break;
    }
  }
  return blend(ground.first, ground.second, amount);
}

}  // namespace ganymede::data
