#include "gan/data/shape_geometry.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace ganymede::data {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kRingHole = 0.42, kCrossArm = 0.36, kStarInner = 0.45;

// Corners at `radii` in turn, evenly spaced, the first one on top.
std::vector<Point> spokes(int count, const std::vector<double>& radii, double turn = 0) {
  std::vector<Point> corners;
  for (int i = 0; i < count; ++i) {
    const double angle = -kPi / 2 + turn + 2 * kPi * i / count,
                 r = radii[static_cast<size_t>(i) % radii.size()];
    corners.push_back({r * std::cos(angle), r * std::sin(angle)});
  }
  return corners;
}

std::vector<Point> cross() {
  const double a = kCrossArm, b = 0.95;
  return {{-a, -b}, {a, -b}, {a, -a}, {b, -a}, {b, a},   {a, a},
          {a, b},   {-a, b}, {-a, a}, {-b, a}, {-b, -a}, {-a, -a}};
}

std::vector<Point> heart() {
  std::vector<Point> corners;
  constexpr int kCount = 40;
  for (int i = 0; i < kCount; ++i) {
    const double t = 2 * kPi * i / kCount;
    const double x = 16 * std::pow(std::sin(t), 3);
    const double y = 13 * std::cos(t) - 5 * std::cos(2 * t) - 2 * std::cos(3 * t) - std::cos(4 * t);
    corners.push_back({x / 16.5, -(y + 2.5) / 15.5});
  }
  return corners;
}

const std::vector<Point>& polygon_of(Shape shape) {
  static const std::array<std::vector<Point>, kShapes> polygons = [] {
    std::array<std::vector<Point>, kShapes> all;
    all[static_cast<size_t>(Shape::square)] = spokes(4, {1.12}, kPi / 4);
    all[static_cast<size_t>(Shape::triangle)] = spokes(3, {1.1});
    all[static_cast<size_t>(Shape::star)] = spokes(10, {1.1, 1.1 * kStarInner});
    all[static_cast<size_t>(Shape::cross)] = cross();
    all[static_cast<size_t>(Shape::hexagon)] = spokes(6, {1});
    all[static_cast<size_t>(Shape::heart)] = heart();
    return all;
  }();
  return polygons[static_cast<size_t>(shape)];
}

}  // namespace

const std::vector<std::string>& shape_names() {
  static const std::vector<std::string> names = {"circle", "square", "triangle", "star",
                                                 "cross",  "ring",   "hexagon",  "heart"};
  return names;
}

double polygon_distance(const std::vector<Point>& corners, Point at) {
  double nearest = std::numeric_limits<double>::max();
  bool inside = false;
  for (size_t i = 0, j = corners.size() - 1; i < corners.size(); j = i++) {
    const Point a = corners[j], b = corners[i];
    const double ex = b.x - a.x, ey = b.y - a.y, dx = at.x - a.x, dy = at.y - a.y;
    const double t = std::clamp((dx * ex + dy * ey) / (ex * ex + ey * ey), 0.0, 1.0);
    const double rx = dx - t * ex, ry = dy - t * ey;
    nearest = std::min(nearest, rx * rx + ry * ry);
    // A ray to the right crosses this edge: parity decides what is inside.
    if ((a.y > at.y) != (b.y > at.y) && at.x < a.x + (at.y - a.y) / ey * ex) inside = !inside;
  }
  return inside ? -std::sqrt(nearest) : std::sqrt(nearest);
}

double signed_distance(Shape shape, Point at) {
  const double radius = std::hypot(at.x, at.y);
  if (shape == Shape::circle) return radius - 1;
  if (shape == Shape::ring) return std::abs(radius - (1 + kRingHole) / 2) - (1 - kRingHole) / 2;
  return polygon_distance(polygon_of(shape), at);
}

double hat_distance(Shape shape, Point at) {
  const double top = -outline_radius(shape, -kPi / 2) + 0.1;  // sinks in a little
  const std::vector<Point> hat = {{-0.62, top},        {-0.62, top - 0.14}, {-0.36, top - 0.14},
                                  {-0.40, top - 0.62}, {0.40, top - 0.62},  {0.36, top - 0.14},
                                  {0.62, top - 0.14},  {0.62, top}};
  return polygon_distance(hat, at);
}

double outline_radius(Shape shape, double direction) {
  if (shape == Shape::circle || shape == Shape::ring) return 1;
  // Walk in from outside: a signed distance never oversteps the outline.
  double radius = 1.5;
  for (int i = 0; i < 100; ++i) {
    const double distance =
        signed_distance(shape, {radius * std::cos(direction), radius * std::sin(direction)});
    if (distance < 1e-7) break;
    radius -= distance;
  }
  return radius;
}

}  // namespace ganymede::data
