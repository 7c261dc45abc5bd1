#pragma once

#include "gan/data/shape_scene.h"

namespace ganymede::data {

// Colours of a ground at points of the picture (fractions of its side); `pixel` is a pixel's width, over which pattern edges are
// softened.
class GroundColours {
 public:
  GroundColours(const Ground& ground, double pixel);
  Colour at(Point place) const;

 private:
  const Ground& ground_;
  double pixel_, cos_, sin_;
};

inline float blend(float from, float to, double amount) {
  return from + (to - from) * static_cast<float>(amount);
}
Colour blend(const Colour& from, const Colour& to, double amount);

}  // namespace ganymede::data
