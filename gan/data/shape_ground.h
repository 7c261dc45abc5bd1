#pragma once

#include "gan/data/shape_scene.h"

namespace ganymede::data {

// Colour of the ground at a point of the picture (fractions of its side); `pixel` is a pixel's width, over
// which pattern edges are softened.
Colour ground_colour(const Ground& ground, Point at, double pixel);

inline float blend(float from, float to, double amount) {
  return from + (to - from) * static_cast<float>(amount);
}
Colour blend(const Colour& from, const Colour& to, double amount);

}  // namespace ganymede::data
