#include "gan/data/shape_geometry.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>

namespace ganymede::data {
namespace {

using std::numbers::pi;
constexpr double kRingHole = 0.42, kCrossArm = 0.36, kStarInner = 0.45;

// Corners at `radii` in turn, evenly spaced, the first one on top.
std::vector<Point> spokes(int count, const std::vector<double>& radii, double turn = 0) {
  std::vector<Point> corners;
  for (int i = 0; i < count; ++i) {
    const double angle = -pi / 2 + turn + 2 * pi * i / count,
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
    const double t = 2 * pi * i / kCount;
    const double x = 16 * std::pow(std::sin(t), 3);
    const double y = 13 * std::cos(t) - 5 * std::cos(2 * t) - 2 * std::cos(3 * t) - std::cos(4 * t);
    corners.push_back({x / 16.5, -(y + 2.5) / 15.5});
  }
  return corners;
}

// A closed polygon, edge by edge. Most of the time that drawing takes is spent in distance(): its loop has neither branches nor
// gathers, so that it runs on several edges at once.
class Polygon {
 public:
  explicit Polygon(const std::vector<Point>& corners) {
    for (size_t i = 0, j = corners.size() - 1; i < corners.size(); j = i++) {
      const Point a = corners[j], b = corners[i];
      const double ex = b.x - a.x, ey = b.y - a.y;
      x_.push_back(a.x), y_.push_back(a.y), end_y_.push_back(b.y);
      ex_.push_back(ex), ey_.push_back(ey), square_.push_back(ex * ex + ey * ey);
    }
  }

  double distance(Point at) const {
    const double *x = x_.data(), *y = y_.data(), *end_y = end_y_.data(), *edge_x = ex_.data(), *edge_y = ey_.data(), *square = square_.data();
    double nearest = std::numeric_limits<double>::max(), crossings = 0;
#pragma omp simd reduction(min : nearest) reduction(+ : crossings)
    for (size_t i = 0; i < x_.size(); ++i) {
      const double dx = at.x - x[i], dy = at.y - y[i];
      double t = (dx * edge_x[i] + dy * edge_y[i]) / square[i];
      t = t < 0 ? 0 : t;
      t = t > 1 ? 1 : t;
      const double rx = dx - t * edge_x[i], ry = dy - t * edge_y[i], apart = rx * rx + ry * ry;
      nearest = apart < nearest ? apart : nearest;
      // A ray to the right crosses this edge: parity decides what is inside. A level edge divides by 0 and is not crossed.
      const double starts_below = y[i] > at.y ? 1 : 0, ends_below = end_y[i] > at.y ? 1 : 0;
      const double to_the_right = at.x < x[i] + dy / edge_y[i] * edge_x[i] ? 1 : 0;
      crossings += (starts_below - ends_below) * (starts_below - ends_below) * to_the_right;
    }
    const double root = std::sqrt(nearest);
    return static_cast<int>(crossings) % 2 ? -root : root;
  }

 private:
  std::vector<double> x_, y_, end_y_, ex_, ey_, square_;
};

const Polygon& polygon_of(Shape shape) {
  static const std::map<Shape, Polygon> polygons = {
      {Shape::square, Polygon(spokes(4, {1.12}, pi / 4))}, {Shape::triangle, Polygon(spokes(3, {1.1}))},
      {Shape::star, Polygon(spokes(10, {1.1, 1.1 * kStarInner}))}, {Shape::cross, Polygon(cross())},
      {Shape::hexagon, Polygon(spokes(6, {1}))}, {Shape::heart, Polygon(heart())}};
  return polygons.at(shape);
}

Polygon hat_of(Shape shape) {
  const double top = -outline_radius(shape, -pi / 2) + 0.1;  // sinks in a little
  return Polygon({{-0.62, top}, {-0.62, top - 0.14}, {-0.36, top - 0.14}, {-0.40, top - 0.62},
                  {0.40, top - 0.62}, {0.36, top - 0.14}, {0.62, top - 0.14}, {0.62, top}});
}

}  // namespace

const std::vector<std::string>& shape_names() {
  static const std::vector<std::string> names = {"circle", "square", "triangle", "star",
                                                 "cross",  "ring",   "hexagon",  "heart"};
  return names;
}

double polygon_distance(const std::vector<Point>& corners, Point at) { return Polygon(corners).distance(at); }

double signed_distance(Shape shape, Point at) {
  if (shape == Shape::circle) return std::hypot(at.x, at.y) - 1;
  if (shape == Shape::ring) return std::abs(std::hypot(at.x, at.y) - (1 + kRingHole) / 2) - (1 - kRingHole) / 2;
  return polygon_of(shape).distance(at);
}

double hat_distance(Shape shape, Point at) {
  static const std::vector<Polygon> hats = [] {
    std::vector<Polygon> all;
    for (int i = 0; i < kShapes; ++i) all.push_back(hat_of(static_cast<Shape>(i)));
    return all;
  }();
  return hats[static_cast<size_t>(shape)].distance(at);
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
