#pragma once

#include <string>
#include <vector>

namespace ganymede::data {

struct Point {
  double x = 0, y = 0;  // y points down, as in pictures
};

// The kinds of objects in the world of shapes; the order is that of the class labels.
enum class Shape { circle, square, triangle, star, cross, ring, hexagon, heart };
inline constexpr int kShapes = 8;
const std::vector<std::string>& shape_names();

// Distance of a point to the outline of a shape of radius 1 around (0, 0), upright; negative inside.
double signed_distance(Shape shape, Point at);
// Likewise for the hat that sits on top of such a shape, and for a closed polygon.
double hat_distance(Shape shape, Point at);
double polygon_distance(const std::vector<Point>& corners, Point at);

// How far the outline is from the middle in a direction (radians, clockwise from the right), outermost
// crossing.
double outline_radius(Shape shape, double direction);

}  // namespace ganymede::data
